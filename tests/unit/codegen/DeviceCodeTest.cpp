// Part of Maek, under the MIT licence; see LICENSE.
// What the schedules for devices must not do, and what of their code numbers
// depend on.
#include "codegen/halide/HostAccess.h"
#include "codegen/halide/Kernels.h"
#include "codegen/halide/ThreadRegisters.h"
#include "tests/support/TestModule.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include "Halide.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace maek;
using Halide::Func;
using Halide::Var;

static const Halide::Target device("x86-64-linux-opencl-no_runtime");

/// What Halide says of the function with our pass; empty if nothing.
template <typename Pass>
static std::string lower(Func func) {
  Halide::Pipeline pipeline(func);
  pipeline.add_custom_lowering_pass(new Pass);
  try {
    pipeline.compile_to_module({}, "kernel", device);
  } catch (const Halide::CompileError &error) {
    return error.what();
  }
  return "";
}

TEST(DeviceCode, HostMustNotCompute) {
  Var x("x"), block("block"), thread("thread");
  for (bool isOnHost : {true, false}) {
    Func first("first"), second("second");
    first(x) = x * 2;
    second(x) = first(x) + first(x + 1);
    second.gpu_tile(x, block, thread, 32);
    first.compute_root();
    if (!isOnHost)
      first.gpu_tile(x, block, thread, 32);
    std::string said = lower<halide::ForbidHostAccess>(second);
    EXPECT_EQ(said.find("to the host") != std::string::npos, isOnHost) << said;
  }
}

/// Each thread has two numbers of a block's, from before a barrier to after it;
/// `distance` is how far off it reads.
static Func makeKept(int distance) {
  Var x("x"), block("block"), thread("thread");
  Func kept("kept"), result("result");
  kept(x) = x * 3;
  kept(x) += x;
  result(x) = kept(x) + kept(x + distance);
  result.bound(x, 0, 256)
      .split(x, block, x, 64)
      .split(x, thread, x, 2)
      .unroll(x)
      .gpu_blocks(block)
      .gpu_threads(thread);
  kept.compute_at(result, block).store_in(Halide::MemoryType::Register);
  for (Halide::Stage stage : {Halide::Stage(kept), kept.update()})
    stage.split(x, thread, x, 2).unroll(x).gpu_threads(thread);
  return result;
}

TEST(DeviceCode, ThreadsShareNoRegisters) {
  EXPECT_EQ(lower<halide::ThreadRegisters>(makeKept(0)), "");
  std::string said = lower<halide::ThreadRegisters>(makeKept(2));
  EXPECT_NE(said.find("share 'kept"), std::string::npos) << said;
}

/// e^x tells the whole part of an exponent by adding a large number and taking
/// it away again, which must not come to nothing.
TEST(DeviceCode, ExponentsAreRounded) {
  std::unique_ptr<MLIRContext> context = test::makeTestContext();
  DialectRegistry registry;
  registerHalideModels(registry);
  context->appendDialectRegistry(registry);
  OwningOpRef<ModuleOp> module = test::parseModule(*context, R"(
!x = tensor<?xf32, #maek.dims<B>>
func.func private @exp(%x: !x) -> !x attributes {maek.kernel} {
  %0 = maek.exp %x : !x
  func.return %0 : !x
})");
  llvm::SmallString<128> folder;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("maek-ptx", folder));
  KernelOptions options;
  options.target = "cuda";
  options.outputDir = folder.str();
  options.text = KernelText::Device;
  EXPECT_TRUE(succeeded(compileKernels(*module, options)));
  auto file = llvm::MemoryBuffer::getFile(folder + "/exp.ptx");
  ASSERT_TRUE(bool(file));
  // 1.5 * 2^23 and its negative.
  for (const char *number : {"0f4B400000", "0fCB400000"})
    EXPECT_TRUE((*file)->getBuffer().contains(number)) << number;
  EXPECT_TRUE((*file)->getBuffer().contains("// launch "));
  llvm::sys::fs::remove_directories(folder);
}

/// It would be all of one thread's.
TEST(DeviceCode, HasNoJointGradient) {
  std::unique_ptr<MLIRContext> context = test::makeTestContext();
  DialectRegistry registry;
  registerHalideModels(registry);
  context->appendDialectRegistry(registry);
  std::string said;
  ScopedDiagnosticHandler handler(
      context.get(), [&](Diagnostic &diagnostic) { said += diagnostic.str(); });
  OwningOpRef<ModuleOp> module = test::parseModule(*context, R"(
!x = tensor<4x32x16xf32>
!r = tensor<4x32xf32>
func.func private @joint(%q: !x, %k: !x, %v: !x, %a: !x, %s: !r, %d: !r) -> (!x, !x, !x)
    attributes {maek.kernel} {
  %0, %1, %2 = maek.attention_gradient %q, %k, %v, %a, %s, %d scale 0.5
      : !x, !x, !x, !x, !r, !r
  func.return %0, %1, %2 : !x, !x, !x
}
)");
  ASSERT_TRUE(module) << said;
  KernelOptions options;
  options.target = "cuda";
  EXPECT_TRUE(failed(compileKernels(*module, options)));
  EXPECT_NE(said.find("devices have no joint gradient of attention"),
            std::string::npos)
      << said;
}
