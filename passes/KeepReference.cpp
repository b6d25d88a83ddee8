// Part of Maek, under the MIT licence; see LICENSE.
// maek-keep-reference: a copy of the evaluation, which the passes that make
// numbers shorter leave as it is.
#include "passes/Passes.h"

#include "runtime/core/EntryNames.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace maek {
#define GEN_PASS_DEF_KEEPREFERENCE
#include "passes/Passes.h.inc"

namespace {

struct KeepReference : impl::KeepReferenceBase<KeepReference> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto entry = module.lookupSymbol<func::FuncOp>(runtime::kEvaluate);
    if (!entry)
      entry = module.lookupSymbol<func::FuncOp>(runtime::kForward);
    if (!entry || entry.isDeclaration() ||
        module.lookupSymbol(runtime::kReference))
      return;
    func::FuncOp copy = entry.clone();
    copy.setSymName(runtime::kReference);
    module.insert(std::next(entry->getIterator()), copy);
  }
};

} // namespace
} // namespace maek
