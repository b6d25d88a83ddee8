// Part of Maek, under the MIT licence; see LICENSE.
// What the algorithms of attention and its gradients are made of: tiles of
// rows, steps of columns, products of both, and what the steps add up to.
#ifndef MAEK_CODEGEN_HALIDE_ATTENTIONBUILDER_H
#define MAEK_CODEGEN_HALIDE_ATTENTIONBUILDER_H

#include "codegen/halide/AttentionStages.h"
#include "codegen/halide/KernelAlgorithm.h"

#include <optional>

namespace maek::halide {

inline int64_t getNumFeatures(mlir::Value value) {
  return getExtent(value.getType(), getRank(value.getType()) - 1).factor;
}

/// What all attention ops have.
struct Attention {
  template <typename OpT>
  explicit Attention(OpT op)
      : op(op), query(op.getQuery()), key(op.getKey()), masks(op.getMasks()),
        scale(op.getScale().convertToDouble()), causal(op.getCausal()) {}
  mlir::Operation *op;
  mlir::Value query, key;
  mlir::ValueRange masks;
  double scale;
  std::optional<int64_t> causal;
};

/// The functions of one op; see AttentionStages for their variables.
class AttentionBuilder {
public:
  /// The rows are the keys if `isByKey`, else the queries.
  AttentionBuilder(const Attention &op, KernelAlgorithm &kernel, bool isByKey);

protected:
  std::vector<Halide::Expr>
  args(std::initializer_list<Halide::Expr> first) const;
  std::vector<Halide::Expr> pair(const Halide::Expr &column) const;
  std::vector<Halide::Expr> pair() const { return pair(stages.column); }
  Index place(std::initializer_list<Halide::Expr> last) const;
  Halide::Expr row() const;
  Halide::Expr column(const Halide::Expr &within) const;
  /// The feature, within the operand: a block of sums may overrun it.
  Halide::Expr feature(mlir::Value value) const {
    return Halide::min(stages.feature, int32_t(getNumFeatures(value)) - 1);
  }
  Halide::Expr rowNumber(mlir::Value value) const {
    return kernel.at(value, place({row()}));
  }
  Halide::Expr columnNumber(mlir::Value value) const {
    return kernel.at(value, place({column(stages.column)}));
  }
  Halide::RDom columnsOfStep() const;
  Halide::RDom factorsOfStep() const;
  Halide::Expr factor(mlir::Value value, IndexRef index) const;
  Halide::Expr multiply(const Halide::Expr &a, const Halide::Expr &b) const;
  Halide::Func
  pairFactor(const char *name,
             llvm::function_ref<Halide::Expr(const std::vector<Halide::Expr> &)>
                 number);
  Halide::Func rowFactor(const char *name, mlir::Value value);
  Halide::Func panel(const char *name, mlir::Value value, double scale = 1);
  Halide::Func dot(const char *name, const Halide::Func &panel,
                   mlir::Value value);
  Halide::Expr isSeen() const;
  Halide::Func scoreDot();
  Halide::Expr getScore(const Halide::Func &dot) const;
  Halide::Expr weight(const Halide::Func &dot,
                      const Halide::Expr &logSum) const;
  template <typename OpT>
  Halide::Func setKeyPairs(OpT gradient);
  void setProduct(const Halide::Func &weights, mlir::Value value);
  std::vector<Halide::Expr> totalPlace(const Halide::Expr &feature) const;
  void
  setTotal(const Halide::Tuple &init, int64_t numFeatures,
           llvm::function_ref<Halide::Tuple(const Halide::Expr &)> combine);
  std::vector<Halide::Expr> getTotalPlace(IndexRef index,
                                          const Halide::Expr &feature) const;

  Attention op;
  KernelAlgorithm &kernel;
  bool isByKey;
  /// Whether products are of bf16, in pairs.
  bool isShort;
  /// Of sums and results.
  Halide::Type type;
  Halide::Expr zero, lowest, numColumns, numRows;
  /// Whether the last step has fewer columns.
  bool isPartial;
  AttentionStages stages;

private:
  void setTile(int64_t rank, mlir::Value rows);
  void setDeviceTile(const Extent &numRows);
  void setColumns();
};

/// Of rows of keys: the adjoints of the scores, and the weights.
template <typename OpT>
Halide::Func AttentionBuilder::setKeyPairs(OpT gradient) {
  Halide::Func scores = scoreDot();
  Halide::Func adjoints =
      dot("adjointDot", panel("valueRows", gradient.getValue()),
          gradient.getAdjoint());
  Halide::Func pairs("weights");
  Halide::Expr p = weight(scores, columnNumber(gradient.getLogSum()));
  pairs(pair()) = Halide::Tuple(
      p * (adjoints(pair()) - columnNumber(gradient.getDelta())), p);
  stages.pairs = {pairs};
  return pairs;
}

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_ATTENTIONBUILDER_H
