// Part of Maek, under the MIT licence; see LICENSE.
// maek-device-code MODULE.mlir TARGET FOLDER [stmt]: the code of each kernel of
// a module, as `maek ir` prints it, for a device. With `stmt` Halide's loop
// nests. Prints
// `KERNEL: what its schedule does`, a line a kernel.
#include "codegen/halide/Kernels.h"
#include "ir/Entries.h"
#include "tests/support/TestModule.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace maek;

static int write(StringRef path, StringRef target, StringRef folder,
                 KernelText text) {
  std::unique_ptr<MLIRContext> context = test::makeTestContext();
  DialectRegistry registry;
  registerHalideModels(registry);
  context->appendDialectRegistry(registry);
  OwningOpRef<ModuleOp> module = test::parseModuleFile(*context, path);
  if (!module)
    return 1;
  KernelOptions options;
  options.target = target.str();
  options.outputDir = folder.str();
  options.text = text;
  options.useCache = false;
  FailureOr<CompiledKernels> compiled = compileKernels(*module, options);
  if (failed(compiled))
    return 1;
  auto schedule = compiled->schedules.begin();
  for (auto function : module->getOps<func::FuncOp>())
    if (isKernel(function))
      llvm::outs() << function.getName() << ": " << schedule++->reason << '\n';
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 4 && argc != 5) {
    llvm::errs()
        << "usage: maek-device-code MODULE.mlir TARGET FOLDER [stmt]\n";
    return 2;
  }
  return write(argv[1], argv[2], argv[3],
               argc == 5 ? KernelText::Stmt : KernelText::Device);
}
