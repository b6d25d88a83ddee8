// Part of Maek, under the MIT licence; see LICENSE.
// maek-make-stepwise: an entry of whole texts becomes one of their next steps,
// by which `generate` goes on with a text.
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/steps/KnownSizes.h"
#include "passes/steps/SourceSplit.h"
#include "passes/steps/StepAxes.h"
#include "passes/steps/StepBuilder.h"

#include "ir/Entries.h"

#include "runtime/core/EntryNames.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

#define GEN_PASS_DEF_MAKESTEPWISE
#include "passes/Passes.h.inc"

namespace {

constexpr llvm::StringLiteral kPass = "make-stepwise";

/// The size of the steps of the text that the entry names; fails if there is no
/// such text.
FailureOr<std::string> getTime(func::FuncOp entry) {
  auto text = entry->getAttrOfType<StringAttr>(kTextAttr);
  auto isTensor = llvm::IsaPred<RankedTensorType>;
  if (!text || entry.isExternal() || entry.getNumResults() == 0 ||
      !llvm::all_of(entry.getArgumentTypes(), isTensor) ||
      !llvm::all_of(entry.getResultTypes(), isTensor))
    return entry.emitError() << kTextAttr << " belongs on an entry of tensors";
  for (unsigned i = 0; i < entry.getNumArguments(); ++i) {
    Type type = entry.getArgumentTypes()[i];
    if (getArgRole(entry, i) != "input" ||
        getArgName(entry, i) != text.getValue() || getRank(type) != 2)
      continue;
    Extent steps = getExtent(type, 1);
    if (steps.factor == 1 && steps.symbols.size() == 1)
      return steps.symbols.front();
  }
  return entry.emitError() << kTextAttr
                           << " names no input of shape [examples, steps]";
}

/// Whether the arguments of the step tell all sizes: not if it needs a source's
/// size apart from its numbers, or that of caches of which there are none.
bool knowsSizes(func::FuncOp step) {
  KnownSizes known;
  for (Type type : step.getArgumentTypes())
    known.add(type);
  return known.cover(step);
}

struct MakeStepwise : impl::MakeStepwiseBase<MakeStepwise> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> entries;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr(kTextAttr))
        entries.push_back(function);
    for (func::FuncOp entry : entries)
      if (failed(rewrite(entry)))
        return signalPassFailure();
  }

private:
  LogicalResult rewrite(func::FuncOp entry) {
    FailureOr<std::string> time = getTime(entry);
    if (failed(time))
      return failure();
    std::string text = entry->getAttrOfType<StringAttr>(kTextAttr).str();
    StepAxes axes(*time);
    bool isWhole = isCausal(entry, axes);
    func::FuncOp step = isWhole ? entry : makeStepwise(entry, axes);
    if (!step) {
      erase(entry, "a step depends on later ones, on their number, or in a way "
                   "that is not known");
      return success();
    }
    step->removeAttr(kTextAttr);
    FailureOr<func::FuncOp> source =
        splitSource(step, text, runtime::kGenerateSource);
    if (failed(source))
      return failure();
    if (!knowsSizes(step)) {
      if (*source)
        source->erase();
      erase(step, "its arguments do not tell all sizes");
      return success();
    }
    ++(isWhole ? numWhole : numStepwise);
    remarkPassed(step, kPass) << (isWhole ? "a text is read piece by piece"
                                          : "a text is read step by step");
    return success();
  }

  void erase(func::FuncOp entry, StringRef reason) {
    remarkMissed(entry, kPass)
        << ("no entry goes on with a text: " + reason).str();
    entry.erase();
    ++numErased;
  }
};

} // namespace
} // namespace maek
