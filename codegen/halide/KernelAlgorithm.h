// Part of Maek, under the MIT licence; see LICENSE.
// A kernel function as a Halide algorithm: one function per reduction and per
// shape of results, with what is elementwise inside them, and the buffers at
// its boundary.
#ifndef MAEK_CODEGEN_HALIDE_KERNELALGORITHM_H
#define MAEK_CODEGEN_HALIDE_KERNELALGORITHM_H

#include "codegen/halide/AttentionStages.h"
#include "ir/Extent.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include "Halide.h"
#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace maek::halide {

/// Positions along a tensor's axes, outermost first, as the IR orders them.
/// Halide's own order is the reverse; only KernelAlgorithm deals with it.
using Index = llvm::SmallVector<Halide::Expr>;
using IndexRef = llvm::ArrayRef<Halide::Expr>;

Halide::Type getHalideType(mlir::Type element);

/// A reduction's function: a pure definition and one update over `domain`.
struct Reduction {
  mlir::Operation *op;
  Halide::Func func;
  /// The reduced axes, outermost first.
  std::vector<Halide::RVar> domain;
  std::vector<Extent> extents;
  /// The functions through which a contraction reads its operands.
  std::vector<Halide::Func> operands;
};

/// Numbers that are summed over several at once: the axis of a domain along
/// which positions count words of so many.
struct WordAxis {
  size_t axis;
  int length;
};

/// How a domain's axes are walked.
struct DomainForm {
  std::optional<WordAxis> words;
  /// Of this the last axis has a multiple of steps; the last ones may be beyond
  /// its end.
  int lastMultiple = 1;
};

/// A tensor with zeros around it along some axes, as windows see it.
struct PaddedSource {
  mlir::Value value;
  llvm::SmallVector<int64_t> axes;
  std::optional<int64_t> words;
  Halide::Func func;
};

/// Results of one shape: one Halide function, a Tuple if there are several.
struct OutputGroup {
  Halide::Func func;
  llvm::SmallVector<Extent> extents;
  llvm::SmallVector<mlir::Value> values;
};

class KernelAlgorithm {
public:
  /// Gives the element at a position.
  using Element = std::function<Halide::Expr(IndexRef)>;

  /// Expresses every op of the kernel; null after a diagnostic at an op that
  /// has no algorithm. Halide's errors are thrown.
  static std::unique_ptr<KernelAlgorithm> build(mlir::func::FuncOp kernel,
                                                bool isForDevice = false);
  KernelAlgorithm(const KernelAlgorithm &) = delete;

  // What the ops' models use.

  /// Whether the kernel runs on a device: its tiles, and so what they may
  /// overrun, are others.
  bool runsOnDevice() const { return isForDevice; }
  /// The element of `value` at a position.
  Halide::Expr at(mlir::Value value, IndexRef index);
  /// Defines a value by its elements. They become part of the functions that
  /// use them: a chain of elementwise ops is one expression.
  void define(mlir::Value result, const Element &element);
  /// Whether the op, which may be null, is a costly one of HalideExpressible.
  static bool isCostly(mlir::Operation *op);
  /// Defines a value as a reduction: `init` first, then `step` of the position,
  /// the reduced position and what there is so far. Where these are tuples, the
  /// value is the first element, converted to the value's type. Along words
  /// the last position may be one that is not full.
  void
  reduce(mlir::Value result, llvm::ArrayRef<Extent> domain,
         const Halide::Tuple &init,
         const std::function<Halide::Tuple(IndexRef, IndexRef,
                                           llvm::ArrayRef<Halide::Expr>)> &step,
         const std::vector<Halide::Func> &operands = {},
         const DomainForm &form = {});
  /// Defines a value as zeros to which `term`, of the position and the reduced
  /// one, adds numbers one after another: where, and how much.
  void scatter(
      mlir::Value result, llvm::ArrayRef<Extent> domain,
      const std::function<std::pair<Index, Halide::Expr>(IndexRef, IndexRef)>
          &term);
  /// Adds an op whose functions have a schedule of their own.
  void addAttention(const AttentionStages &stages) {
    attention.push_back(stages);
  }
  /// The function of a value that is 0 outside along the axes, increasing. It
  /// is part of the functions that use it, unless a schedule computes it. With
  /// `words`, another axis, it gives words of neighbours along that.
  Halide::Func getPadded(mlir::Value value, llvm::ArrayRef<int64_t> axes,
                         std::optional<int64_t> words = std::nullopt);
  /// Neighbours of short numbers along `axis`, at the position that counts
  /// words there; 0 for what lies past the end.
  Halide::Expr getWord(mlir::Value value, IndexRef index, int64_t axis);
  /// A function that is no value's.
  static Halide::Func makeFunc(const std::string &name, int64_t rank,
                               const Element &element);
  /// How many: a constant, or read from the buffer that fixes its symbol.
  Halide::Expr extent(const Extent &extent) const;
  Halide::Expr extent(mlir::Value value, int64_t axis) const;
  /// The value of a symbol that the kernel takes as an argument.
  Halide::Expr symbol(llvm::StringRef name) const;

  // What the schedules use.

  mlir::func::FuncOp getKernel() const { return kernel; }
  llvm::MutableArrayRef<Reduction> getReductions() { return reductions; }
  llvm::MutableArrayRef<AttentionStages> getAttention() { return attention; }
  llvm::ArrayRef<PaddedSource> getPaddedSources() const {
    return paddedSources;
  }
  llvm::MutableArrayRef<OutputGroup> getOutputs() { return outputs; }
  /// Scalars that vectors of elements are computed from.
  llvm::ArrayRef<Halide::Func> getScalars() const { return scalars; }
  /// Values that cost something and have several users.
  llvm::ArrayRef<std::pair<mlir::Value, Halide::Func>> getShared() const {
    return shared;
  }
  /// The variable of a function's axis; `rank` axes, outermost first.
  static Halide::Var var(int64_t rank, int64_t axis);

  // What the compiler uses.

  std::vector<Halide::Argument> getArguments() const;
  Halide::Pipeline getPipeline() const;
  /// Names of the output buffers in the order of the kernel's results.
  std::vector<std::string> getResultNames();

private:
  KernelAlgorithm() = default;
  void addInputs();
  void addOutputs();
  void dropDead();
  std::vector<Halide::Func> getResults() const;
  mlir::LogicalResult express(mlir::Operation &op);
  /// A reduction without a function; `position` gets the domain's variables.
  Reduction makeReduction(mlir::Value result, llvm::ArrayRef<Extent> domain,
                          Index &position, const DomainForm &form = {}) const;

  mlir::func::FuncOp kernel;
  bool isForDevice = false;
  llvm::DenseMap<mlir::Value, Element> elements;
  /// Elements that were asked for, so that what is used twice stays one node.
  llvm::DenseMap<mlir::Value, std::vector<std::pair<Index, Halide::Expr>>>
      known;
  std::vector<Halide::ImageParam> inputs;
  std::vector<Halide::Param<int32_t>> symbols;
  std::vector<std::string> symbolNames;
  std::vector<Reduction> reductions;
  std::vector<AttentionStages> attention;
  std::vector<PaddedSource> paddedSources;
  std::vector<OutputGroup> outputs;
  std::vector<Halide::Func> scalars;
  std::vector<std::pair<mlir::Value, Halide::Func>> shared;
  /// The text of a dynamic extent to its Expr.
  std::map<std::string, Halide::Expr> dynamicExtents;
};

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_KERNELALGORITHM_H
