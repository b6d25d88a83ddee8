// Part of Maek, under the MIT licence; see LICENSE.
// maek-interpret: runs an entry of a module in the reference interpreter, on
// seeded or given inputs, and prints its results or writes them as npy.
#include "tests/support/Npy.h"
#include "tests/support/TestModule.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include <boost/program_options.hpp>
#include <sstream>

using namespace llvm;
using namespace maek;
using namespace maek::test;
namespace options = boost::program_options;

static constexpr StringLiteral kUsage =
    "usage: maek-interpret FILE.mlir [--entry forward] [--dim B=2]... "
    "[--seed 1]\n       [--input NAME=FILE.npy]... [--output DIR]\n";

namespace {
struct Request {
  std::string file, entry = "forward", output;
  std::vector<std::string> dims, inputs;
  uint64_t seed = 1;
  int digits = 6;
  bool arguments = false;
};
} // namespace

static Error splitAssignment(StringRef text, StringRef &name,
                             StringRef &value) {
  std::tie(name, value) = text.split('=');
  if (name.empty() || value.empty())
    return createStringError("expected NAME=VALUE, found '" + text + "'");
  return Error::success();
}

static Expected<Dims> parseDims(ArrayRef<std::string> texts) {
  Dims dims;
  for (const std::string &text : texts) {
    StringRef name, value;
    int64_t number = 0;
    if (Error error = splitAssignment(text, name, value))
      return error;
    if (value.getAsInteger(10, number) || number < 0)
      return createStringError("expected a size, found '" + value + "'");
    dims[name.str()] = number;
  }
  return dims;
}

static Expected<NamedTensors> readInputs(ArrayRef<std::string> texts) {
  NamedTensors inputs;
  for (const std::string &text : texts) {
    StringRef name, path;
    if (Error error = splitAssignment(text, name, path))
      return error;
    Expected<Tensor> tensor = readNpy(path);
    if (!tensor)
      return tensor.takeError();
    inputs.emplace_back(name.str(), std::move(*tensor));
  }
  return inputs;
}

/// `name: [2, 3] = 1 2 3 4 5 6`
static void print(StringRef name, const Tensor &tensor, int digits) {
  outs() << name << ": [";
  interleaveComma(tensor.shape, outs());
  outs() << "] =";
  for (double element : tensor.elements)
    outs() << " " << format("%.*g", digits, element);
  outs() << "\n";
}

static Error report(const NamedTensors &tensors, const Request &request) {
  if (request.output.empty()) {
    for (const auto &[name, tensor] : tensors)
      print(name, tensor, request.digits);
    return Error::success();
  }
  if (std::error_code error = sys::fs::create_directories(request.output))
    return createStringError(request.output + ": " + error.message());
  for (const auto &[name, tensor] : tensors)
    if (Error error = writeNpy(request.output + "/" + name + ".npy", tensor))
      return error;
  return Error::success();
}

static Error run(const Request &request) {
  Expected<Dims> dims = parseDims(request.dims);
  if (!dims)
    return dims.takeError();
  Expected<NamedTensors> inputs = readInputs(request.inputs);
  if (!inputs)
    return inputs.takeError();
  auto context = makeTestContext();
  SourceMgr sources;
  mlir::SourceMgrDiagnosticHandler handler(sources, context.get());
  auto module = parseModuleFile(*context, request.file);
  if (!module)
    return createStringError("cannot read " + request.file);
  if (request.arguments) {
    auto function = module->lookupSymbol<mlir::func::FuncOp>(request.entry);
    if (!function)
      return createStringError("there is no function " + request.entry);
    auto arguments = makeArguments(function, *dims, request.seed, *inputs);
    if (failed(arguments))
      return createStringError("no arguments for " + request.entry);
    return report(*arguments, request);
  }
  auto results = runEntry(*module, request.entry, *dims, request.seed, *inputs);
  if (failed(results))
    return createStringError("cannot run " + request.entry);
  return report(*results, request);
}

int main(int argc, char **argv) {
  Request request;
  options::options_description flags("options");
  auto add = flags.add_options();
  add("help,h", "print this text");
  add("entry", options::value(&request.entry), "function to run (forward)");
  add("dim", options::value(&request.dims), "value of a symbol, B=2");
  add("seed", options::value(&request.seed), "of the random arguments (1)");
  add("input", options::value(&request.inputs), "NAME=FILE.npy");
  add("output", options::value(&request.output),
      "folder for one npy file per result, instead of printing");
  add("digits", options::value(&request.digits), "to print (6)");
  add("arguments", options::bool_switch(&request.arguments),
      "give the arguments, not the results");
  options::options_description hidden;
  hidden.add(flags).add_options()("file", options::value(&request.file));
  options::positional_options_description positional;
  positional.add("file", 1);
  try {
    options::variables_map values;
    options::store(options::command_line_parser(argc, argv)
                       .options(hidden)
                       .positional(positional)
                       .run(),
                   values);
    options::notify(values);
    if (values.count("help")) {
      std::ostringstream text;
      text << flags;
      outs() << kUsage << text.str();
      return 0;
    }
    if (request.file.empty())
      throw options::error("no file is given");
  } catch (const options::error &error) {
    errs() << "maek-interpret: " << error.what() << "\n" << kUsage;
    return 2;
  }
  if (Error error = run(request)) {
    errs() << "maek-interpret: " << toString(std::move(error)) << "\n";
    return 1;
  }
  return 0;
}
