// Part of Maek, under the MIT licence; see LICENSE.
// A kernel function as a Halide algorithm: one pure function per value, one
// stage with an update per reduction, and the buffers at its boundary.
#ifndef MAEK_CODEGEN_HALIDE_KERNELALGORITHM_H
#define MAEK_CODEGEN_HALIDE_KERNELALGORITHM_H

#include "ir/Extent.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include "Halide.h"
#include <map>

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
  llvm::SmallVector<Halide::RVar> domain;
  llvm::SmallVector<Extent> extents;
  /// The functions through which a contraction reads its operands.
  std::vector<Halide::Func> operands;
};

/// Results of one shape: one Halide function, a Tuple if there are several.
struct OutputGroup {
  Halide::Func func;
  llvm::SmallVector<Extent> extents;
  llvm::SmallVector<mlir::Value> values;
};

class KernelAlgorithm {
public:
  /// Expresses every op of the kernel. An op without an algorithm is a
  /// diagnostic at the op. Halide's errors are thrown.
  static mlir::FailureOr<KernelAlgorithm> build(mlir::func::FuncOp kernel);

  // What the ops' models use.

  /// The element of `value` at a position.
  Halide::Expr at(mlir::Value value, IndexRef index) const;
  /// Defines a value by its element at each position.
  void define(mlir::Value result,
              llvm::function_ref<Halide::Expr(IndexRef)> element);
  /// Defines a value as a reduction: `init` first, then `step` of the position,
  /// the reduced position and what there is so far. Where these are tuples, the
  /// value is the first element.
  void reduce(mlir::Value result, llvm::ArrayRef<Extent> domain,
              const Halide::Tuple &init,
              llvm::function_ref<Halide::Tuple(
                  IndexRef, IndexRef, llvm::ArrayRef<Halide::Expr>)>
                  step,
              const std::vector<Halide::Func> &operands = {});
  /// A function that is no value's.
  static Halide::Func
  makeFunc(const std::string &name, int64_t rank,
           llvm::function_ref<Halide::Expr(IndexRef)> element);
  /// How many: a constant, or read from the buffer that fixes its symbol.
  Halide::Expr extent(const Extent &extent) const;
  Halide::Expr extent(mlir::Value value, int64_t axis) const;
  /// The value of a symbol that the kernel takes as an argument.
  Halide::Expr symbol(llvm::StringRef name) const;

  // What the schedules use.

  mlir::func::FuncOp getKernel() const { return kernel; }
  llvm::MutableArrayRef<Reduction> getReductions() { return reductions; }
  llvm::MutableArrayRef<OutputGroup> getOutputs() { return outputs; }
  Halide::Func get(mlir::Value value) const { return funcs.lookup(value); }
  /// The variable of a function's axis; `rank` axes, outermost first.
  static Halide::Var var(int64_t rank, int64_t axis);

  // What the compiler uses.

  std::vector<Halide::Argument> getArguments() const;
  Halide::Pipeline getPipeline() const;
  /// Names of the output buffers in the order of the kernel's results.
  std::vector<std::string> getResultNames() const;

private:
  void addInputs();
  void addOutputs();
  mlir::LogicalResult express(mlir::Operation &op);

  mlir::func::FuncOp kernel;
  llvm::DenseMap<mlir::Value, Halide::Func> funcs;
  std::vector<Halide::ImageParam> inputs;
  std::vector<Halide::Param<int32_t>> symbols;
  std::vector<std::string> symbolNames;
  llvm::SmallVector<Reduction> reductions;
  llvm::SmallVector<OutputGroup> outputs;
  /// The text of a dynamic extent to its Expr.
  std::map<std::string, Halide::Expr> dynamicExtents;
};

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_KERNELALGORITHM_H
