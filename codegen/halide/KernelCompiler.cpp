// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/KernelCompiler.h"

#include "codegen/halide/BFloat16Bits.h"
#include "codegen/halide/DeviceCode.h"
#include "codegen/halide/HalideGuard.h"
#include "codegen/halide/HostAccess.h"
#include "codegen/halide/KernelCache.h"
#include "codegen/halide/LoadsBelowZero.h"
#include "codegen/halide/LoadsFirst.h"
#include "codegen/halide/ThreadRegisters.h"
#include "codegen/halide/WordProducts.h"
#include "codegen/halide/schedules/Schedule.h"
#include "ir/Entries.h"

#include "mlir/IR/AsmState.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <tuple>

using namespace mlir;

namespace maek::halide {

/// The kernel without its name and locations.
static std::string getAlgorithm(func::FuncOp kernel) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  // One for all: it takes a walk over the kernel, which may sum up the
  // gradients of hundreds of parameters.
  AsmState state(kernel,
                 OpPrintingFlags().enableDebugInfo(false).useLocalScope());
  stream << kernel.getFunctionType();
  if (Attribute symbols = kernel->getAttr(kSymbolsAttr))
    stream << ' ' << symbols;
  stream << '\n';
  for (Operation &op : kernel.getBody().front()) {
    op.print(stream, state);
    stream << '\n';
  }
  return text;
}

/// The choice that the kernel's schedule is asked for; empty if none is.
static StringRef getWanted(func::FuncOp kernel, const KernelOptions &options) {
  if (options.choices.empty())
    return "";
  auto found = options.choices.find(getKernelKey(kernel));
  return found == options.choices.end() ? "" : StringRef(found->second);
}

std::string getKernelContent(func::FuncOp kernel,
                             const KernelOptions &options) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << getCompilerVersion() << '\n'
         << options.target << (options.asserts ? " asserts" : "") << '\n'
         << getWanted(kernel, options) << '\n'
         << getAlgorithm(kernel);
  return text;
}

/// Where the op stands in the kernel's body; the last one for none.
static unsigned getPosition(func::FuncOp kernel, Operation *op) {
  Block &body = kernel.getBody().front();
  if (!op)
    op = body.getTerminator();
  return unsigned(std::distance(body.begin(), op->getIterator()));
}

static KernelSchedule describe(func::FuncOp kernel, const Decision &decision) {
  return {getPosition(kernel, decision.op), decision.choice, decision.reason,
          decision.isRefused()};
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

LogicalResult writeFile(StringRef path, StringRef data, std::string &message) {
  std::error_code error;
  llvm::raw_fd_ostream file(path, error);
  if (!error) {
    file << data;
    file.close();
    error = file.error();
    file.clear_error();
  }
  if (!error)
    return success();
  message = ("cannot write '" + path + "': " + error.message()).str();
  return failure();
}

static void writeText(const Halide::Module &module, StringRef name,
                      const KernelOptions &options) {
  if (options.text == KernelText::None)
    return;
  std::string path =
      (options.outputDir + "/" + name + getSuffix(options.text, options.target))
          .str();
  if (options.text == KernelText::Device) {
    std::string message;
    if (failed(writeFile(path, getDeviceCode(module), message)))
      throw Halide::RuntimeError(message);
    return;
  }
  Halide::OutputFileType type =
      options.text == KernelText::Stmt   ? Halide::OutputFileType::stmt
      : options.text == KernelText::LLVM ? Halide::OutputFileType::llvm_assembly
                                         : Halide::OutputFileType::assembly;
  module.compile({{type, path}});
}

FailureOr<CompiledKernel> compileKernel(func::FuncOp kernel, StringRef symbol,
                                        const KernelOptions &options,
                                        std::string &message) {
  CompiledKernel made;
  LogicalResult compiled = failure();
  LogicalResult ran = guardHalide(message, [&] {
    Halide::Target full(options.target);
    Halide::Target target = getKernelTarget(full, options.asserts);
    std::unique_ptr<KernelAlgorithm> algorithm =
        KernelAlgorithm::build(kernel, full.has_gpu_feature());
    if (!algorithm)
      return;
    Decision decision(getWanted(kernel, options));
    scheduleKernel(*algorithm, full, decision);
    made.schedule = describe(kernel, decision);
    Halide::Pipeline pipeline = algorithm->getPipeline();
    // Others never lie over an argument, and tiles of their results would
    // all be held in registers.
    if (algorithm->getReductions().empty() && algorithm->getAttention().empty())
      pipeline.add_custom_lowering_pass(new LoadsFirst);
    pipeline.add_custom_lowering_pass(new LoadsBelowZero);
    pipeline.add_custom_lowering_pass(new LowerWordProducts(full));
    if (algorithm->runsOnDevice()) {
      pipeline.add_custom_lowering_pass(new ThreadRegisters);
      pipeline.add_custom_lowering_pass(new BFloat16ToBits);
      pipeline.add_custom_lowering_pass(new ForbidHostAccess);
    }
    Halide::Module module =
        pipeline.compile_to_module(algorithm->getArguments(), symbol.str(),
                                   target, Halide::LinkageType::External);
    orderArguments(module, symbol, algorithm->getResultNames());
    writeText(module, kernel.getName(), options);
    Halide::Buffer<uint8_t> code = module.compile_to_buffer();
    made.object.assign(code.begin(), code.end());
    compiled = success();
  });
  if (failed(ran) || failed(compiled))
    return failure();
  return made;
}

} // namespace maek::halide

namespace maek {

std::string getCompilerVersion() {
  return "maek " MAEK_VERSION " halide " + getHalideVersion() + " sources " +
         halide::getKernelSources().str();
}

std::string getKernelKey(func::FuncOp kernel) {
  constexpr size_t digits = 16;
  return halide::hashContent(halide::getAlgorithm(kernel)).substr(0, digits);
}

std::vector<std::string> getOtherChoices(func::FuncOp kernel,
                                         const KernelOptions &options) {
  std::vector<std::string> others;
  std::string message;
  // What cannot be scheduled has nothing to choose from.
  std::ignore = halide::guardHalide(message, [&] {
    Halide::Target target(options.target);
    auto algorithm =
        halide::KernelAlgorithm::build(kernel, target.has_gpu_feature());
    if (!algorithm)
      return;
    halide::Decision decision(halide::getWanted(kernel, options));
    halide::scheduleKernel(*algorithm, target, decision);
    others = decision.others;
  });
  return others;
}

} // namespace maek
