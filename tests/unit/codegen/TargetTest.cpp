// Part of Maek, under the MIT licence; see LICENSE.
// The names of targets.
#include "codegen/halide/Kernels.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace maek;

namespace {

/// The full name of a target, or what is said of it.
std::string resolve(llvm::StringRef name) {
  MLIRContext context;
  std::string problem;
  ScopedDiagnosticHandler keep(&context, [&](Diagnostic &diagnostic) {
    problem = diagnostic.str();
    return success();
  });
  FailureOr<std::string> full = resolveTarget(name, UnknownLoc::get(&context));
  return succeeded(full) ? *full : problem;
}

bool contains(llvm::StringRef text, llvm::StringRef part) {
  return text.contains(part);
}

} // namespace

TEST(Targets, Devices) {
  std::string host = resolve("host");
  EXPECT_FALSE(runsOnDevice(host));
  for (auto [name, feature] : {std::pair("cuda", "-cuda-cuda_capability_80"),
                               {"cuda-sm_75", "-cuda-cuda_capability_75"},
                               {"cuda-sm_80", "-cuda-cuda_capability_80"},
                               {"cuda-sm_86", "-cuda-cuda_capability_86"},
                               {"cuda-sm_90", "-cuda-cuda_capability_80"},
                               {"cuda-sm_120", "-cuda-cuda_capability_80"},
                               {"opencl", "-opencl"}}) {
    std::string full = resolve(name);
    EXPECT_TRUE(contains(full, feature)) << full;
    EXPECT_TRUE(contains(full, "x86-64-linux")) << full;
    EXPECT_TRUE(runsOnDevice(full));
    // A full name is its own.
    EXPECT_EQ(resolve(full), full);
  }
}

TEST(Targets, Unknown) {
  for (const char *name :
       {"host-cuda", "x86-64-linux-vulkan",
        "x86-64-linux-cuda-cuda_capability_80-opencl",
        "x86-64-linux-cuda-cuda_capability_50", "arm-64-linux"})
    EXPECT_TRUE(contains(resolve(name), "only x86-64-linux")) << resolve(name);
  for (const char *name : {"cuda-sm_70", "cuda-", "opencl-1", "z80"})
    EXPECT_TRUE(contains(resolve(name), "unknown target '")) << resolve(name);
}
