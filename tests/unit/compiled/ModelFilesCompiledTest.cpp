// Part of Maek, under the MIT licence; see LICENSE.
// Each model of models/*.maek, small, compiled: every entry gives what the
// interpreter makes of the equations, with all passes and without.
#include "passes/Pipelines.h"
#include "tests/support/ModelFiles.h"
#include "tests/unit/compiled/CompiledHarness.h"

#include "mlir/IR/MLIRContext.h"
#include <cstdlib>
#include <gtest/gtest.h>

using namespace maek;
using namespace maek::test;

namespace {

class CompiledModelFile : public testing::TestWithParam<ModelFile> {
protected:
  static void check(const std::vector<std::string> &disabled) {
    auto context = makeCompilerContext();
    auto module =
        emitModelFile(GetParam(), *context, /*doublePrecision=*/false);
    ASSERT_TRUE(module);
    CompiledCheck check;
    check.sizes = {makeModelDims(3, 4)};
    check.disabled = disabled;
    check.asserts = std::getenv("MAEK_THOROUGH") != nullptr;
    // Four roundings of each value.
    check.perturbation = 5e-7;
    checkCompiled(*module, check);
  }

  /// The model's place among all.
  static size_t getPlace() {
    static const std::vector<ModelFile> all = listModelFiles();
    return llvm::find_if(all,
                         [](const ModelFile &file) {
                           return file.name == GetParam().name;
                         }) -
           all.begin();
  }
};

} // namespace

TEST_P(CompiledModelFile, IsTheInterpreters) { check({}); }

/// One pass for each model, in turn; with MAEK_THOROUGH=1 all of them.
TEST_P(CompiledModelFile, IsTheInterpretersWithoutAPass) {
  const llvm::ArrayRef<llvm::StringLiteral> passes = getOptionalPasses();
  for (auto [i, pass] : llvm::enumerate(passes))
    if (std::getenv("MAEK_THOROUGH") || i == getPlace() % passes.size()) {
      SCOPED_TRACE("without " + pass.str());
      check({pass.str()});
    }
}

INSTANTIATE_TEST_SUITE_P(All, CompiledModelFile,
                         testing::ValuesIn(listModelFiles()),
                         [](const auto &test) { return test.param.name; });
