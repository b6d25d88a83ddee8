// Part of Maek, under the MIT licence; see LICENSE.
// maek-collapse-kernel-axes: fewer and longer loops. Rows of time and batch
// become rows; elementwise kernels of dense tensors run over one axis.
#include "passes/HostStrides.h"
#include "passes/KernelAxes.h"
#include "passes/KernelFunctions.h"
#include "passes/Passes.h"

#include "ir/Entries.h"
#include "ir/Extent.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {
#define GEN_PASS_DEF_COLLAPSEKERNELAXES
#include "passes/Passes.h.inc"

namespace {

/// One pair of neighbouring axis classes that becomes one in a kernel.
class Collapse {
public:
  Collapse(const KernelAxes &axes, KernelAxes::Class first,
           KernelAxes::Class second)
      : axes(axes), first(first), second(second) {}

  /// The axis of `value` that takes the next one in; -1 if there is none.
  int64_t getAxis(Value value) const;
  /// The number that the axis has afterwards; nothing for the one that is taken
  /// in.
  std::optional<int64_t> getNumber(Value value, int64_t axis) const;
  /// The type of a tensor like `value`, of the same axes, afterwards.
  RankedTensorType getType(Value value) const;
  bool isAllowed(func::FuncOp kernel, func::CallOp call) const;
  /// Replaces the calls, which are all of the kernel.
  void apply(func::FuncOp kernel, MutableArrayRef<func::CallOp> calls) const;

private:
  func::CallOp applyToCall(func::FuncOp kernel, func::CallOp call) const;

  const KernelAxes &axes;
  KernelAxes::Class first, second;
};

} // namespace

int64_t Collapse::getAxis(Value value) const {
  ArrayRef<KernelAxes::Class> own = axes.get(value);
  auto found = llvm::find(own, first);
  return found == own.end() ? -1 : found - own.begin();
}

std::optional<int64_t> Collapse::getNumber(Value value, int64_t axis) const {
  if (axes.get(value)[axis] == second)
    return std::nullopt;
  int64_t joined = getAxis(value);
  return axis - (joined >= 0 && axis > joined);
}

RankedTensorType Collapse::getType(Value value) const {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t axis = getAxis(value);
  if (axis < 0)
    return type;
  SmallVector<Extent> extents = getExtents(type);
  extents[axis] = extents[axis] * extents[axis + 1];
  extents.erase(extents.begin() + axis + 1);
  return getTensorType(extents, type.getElementType());
}

/// Whether the buffers of the call's operands and results allow it.
bool Collapse::isAllowed(func::FuncOp kernel, func::CallOp call) const {
  llvm::DenseSet<Operation *> copies;
  HostStrides strides(copies);
  auto allows = [&](Value inside, Value outside) {
    if (getAxis(inside) < 0)
      return true;
    std::optional<Strides> own = strides.get(outside);
    SmallVector<Extent> extents = getExtents(getType(inside));
    if (own)
      own = reshapeStrides(getExtents(outside.getType()), *own, extents);
    return own && isInnermostContiguous(extents, *own);
  };
  Operation *end = kernel.front().getTerminator();
  for (auto [inside, outside] :
       llvm::zip(kernel.getArguments(), call.getOperands()))
    if (!allows(inside, outside))
      return false;
  for (auto [inside, outside] :
       llvm::zip(end->getOperands(), call.getResults()))
    if (!allows(inside, outside))
      return false;
  return true;
}

/// `value` with another shape; a reshape of a reshape is one.
static Value reshape(OpBuilder &builder, Location loc, Value value, Type type) {
  if (value.getType() == type)
    return value;
  if (auto inner = value.getDefiningOp<ReshapeOp>())
    value = inner.getOperand();
  if (value.getType() == type)
    return value;
  return ReshapeOp::create(builder, loc, type, value);
}

func::CallOp Collapse::applyToCall(func::FuncOp kernel,
                                   func::CallOp call) const {
  OpBuilder builder(call);
  Location loc = call.getLoc();
  SmallVector<Value> operands;
  for (auto [argument, operand] :
       llvm::zip(kernel.getArguments(), call.getOperands()))
    operands.push_back(reshape(builder, loc, operand, argument.getType()));
  auto result = func::CallOp::create(builder, loc, kernel, operands);
  for (auto [before, after] :
       llvm::zip(call.getResults(), result.getResults())) {
    for (Operation *user : llvm::make_early_inc_range(before.getUsers()))
      if (auto outer = dyn_cast<ReshapeOp>(user)) {
        outer.getOperandMutable().set(after);
        if (outer.getType() == after.getType()) {
          outer.replaceAllUsesWith(after);
          outer.erase();
        }
      }
    if (!before.use_empty())
      before.replaceAllUsesWith(reshape(builder, loc, after, before.getType()));
  }
  SmallVector<Value> sources(call.getOperands());
  call.erase();
  for (Value source : sources)
    if (auto inner = source.getDefiningOp<ReshapeOp>();
        inner && inner->use_empty())
      inner.erase();
  return result;
}

void Collapse::apply(func::FuncOp kernel,
                     MutableArrayRef<func::CallOp> calls) const {
  auto getNumber = [&](Value value, int64_t axis) {
    return this->getNumber(value, axis);
  };
  for (Operation &op : kernel.getOps())
    if (auto related = dyn_cast<AxisOpInterface>(op))
      related.renumberAxes(getNumber);
  llvm::DenseMap<Value, Type> types;
  auto note = [&](Value value) { types[value] = getType(value); };
  llvm::for_each(kernel.getArguments(), note);
  for (Operation &op : kernel.getOps())
    llvm::for_each(op.getResults(), note);
  for (auto [value, type] : types)
    const_cast<Value &>(value).setType(type);
  kernel.setFunctionType(
      FunctionType::get(kernel.getContext(), kernel.front().getArgumentTypes(),
                        kernel.front().getTerminator()->getOperandTypes()));
  listKernelSymbols(kernel);
  for (func::CallOp &call : calls)
    call = applyToCall(kernel, call);
}

namespace {

struct CollapseKernelAxes : impl::CollapseKernelAxesBase<CollapseKernelAxes> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto calls = findKernelCalls(module);
    for (auto kernel : module.getOps<func::FuncOp>())
      if (isKernel(kernel) && !kernel.isDeclaration())
        while (collapseOnce(kernel, calls[kernel]))
          ++numCollapsed;
    shareEqualKernels(module);
  }

  static bool collapseOnce(func::FuncOp kernel,
                           MutableArrayRef<func::CallOp> calls) {
    KernelAxes axes(kernel.front());
    for (unsigned a = 0; a < axes.getNumClasses(); ++a)
      for (unsigned b = 0; b < axes.getNumClasses(); ++b) {
        if (!axes.areJoinable(a, b))
          continue;
        Collapse collapse(axes, a, b);
        if (!llvm::all_of(calls, [&](func::CallOp call) {
              return collapse.isAllowed(kernel, call);
            }))
          continue;
        collapse.apply(kernel, calls);
        return true;
      }
    return false;
  }
};

} // namespace
} // namespace maek
