// Part of Maek, under the MIT licence; see LICENSE.
// Models that run on a device give what the interpreter makes of the equations:
// forward, and a training step of each system. PoCL, OpenCL's device that is
// the processor, runs the schedules that CUDA's kernels have. MAEK_THOROUGH=1
// runs all models and all entries, MAEK_TEST_DEVICE=cuda on that device.
#include "runtime/device/Devices.h"
#include "tests/support/ModelFiles.h"
#include "tests/unit/compiled/CompiledHarness.h"
#include "tests/unit/compiled/DevicePlace.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/STLExtras.h"
#include <cstdlib>
#include <gtest/gtest.h>

using namespace maek;
using namespace maek::test;

namespace {

bool isThorough() { return std::getenv("MAEK_THOROUGH") != nullptr; }

std::string getDeviceName() {
  const char *name = std::getenv("MAEK_TEST_DEVICE");
  return name ? name : "opencl";
}

/// The systems that Maek has to carry.
std::vector<ModelFile> listSystems() {
  std::vector<ModelFile> files = listModelFiles();
  static constexpr llvm::StringLiteral systems[] = {"attention_RowAttention",
                                                    "cnn",
                                                    "deit",
                                                    "gru",
                                                    "lstm",
                                                    "rnn",
                                                    "transformer",
                                                    "vit"};
  if (!isThorough())
    llvm::erase_if(files, [](const ModelFile &file) {
      return !llvm::is_contained(systems, file.name);
    });
  return files;
}

class DeviceModelFile : public testing::TestWithParam<ModelFile> {
protected:
  void SetUp() override {
    runtime::Expected<std::unique_ptr<runtime::Device>> device =
        runtime::openDevice(getDeviceName());
    if (!device)
      GTEST_SKIP() << device.takeError().message();
    place = std::make_unique<DevicePlace>(std::move(*device));
    module = emitModelFile(GetParam(), *context, /*doublePrecision=*/false);
    ASSERT_TRUE(module);
    for (auto entry :
         llvm::make_early_inc_range(module->getOps<mlir::func::FuncOp>())) {
      llvm::StringRef name = entry.getName();
      if (!isThorough() && name != "forward" && name != "train_step")
        entry.erase();
    }
  }

  std::unique_ptr<DevicePlace> place;
  std::unique_ptr<mlir::MLIRContext> context = makeCompilerContext();
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

} // namespace

TEST_P(DeviceModelFile, IsTheInterpreters) {
  CompiledCheck check;
  check.sizes = {makeModelDims(3, 4)};
  // A device's kernels have none.
  check.asserts = false;
  // Four roundings of each value.
  check.perturbation = 5e-7;
  check.target = getDeviceName();
  check.place = place.get();
  checkCompiled(*module, check);
}

TEST(DeviceModelFile, AreAllSystems) { EXPECT_GE(listSystems().size(), 8u); }

INSTANTIATE_TEST_SUITE_P(Systems, DeviceModelFile,
                         testing::ValuesIn(listSystems()),
                         [](const auto &test) { return test.param.name; });
