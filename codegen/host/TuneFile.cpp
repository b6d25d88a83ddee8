// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/TuneFile.h"

#include "codegen/halide/Kernels.h"
#include "codegen/host/OutputFile.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <sched.h>
#include <tuple>

using namespace mlir;
namespace json = llvm::json;

namespace maek {

//===----------------------------------------------------------------------===//
// Machines
//===----------------------------------------------------------------------===//

std::string TuneMachine::str() const {
  return processor + ", " + std::to_string(threads) +
         (threads == 1 ? " thread, " : " threads, ") + target;
}

static std::string getProcessorName() {
  auto file = llvm::MemoryBuffer::getFileAsStream("/proc/cpuinfo");
  StringRef rest = file ? (*file)->getBuffer() : "";
  while (!rest.empty()) {
    auto [line, next] = rest.split('\n');
    auto [name, value] = line.split(':');
    if (name.trim() == "model name")
      return value.trim().str();
    rest = next;
  }
  return "unknown processor";
}

TuneMachine getThisMachine(StringRef target, unsigned threads) {
  cpu_set_t cores;
  if (threads == 0 && sched_getaffinity(0, sizeof(cores), &cores) == 0)
    threads = unsigned(CPU_COUNT(&cores));
  return {getProcessorName(), target.str(), getCompilerVersion(),
          std::max(threads, 1u)};
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {
class Reader {
public:
  Reader(StringRef path, StringRef text, MLIRContext *context)
      : path(path), text(text), context(context) {}

  FailureOr<std::vector<TuneResults>> read();

private:
  LogicalResult fail(unsigned line, unsigned column, const Twine &message);
  LogicalResult failAt(size_t offset, const Twine &message);
  LogicalResult checkDepth();
  LogicalResult failSyntax(StringRef message);
  LogicalResult checkChoice(StringRef choice);

  StringRef path, text;
  MLIRContext *context;
};
} // namespace

LogicalResult Reader::fail(unsigned line, unsigned column,
                           const Twine &message) {
  return emitError(FileLineColLoc::get(context, path, line, column))
         << "tuning results: " << message;
}

LogicalResult Reader::failAt(size_t offset, const Twine &message) {
  StringRef before = text.take_front(offset);
  return fail(unsigned(before.count('\n')) + 1,
              unsigned(before.size() - (before.rfind('\n') + 1)) + 1, message);
}

/// LLVM's parser would take a stack as deep as the text says.
LogicalResult Reader::checkDepth() {
  constexpr int most = 16;
  bool isString = false;
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char letter = text[i];
    if (isString && letter == '\\')
      ++i;
    else if (letter == '"')
      isString = !isString;
    else if (!isString && (letter == '[' || letter == '{') && ++depth > most)
      return failAt(i, "too many brackets inside of one another");
    else if (!isString && (letter == ']' || letter == '}'))
      --depth;
  }
  return success();
}

/// LLVM's message is `[line:column, byte=N]: what`.
LogicalResult Reader::failSyntax(StringRef message) {
  unsigned line = 1, column = 1;
  auto [place, what] = message.split("]: ");
  place.consume_front("[");
  if (place.consumeInteger(10, line) || !place.consume_front(":") ||
      place.consumeInteger(10, column))
    what = message;
  return fail(line, column + 1, what.trim());
}

/// `kind name=number name=number`.
static bool isChoice(StringRef text) {
  SmallVector<StringRef> words;
  text.split(words, ' ');
  auto isName = [](StringRef word) {
    return !word.empty() && llvm::all_of(word, [](char c) {
      return llvm::isLower(c) || c == '-';
    });
  };
  return words.size() > 1 && isName(words.front()) &&
         llvm::all_of(llvm::drop_begin(words), [&](StringRef word) {
           auto [name, number] = word.split('=');
           unsigned value;
           return isName(name) && !number.getAsInteger(10, value);
         });
}

LogicalResult Reader::checkChoice(StringRef choice) {
  if (isChoice(choice))
    return success();
  size_t place = text.find("\"" + choice.str() + "\"");
  return failAt(place == StringRef::npos ? 0 : place,
                "'" + choice +
                    "' is no choice such as 'elementwise block=8192'");
}

static bool fromJSON(const json::Value &value, TunedKernel &kernel,
                     json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("kernel", kernel.name) && map.map("key", kernel.key) &&
         map.map("choice", kernel.choice) &&
         map.map("modelled", kernel.modelled) &&
         map.map("sizes", kernel.sizes) && map.map("us", kernel.microseconds) &&
         map.map("modelled_us", kernel.modelledMicroseconds);
}

static bool fromJSON(const json::Value &value, TuneResults &results,
                     json::Path path) {
  json::ObjectMapper map(value, path);
  TuneMachine &machine = results.machine;
  return map && map.map("processor", machine.processor) &&
         map.map("target", machine.target) &&
         map.map("threads", machine.threads) &&
         map.map("compiler", machine.compiler) &&
         map.map("kernels", results.kernels);
}

FailureOr<std::vector<TuneResults>> Reader::read() {
  if (failed(checkDepth()))
    return failure();
  llvm::Expected<json::Value> value = json::parse(text);
  if (!value)
    return failSyntax(llvm::toString(value.takeError()));
  json::Path::Root root("tuning results");
  std::vector<TuneResults> results;
  json::ObjectMapper map(*value, root);
  if (!map || !map.map("tuned", results))
    return fail(1, 1, llvm::toString(root.getError()));
  for (const TuneResults &machine : results)
    for (const TunedKernel &kernel : machine.kernels)
      if (failed(checkChoice(kernel.choice)))
        return failure();
  return results;
}

FailureOr<TuneFile> TuneFile::read(StringRef path, MLIRContext *context) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  TuneFile file;
  if (!buffer) {
    if (buffer.getError() == std::errc::no_such_file_or_directory)
      return file;
    return emitError(UnknownLoc::get(context))
           << "cannot read " << path << ": " << buffer.getError().message();
  }
  auto results = Reader(path, (*buffer)->getBuffer(), context).read();
  if (failed(results))
    return failure();
  file.results = std::move(*results);
  return file;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// With a digit behind the point: what varies between runs is more.
static std::string printTime(double microseconds) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.1f", microseconds);
  return text;
}

LogicalResult TuneFile::write(StringRef path, MLIRContext *context) const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  json::OStream out(stream, /*IndentSize=*/1);
  out.object([&] {
    out.attributeArray("tuned", [&] {
      for (const TuneResults &machine : results)
        out.object([&] {
          out.attribute("processor", machine.machine.processor);
          out.attribute("target", machine.machine.target);
          out.attribute("threads", machine.machine.threads);
          out.attribute("compiler", machine.machine.compiler);
          out.attributeArray("kernels", [&] {
            for (const TunedKernel &kernel : machine.kernels)
              out.object([&] {
                out.attribute("kernel", kernel.name);
                out.attribute("key", kernel.key);
                out.attribute("choice", kernel.choice);
                out.attribute("modelled", kernel.modelled);
                out.attribute("sizes", kernel.sizes);
                out.attributeBegin("us");
                out.rawValue(printTime(kernel.microseconds));
                out.attributeEnd();
                out.attributeBegin("modelled_us");
                out.rawValue(printTime(kernel.modelledMicroseconds));
                out.attributeEnd();
              });
          });
        });
    });
  });
  stream << '\n';
  return writeTextFile(path, text, UnknownLoc::get(context));
}

const TuneResults *TuneFile::find(const TuneMachine &machine) const {
  auto found = llvm::find_if(
      results, [&](const TuneResults &one) { return one.machine == machine; });
  return found == results.end() ? nullptr : &*found;
}

void TuneFile::add(const TuneMachine &machine, ArrayRef<TunedKernel> kernels) {
  llvm::erase_if(results, [&](const TuneResults &one) {
    TuneMachine same = one.machine;
    same.compiler = machine.compiler;
    return same == machine && !(one.machine == machine);
  });
  auto own = llvm::find_if(
      results, [&](const TuneResults &one) { return one.machine == machine; });
  if (own == results.end())
    own = results.insert(own, {machine, {}});
  for (const TunedKernel &kernel : kernels) {
    llvm::erase_if(own->kernels, [&](const TunedKernel &other) {
      return other.key == kernel.key;
    });
    own->kernels.push_back(kernel);
  }
  llvm::sort(own->kernels, [](const TunedKernel &a, const TunedKernel &b) {
    return std::tie(a.name, a.key) < std::tie(b.name, b.key);
  });
  llvm::sort(results, [](const TuneResults &a, const TuneResults &b) {
    return std::tie(a.machine.processor, a.machine.target, a.machine.threads) <
           std::tie(b.machine.processor, b.machine.target, b.machine.threads);
  });
}

} // namespace maek
