// Part of Maek, under the MIT licence; see LICENSE.
// Each model of models/*.maek, small, compiled: its entries give what the
// interpreter makes of the equations. For some minutes, MAEK_THOROUGH=1 runs
// all models and all entries, with all passes and without each: by default
// ModelFilesTest leaves passes out of these models in the interpreter, and
// ModelCompiledTest out of others that are compiled.
#include "passes/Pipelines.h"
#include "tests/support/ModelFiles.h"
#include "tests/unit/compiled/CompiledHarness.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include <cstdlib>
#include <gtest/gtest.h>

using namespace maek;
using namespace maek::test;

namespace {

bool isThorough() { return std::getenv("MAEK_THOROUGH") != nullptr; }

class CompiledModelFile : public testing::TestWithParam<ModelFile> {
protected:
  void SetUp() override {
    module = emitModelFile(GetParam(), *context, /*doublePrecision=*/false);
    ASSERT_TRUE(module);
    for (auto entry :
         llvm::make_early_inc_range(module->getOps<mlir::func::FuncOp>())) {
      llvm::StringRef name = entry.getName();
      readsOthers |= name.starts_with("import_");
      if (!isThorough() && name != "forward" && name != "evaluate" &&
          name != "train_step")
        entry.erase();
    }
  }

  void check(const std::vector<std::string> &disabled) {
    CompiledCheck check;
    check.sizes = {makeModelDims(3, 4)};
    check.disabled = disabled;
    check.asserts = isThorough();
    // Four roundings of each value.
    check.perturbation = 5e-7;
    checkCompiled(*module, check);
  }

  std::unique_ptr<mlir::MLIRContext> context = makeCompilerContext();
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// Whether it reads another framework's checkpoints.
  bool readsOthers = false;
};

} // namespace

TEST_P(CompiledModelFile, IsTheInterpreters) {
  if (readsOthers && !isThorough())
    GTEST_SKIP() << "tests/e2e compares it with another framework; "
                    "MAEK_THOROUGH=1 runs it";
  check({});
}

TEST_P(CompiledModelFile, IsTheInterpretersWithoutAPass) {
  if (!isThorough())
    GTEST_SKIP() << "MAEK_THOROUGH=1 leaves out each pass";
  for (llvm::StringRef pass : getOptionalPasses()) {
    SCOPED_TRACE("without " + pass.str());
    check({pass.str()});
  }
}

INSTANTIATE_TEST_SUITE_P(All, CompiledModelFile,
                         testing::ValuesIn(listModelFiles()),
                         [](const auto &test) { return test.param.name; });
