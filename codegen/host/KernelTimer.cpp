// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/KernelTimer.h"

#include "ir/Entries.h"

#include "mlir/Support/DebugStringHelper.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace mlir;
namespace json = llvm::json;

namespace maek {

/// The value that `count` of `numbers` are below.
static double getSorted(std::vector<double> numbers, size_t count) {
  if (numbers.empty())
    return std::numeric_limits<double>::infinity();
  count = std::min(count, numbers.size() - 1);
  llvm::sort(numbers);
  return numbers[count];
}

double Timing::median(size_t variant) const {
  std::vector<double> times;
  for (const std::vector<double> &round : rounds)
    times.push_back(round[variant]);
  return getSorted(times, times.size() / 2);
}

static std::vector<double> getRatios(ArrayRef<std::vector<double>> rounds,
                                     size_t variant, size_t other) {
  std::vector<double> ratios;
  for (const std::vector<double> &round : rounds)
    ratios.push_back(round[variant] / round[other]);
  return ratios;
}

double Timing::ratio(size_t variant, size_t other) const {
  return getSorted(getRatios(rounds, variant, other), rounds.size() / 2);
}

// The median of what n rounds are drawn from lies below the (n/2 + z sqrt(n)/2)
// th of them, z = 2.33 for 99 of 100 times.
double Timing::ratioBound(size_t variant, size_t other) const {
  double n = double(rounds.size());
  return getSorted(getRatios(rounds, variant, other),
                   size_t(std::ceil(n / 2 + 1.165 * std::sqrt(n))));
}

bool KernelTimer::canRun(func::FuncOp kernel) const {
  constexpr double mostBytes = 1 << 30;
  double bytes = 0;
  for (TypeRange types : {TypeRange(kernel.getArgumentTypes()),
                          TypeRange(kernel.getResultTypes())})
    for (Type type : types) {
      double count = 8;
      for (const Extent &extent : getExtents(type)) {
        std::optional<int64_t> size = evaluateExtent(extent, sizes);
        if (!size)
          return false;
        count *= double(*size);
      }
      bytes += count;
    }
  constexpr size_t mostArguments = 90;
  return bytes <= mostBytes &&
         kernel.getNumArguments() + kernel.getNumResults() < mostArguments;
}

json::Value KernelTimer::describe(const TimingJob &job) const {
  func::FuncOp kernel = job.kernel;
  auto describeTypes = [&](TypeRange types) {
    json::Array tensors;
    for (Type type : types) {
      json::Array shape;
      for (const Extent &extent : getExtents(type))
        shape.push_back(*evaluateExtent(extent, sizes));
      tensors.push_back(
          json::Array{debugString(getElementType(type)), std::move(shape)});
    }
    return tensors;
  };
  json::Array symbols, variants;
  if (auto names = kernel->getAttrOfType<ArrayAttr>(kSymbolsAttr))
    for (auto name : names.getAsRange<StringAttr>())
      symbols.push_back(*evaluateExtent(Extent::symbol(name), sizes));
  for (const LoadableKernel &variant : job.variants)
    variants.push_back(json::Array{variant.library, variant.symbol});
  return json::Object{{"inputs", describeTypes(kernel.getArgumentTypes())},
                      {"symbols", std::move(symbols)},
                      {"outputs", describeTypes(kernel.getResultTypes())},
                      {"seconds", job.seconds},
                      {"kernels", std::move(variants)}};
}

/// What the program says of a file of jobs; nothing if it fails or takes
/// minutes.
std::optional<std::string> KernelTimer::execute(StringRef jobs) const {
  std::string program = files.folder + "/maek-measure";
  std::string in = scratch.str() + "/jobs.json", out = in + ".times";
  std::error_code error;
  {
    llvm::raw_fd_ostream file(in, error);
    if (error)
      return std::nullopt;
    file << jobs;
    file.close();
    if (file.has_error()) {
      file.clear_error();
      return std::nullopt;
    }
  }
  // A longer text of an earlier run would stay behind this one's.
  if (llvm::sys::fs::remove(out))
    return std::nullopt;
  constexpr unsigned mostSeconds = 120;
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(out),
                                          StringRef("")};
  if (llvm::sys::ExecuteAndWait(program, {program, in}, std::nullopt, redirects,
                                mostSeconds) != 0)
    return std::nullopt;
  auto result = llvm::MemoryBuffer::getFile(out);
  return result ? std::optional((*result)->getBuffer().str()) : std::nullopt;
}

/// Nothing if the text is not what was to be said of `count` jobs.
static std::optional<std::vector<Timing>> parseTimings(StringRef text,
                                                       size_t count) {
  llvm::Expected<json::Value> value = json::parse(text);
  if (!value) {
    llvm::consumeError(value.takeError());
    return std::nullopt;
  }
  json::Path::Root root;
  json::Array *jobs = value->getAsArray();
  if (!jobs || jobs->size() != count)
    return std::nullopt;
  std::vector<Timing> timings;
  for (const json::Value &job : *jobs) {
    Timing &timing = timings.emplace_back();
    std::vector<double> errors;
    json::ObjectMapper map(job, root);
    if (!map || !map.map("errors", errors) || !map.map("rounds", timing.rounds))
      return std::nullopt;
    timing.isRight = llvm::all_of(errors, [](double e) { return e <= 1; });
  }
  return timings;
}

std::optional<std::vector<Timing>>
KernelTimer::run(ArrayRef<TimingJob> jobs) const {
  json::Array list;
  for (const TimingJob &job : jobs)
    list.push_back(describe(job));
  std::string text;
  llvm::raw_string_ostream(text) << json::Value(
      json::Object{{"threads", int64_t(threads)}, {"jobs", std::move(list)}});
  std::optional<std::string> said = execute(text);
  return said ? parseTimings(*said, jobs.size()) : std::nullopt;
}

} // namespace maek
