// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/KernelCompiler.h"

#include "codegen/halide/HalideGuard.h"
#include "codegen/halide/LoadsBelowZero.h"
#include "codegen/halide/LoadsFirst.h"
#include "codegen/halide/PairProducts.h"
#include "codegen/halide/schedules/Schedule.h"
#include "ir/Entries.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace maek::halide {

std::string getKernelContent(func::FuncOp kernel,
                             const KernelOptions &options) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << "maek " MAEK_VERSION " halide " << getHalideVersion() << " sources "
         << getKernelSources() << '\n'
         << options.target << (options.asserts ? " asserts" : "") << '\n';
  OpPrintingFlags flags;
  flags.enableDebugInfo(false).useLocalScope();
  stream << kernel.getFunctionType();
  if (Attribute symbols = kernel->getAttr(kSymbolsAttr))
    stream << ' ' << symbols;
  stream << '\n';
  for (Operation &op : kernel.getBody().front()) {
    op.print(stream, flags);
    stream << '\n';
  }
  return text;
}

/// Orders the output buffers as the kernel's results are; Halide has them by
/// function. The bodies of parallel loops are functions of the module, too.
static void orderArguments(Halide::Module &module, StringRef symbol,
                           const std::vector<std::string> &results) {
  auto entry = llvm::find_if(module.functions(), [&](const auto &function) {
    return function.name == symbol.str();
  });
  std::vector<Halide::Internal::LoweredArgument> &arguments = entry->args;
  size_t numInputs = arguments.size() - results.size();
  std::vector<Halide::Internal::LoweredArgument> ordered(
      arguments.begin(), arguments.begin() + numInputs);
  for (const std::string &name : results)
    ordered.push_back(*llvm::find_if(
        arguments, [&](const auto &a) { return a.name == name; }));
  arguments = ordered;
}

static void writeText(const Halide::Module &module, StringRef name,
                      const KernelOptions &options) {
  if (options.text == KernelText::None)
    return;
  Halide::OutputFileType type =
      options.text == KernelText::Stmt   ? Halide::OutputFileType::stmt
      : options.text == KernelText::LLVM ? Halide::OutputFileType::llvm_assembly
                                         : Halide::OutputFileType::assembly;
  std::string path =
      (options.outputDir + "/" + name + getSuffix(options.text)).str();
  module.compile({{type, path}});
}

FailureOr<std::string> compileKernel(func::FuncOp kernel, StringRef symbol,
                                     const KernelOptions &options,
                                     std::string &message) {
  std::string object;
  LogicalResult compiled = failure();
  LogicalResult ran = guardHalide(message, [&] {
    Halide::Target full(options.target);
    Halide::Target target = getKernelTarget(full, options.asserts);
    std::unique_ptr<KernelAlgorithm> algorithm = KernelAlgorithm::build(kernel);
    if (!algorithm)
      return;
    scheduleKernel(*algorithm, Machine(full));
    Halide::Pipeline pipeline = algorithm->getPipeline();
    // Others never lie over an argument, and tiles of their results would
    // all be held in registers.
    if (algorithm->getReductions().empty() && algorithm->getAttention().empty())
      pipeline.add_custom_lowering_pass(new LoadsFirst);
    pipeline.add_custom_lowering_pass(new LoadsBelowZero);
    pipeline.add_custom_lowering_pass(new LowerPairProducts(full));
    Halide::Module module =
        pipeline.compile_to_module(algorithm->getArguments(), symbol.str(),
                                   target, Halide::LinkageType::External);
    orderArguments(module, symbol, algorithm->getResultNames());
    writeText(module, kernel.getName(), options);
    Halide::Buffer<uint8_t> code = module.compile_to_buffer();
    object.assign(code.begin(), code.end());
    compiled = success();
  });
  if (failed(ran) || failed(compiled))
    return failure();
  return object;
}

} // namespace maek::halide
