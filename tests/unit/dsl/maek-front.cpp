// Part of Maek, under the MIT licence; see LICENSE.
// maek-front: the front end alone, for its tests. Prints a model's IR, its
// errors or its canonical form.
#include "dsl/Frontend.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

static cl::opt<std::string> input(cl::Positional, cl::Required,
                                  cl::desc("model file"));
static cl::list<std::string> set("set", cl::desc("hyperparameter: H=256"));
static cl::opt<std::string> model("model", cl::desc("which model"));
static cl::opt<bool> f64("f64", cl::desc("double precision"));
static cl::opt<bool> check("check", cl::desc("only check"));
static cl::opt<bool> strict("Werror", cl::desc("warnings are errors"));
static cl::opt<bool> format("fmt", cl::desc("print the canonical form"));
static cl::opt<bool> locations("locations", cl::desc("print locations"));

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv);
  if (format) {
    auto buffer = MemoryBuffer::getFile(input);
    if (!buffer)
      return 1;
    auto text =
        maek::formatModel((*buffer)->getBuffer(), input.getValue(), errs());
    if (text)
      outs() << *text;
    return !text;
  }
  maek::FrontendOptions options;
  options.doublePrecision = f64;
  options.model = model;
  options.warningsAreErrors = strict;
  for (StringRef item : set)
    options.hyperparameters.emplace_back(item.split('=').first,
                                         item.split('=').second);
  if (check)
    return !maek::checkModelFile(input, options, errs());
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = maek::emitModelFile(input, options, context, errs());
  if (!module)
    return 1;
  mlir::OpPrintingFlags flags;
  if (locations)
    flags.enableDebugInfo();
  module->print(outs(), flags);
  return 0;
}
