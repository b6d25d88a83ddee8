// Part of Maek, under the MIT licence; see LICENSE.
// What gradient rules work with: which values depend on the parameters, the
// adjoints found so far, and the primal values where the adjoint code stands.
// The adjoint of a value v is the derivative of the differentiated scalar with
// respect to v; rules write it v̄ in their comments.
#ifndef MAEK_PASSES_ADJOINTBUILDER_H
#define MAEK_PASSES_ADJOINTBUILDER_H

#include "ir/MaekOps.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"

namespace maek {

/// The values that depend on the parameters of a gradient by way of
/// floating-point arithmetic.
class Activity {
public:
  bool contains(mlir::Value value) const { return active.contains(value); }
  /// True if an operand, or a value from outside that a region of `op` uses,
  /// is active.
  bool isUsedBy(mlir::Operation *op) const;
  /// Ignores values that are not floating-point.
  void insert(mlir::Value value);
  /// Asks each op of `block` before `end` (null: all of them), in order.
  void propagate(mlir::Block &block, mlir::Operation *end = nullptr);
  void propagateToResults(mlir::Operation *op);
  void replace(mlir::Value from, mlir::Value to);

private:
  llvm::DenseSet<mlir::Value> active;
};

/// Builds the adjoints of the ops of one block, last op first.
class AdjointBuilder {
public:
  /// Adjoint code of the gradient op at `gradient` goes where `builder` stands.
  AdjointBuilder(mlir::OpBuilder builder, mlir::Location gradient,
                 Activity &activity)
      : builder(builder), gradient(gradient), loc(gradient),
        activity(activity) {}
  virtual ~AdjointBuilder() = default;

  /// The value that `value`, of the differentiated program, has where the
  /// adjoint code stands. Inside of an adjoint scan this stores or recomputes
  /// it, so ask for no more than the rule needs.
  virtual mlir::Value primal(mlir::Value value) = 0;

  /// Whether `value` depends on the parameters; only such values get adjoints.
  bool needs(mlir::Value value) const { return activity.contains(value); }
  /// The adjoint of `value` so far; null if nothing was added to it.
  mlir::Value adjoint(mlir::Value value) const;
  mlir::Value adjointOrZero(mlir::Value value);
  /// Adds `term` to the adjoint of `value` if that is needed.
  void accumulate(mlir::Value value, mlir::Value term);
  /// Builds the adjoints of `ops`, last one first.
  llvm::LogicalResult build(llvm::ArrayRef<mlir::Operation *> ops);
  /// Whatever is known of `from` is from now on known of `to`: the op that made
  /// `from` is being replaced.
  virtual void replace(mlir::Value from, mlir::Value to);

  template <typename OpTy, typename... Args>
  OpTy create(Args &&...args) {
    return OpTy::create(builder, loc, std::forward<Args>(args)...);
  }
  mlir::Value add(mlir::Value a, mlir::Value b) { return create<AddOp>(a, b); }
  mlir::Value sub(mlir::Value a, mlir::Value b) { return create<SubOp>(a, b); }
  mlir::Value mul(mlir::Value a, mlir::Value b) { return create<MulOp>(a, b); }
  mlir::Value div(mlir::Value a, mlir::Value b) { return create<DivOp>(a, b); }
  mlir::Value neg(mlir::Value a) { return create<NegOp>(a); }
  mlir::Value constant(mlir::Type type, double number);
  /// `a predicate b`, element by element.
  mlir::Value compare(ComparePredicate predicate, mlir::Value a, mlir::Value b);
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);

  Activity &getActivity() { return activity; }
  mlir::Location getGradientLoc() const { return gradient; }

protected:
  mlir::OpBuilder &getBuilder() { return builder; }
  const llvm::MapVector<mlir::Value, mlir::Value> &getAdjoints() const {
    return adjoints;
  }
  /// The location of the ops that are created from now on.
  void setLoc(mlir::Location where) { loc = where; }

private:
  mlir::OpBuilder builder;
  mlir::Location gradient;
  /// Where the op stands that is being differentiated.
  mlir::Location loc;
  Activity &activity;
  llvm::MapVector<mlir::Value, mlir::Value> adjoints;
};

/// Attaches the gradient rules of all ops to the dialect's ops.
void registerGradientModels(mlir::DialectRegistry &registry);

} // namespace maek

#endif // MAEK_PASSES_ADJOINTBUILDER_H
