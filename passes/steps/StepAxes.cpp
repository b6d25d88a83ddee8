// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/steps/StepAxes.h"

#include "ir/Entries.h"
#include "ir/Splat.h"
#include "runtime/core/EntryNames.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace maek {

SmallVector<int64_t> StepAxes::get(Type type) const {
  SmallVector<int64_t> axes;
  for (auto [axis, extent] : llvm::enumerate(getExtents(type)))
    if (extent == time)
      axes.push_back(axis);
  return axes;
}

bool StepAxes::contains(const Extent &extent) const {
  return llvm::is_contained(extent.symbols, time.symbols.front());
}

bool StepAxes::arePlain(Type type, size_t most) const {
  return isa<RankedTensorType>(type) &&
         llvm::none_of(getExtents(type),
                       [&](const Extent &extent) {
                         return extent != time && contains(extent);
                       }) &&
         get(type).size() <= most;
}

/// As many elements in front of the steps on both sides.
bool StepAxes::keepsSteps(ReshapeOp op) const {
  Type from = op.getOperand().getType(), to = op.getType();
  SmallVector<int64_t> a = get(from), b = get(to);
  if (a.empty() && b.empty())
    return true;
  auto countBefore = [](Type type, int64_t axis) {
    SmallVector<Extent> extents = getExtents(type);
    return getNumElements(ArrayRef(extents).take_front(axis));
  };
  return a.size() == 1 && b.size() == 1 &&
         countBefore(from, a[0]) == countBefore(to, b[0]);
}

/// Whether it holds for the examples whose text begins.
static bool isBegin(Value condition, func::FuncOp function) {
  while (auto broadcast = condition.getDefiningOp<BroadcastOp>())
    condition = broadcast.getOperand();
  auto compare = condition.getDefiningOp<CompareOp>();
  if (!compare || compare.getPredicate() != ComparePredicate::Gt ||
      getSplat(compare.getRhs()) != 0.0)
    return false;
  auto flag = dyn_cast<BlockArgument>(compare.getLhs());
  return flag &&
         getArgName(function, flag.getArgNumber()) == runtime::kBeginsName;
}

/// Whether the state goes on where the piece before has left it: from an input
/// that is the output of its name, but where the text begins.
static bool isCarried(Value init, Value final, func::FuncOp function) {
  if (auto select = init.getDefiningOp<SelectOp>();
      select && isBegin(select.getCondition(), function))
    init = select.getOnFalse();
  auto carried = dyn_cast<BlockArgument>(init);
  if (!carried)
    return false;
  StringRef name = getArgName(function, carried.getArgNumber());
  return name.starts_with(runtime::kCarriedPrefix) &&
         llvm::any_of(final.getUses(), [&](OpOperand &use) {
           return isa<func::ReturnOp>(use.getOwner()) &&
                  getResultName(function, use.getOperandNumber()) == name;
         });
}

/// Whether the scan's states after the last step are what the next piece begins
/// with, and nothing else.
static bool handsStatesOn(ScanOp op) {
  auto function = dyn_cast<func::FuncOp>(op->getParentOp());
  if (!function)
    return false;
  return llvm::all_of(
      llvm::zip(op.getStates(), op.getInits(), op.getFinals()),
      [&](auto state) {
        auto [inside, init, final] = state;
        return llvm::all_of(final.getUsers(), llvm::IsaPred<func::ReturnOp>) &&
               (inside.use_empty() || isCarried(init, final, function));
      });
}

/// A scan over other steps, or forward over these.
bool StepAxes::keepsSteps(ScanOp op) const {
  for (Value sequence : op.getSequences()) {
    SmallVector<int64_t> axes = get(sequence.getType());
    if (!axes.empty() && (axes.size() > 1 || axes[0] != 0 || op.getReverse() ||
                          !handsStatesOn(op)))
      return false;
  }
  for (Value init : op.getInits())
    if (!get(init.getType()).empty())
      return false;
  // A step that sees other steps would see all of them.
  auto result = op.getBody().front().walk([&](Operation *inner) {
    return llvm::all_of(inner->getOperandTypes(),
                        [&](Type type) { return arePlain(type, 0); })
               ? WalkResult::advance()
               : WalkResult::interrupt();
  });
  return !result.wasInterrupted();
}

std::optional<bool> StepAxes::keepsSteps(Operation *op) const {
  return llvm::TypeSwitch<Operation *, std::optional<bool>>(op)
      .Case<ReshapeOp, ScanOp>([&](auto known) { return keepsSteps(known); })
      .Case([&](ExtentOp extent) { return !contains(extent.getSize()); })
      // A random number depends on its place among all.
      .Case([](RandomOp) { return false; })
      .Default([](Operation *) { return std::nullopt; });
}

static bool isCausal(Operation &op, const StepAxes &axes) {
  bool hasSteps = false;
  for (TypeRange types :
       {TypeRange(op.getOperandTypes()), TypeRange(op.getResultTypes())})
    for (Type type : types) {
      if (!axes.arePlain(type, 1))
        return false;
      hasSteps |= !axes.get(type).empty();
    }
  if (isa<func::ReturnOp>(op) || (!hasSteps && !isa<ExtentOp>(op)))
    return true;
  if (std::optional<bool> known = axes.keepsSteps(&op))
    return *known;
  return keepsAxes(&op, [&](Value value, int64_t axis) {
    return llvm::is_contained(axes.get(value.getType()), axis);
  });
}

bool isCausal(func::FuncOp function, const StepAxes &axes) {
  return llvm::all_of(function.getBody().front(),
                      [&](Operation &op) { return isCausal(op, axes); });
}

} // namespace maek
