// Part of Maek, under the MIT licence; see LICENSE.
// Models with products of bf16, large enough that the passes lower them: the
// compiled entries give what the interpreter makes of the lowered IR, which
// rounds as they do.
#include "tests/support/ModelFiles.h"
#include "tests/unit/compiled/CompiledHarness.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/STLExtras.h"
#include <gtest/gtest.h>

using namespace maek;
using namespace maek::test;

static void
checkModel(llvm::StringRef name,
           std::vector<std::pair<std::string, std::string>> hyperparameters) {
  std::vector<ModelFile> files = listModelFiles();
  auto file =
      llvm::find_if(files, [&](const ModelFile &f) { return f.name == name; });
  ASSERT_NE(file, files.end());
  file->hyperparameters = std::move(hyperparameters);
  std::unique_ptr<mlir::MLIRContext> context = makeCompilerContext();
  auto module = emitModelFile(*file, *context, /*doublePrecision=*/false);
  ASSERT_TRUE(module);
  for (auto entry :
       llvm::make_early_inc_range(module->getOps<mlir::func::FuncOp>()))
    if (llvm::StringRef entryName = entry.getName();
        entryName != "forward" && entryName != "train_step")
      entry.erase();
  CompiledCheck check;
  check.sizes = {makeModelDims(3, 4)};
  check.factors = Factors::BFloat16;
  // `prepare` would be an entry whose results the others take.
  check.disabled = {"prepare-parameters"};
  check.asserts = false;
  // A number whose f32 is rounded otherwise may round to another one of bf16.
  check.tolerance = 1e-3;
  check.perturbation = 5e-7;
  checkCompiled(*module, check);
}

TEST(BFloat16Models, LSTM) { checkModel("lstm", {{"H", "40"}}); }
TEST(BFloat16Models, Transformer) {
  checkModel("transformer", {{"d", "32"}, {"heads", "2"}, {"depth", "1"}});
}
