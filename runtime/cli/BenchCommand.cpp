// Part of Maek, under the MIT licence; see LICENSE.
// `bench`: how long an entry takes on random input.
#include "runtime/cli/Commands.h"
#include "runtime/cli/Progress.h"
#include "runtime/core/EntryNames.h"
#include "runtime/core/Json.h"
#include "runtime/core/Names.h"
#include "runtime/core/Philox.h"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <sys/resource.h>

using namespace maek::runtime;

namespace {
/// Random tensors for an entry's inputs and targets.
struct RandomArguments {
  std::vector<Buffer> buffers;
  std::vector<std::vector<int64_t>> shapes;
  std::vector<maek_tensor_t> tensors;
};

/// What was timed.
struct Where {
  const Device *device;
  int threads;

  std::string str() const {
    return device ? device->description().str()
                  : text(threads, " thread", threads == 1 ? "" : "s");
  }
  /// A member of its own for a device.
  std::string json() const {
    return device ? text("\"device\":", quoteJson(device->description().str()),
                         ',')
                  : "";
  }
};

struct Times {
  double least = 0, median = 0, mean = 0; ///< ms
  double processor = 0;                   ///< ms of all threads, a run's mean
  size_t repeats = 0;
};
} // namespace

static void fill(const PortInfo &port, int64_t count, Buffer &buffer) {
  RandomStream random(0, port.name);
  auto classes = static_cast<uint64_t>(std::max<int64_t>(port.classes, 1));
  for (int64_t i = 0; i < count; ++i) {
    auto at = static_cast<uint64_t>(i);
    if (port.dtype == MAEK_F32)
      buffer.as<float>()[i] = static_cast<float>(random.uniform(at));
    else if (port.dtype == MAEK_F64)
      buffer.as<double>()[i] = random.uniform(at);
    else
      buffer.as<int32_t>()[i] = static_cast<int32_t>(random.below(at, classes));
  }
}

static Error makeArguments(const EntryInfo &entry,
                           const std::vector<int64_t> &dims,
                           RandomArguments &out) {
  for (const PortInfo &port : entry.arguments) {
    if (port.role != Role::Input && port.role != Role::Target)
      continue;
    std::vector<int64_t> &shape = out.shapes.emplace_back();
    for (const Extent &extent : port.shape)
      shape.push_back(extent.evaluate(dims).value_or(INT64_MAX));
    std::optional<int64_t> bytes = countBytes(shape, port.dtype);
    Buffer &buffer = out.buffers.emplace_back();
    if (Error error =
            buffer.reserve(bytes.value_or(INT64_MAX),
                           text(roleName(port.role), " '", port.name, "'")))
      return error;
    fill(port, *countElements(shape), buffer);
    out.tensors.push_back({port.name.c_str(), port.dtype,
                           static_cast<int32_t>(shape.size()), nullptr,
                           nullptr});
  }
  for (size_t i = 0; i < out.tensors.size(); ++i) {
    out.tensors[i].shape = out.shapes[i].data();
    out.tensors[i].data = out.buffers[i].data();
  }
  return Error::success();
}

static Error runOnce(Model &model, size_t entry,
                     const RandomArguments &arguments) {
  const ModuleInfo &module = model.module();
  if (module.entries[entry].name != kTrainStep) {
    if (Error error = model.run(entry, arguments.tensors))
      return error;
    return model.finish();
  }
  double lr = module.settings.lr.value_or(1e-3);
  constexpr int64_t planned = 1'000'000;
  Error error = model.trainStep(arguments.tensors, lr, planned);
  if (!error)
    error = model.checkLoss();
  // Random data may lead anywhere; the time is the same.
  return error.code() == MAEK_NOT_FINITE ? Error::success() : std::move(error);
}

static double processorSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](timeval time) {
    return static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// The most memory that was resident, in MB; 0 where the system does not say.
/// getrusage would count what the process was before it became this program.
static double mostMemory() {
  std::FILE *status = std::fopen("/proc/self/status", "r");
  if (!status)
    return 0;
  double kib = 0;
  char line[128];
  while (std::fgets(line, sizeof(line), status))
    if (std::sscanf(line, "VmHWM: %lf", &kib) == 1)
      break;
  std::fclose(status);
  return kib / 1024;
}

// Warm-up runs first: buffers grow, threads start, caches fill.
static Error measure(Model &model, size_t entry,
                     const RandomArguments &arguments, int64_t repeat,
                     Times &out) {
  constexpr int warmUp = 2;
  constexpr double enoughSeconds = 1;
  constexpr size_t leastRuns = 10, mostRuns = 10'000;
  for (int i = 0; i < warmUp; ++i)
    if (Error error = runOnce(model, entry, arguments))
      return error;
  std::vector<double> times;
  auto isEnough = [&, start = Clock::now()] {
    if (repeat > 0)
      return times.size() == static_cast<size_t>(repeat);
    return times.size() >= mostRuns ||
           (times.size() >= leastRuns && secondsSince(start) > enoughSeconds);
  };
  double before = processorSeconds();
  while (!isEnough()) {
    Clock::time_point start = Clock::now();
    if (Error error = runOnce(model, entry, arguments))
      return error;
    times.push_back(secondsSince(start) * 1000);
  }
  out.processor =
      (processorSeconds() - before) * 1000 / static_cast<double>(times.size());
  std::sort(times.begin(), times.end());
  size_t middle = times.size() / 2;
  out.least = times.front();
  out.median = times.size() % 2 ? times[middle]
                                : (times[middle - 1] + times[middle]) / 2;
  out.mean = std::accumulate(times.begin(), times.end(), 0.0) /
             static_cast<double>(times.size());
  out.repeats = times.size();
  return Error::success();
}

static void print(const Program &program, const EntryInfo &entry,
                  const std::vector<int64_t> &dims, const Where &where,
                  const Times &times, bool asJson) {
  std::string sizes;
  for (size_t i = 0; i < dims.size(); ++i)
    append(sizes, asJson ? text(i > 0 ? "," : "", quoteJson(entry.symbols[i]),
                                ':', dims[i])
                         : text(", ", entry.symbols[i], " = ", dims[i]));
  if (asJson)
    std::printf("{\"model\":%s,\"entry\":%s,\"dims\":{%s},\"threads\":%d,"
                "%s\"repeats\":%zu,\"min_ms\":%.6f,\"median_ms\":%.6f,"
                "\"mean_ms\":%.6f,\"processor_ms\":%.6f,"
                "\"memory_mb\":%.2f}\n",
                quoteJson(program.info.name).c_str(),
                quoteJson(entry.name).c_str(), sizes.c_str(), where.threads,
                where.json().c_str(), times.repeats, times.least, times.median,
                times.mean, times.processor, mostMemory());
  else
    std::printf("%s%s, %s: min %.4f ms, median %.4f ms, mean %.4f "
                "ms, %zu runs; %.1f MB of memory\n",
                entry.name.c_str(), sizes.c_str(), where.str().c_str(),
                times.least, times.median, times.mean, times.repeats,
                mostMemory());
}

int maek::runtime::runBench(const Program &program, Arguments arguments) {
  CommandLine line = program.commandLine(
      "bench", "Times an entry on random input, after warm-up runs.");
  line.add("entry", "NAME", "forward, evaluate or train_step (forward)");
  addBatchOption(line, program);
  addDimOption(line);
  addDeviceOption(line);
  addThreadsOption(line);
  line.add("repeat", "N", "timed runs (ten, and more for a second)");
  line.addFlag("json", "print one line of JSON");
  if (std::optional<int> code = line.parse(arguments))
    return *code;
  std::string name = line.string("entry", kForward);
  std::optional<size_t> entry = program.info.findEntry(name);
  int64_t batch = readBatch(line, program);
  int64_t threads = line.count("threads", 0, 1, 1024);
  DeviceChoice device = readDevice(line);
  int64_t repeat = line.count("repeat", 0, 1, 1'000'000);
  std::vector<int64_t> dims;
  if (entry) {
    dims = readDims(line, program.info.entries[*entry], batch);
  } else {
    std::vector<std::string_view> names;
    for (const EntryInfo &info : program.info.entries)
      names.push_back(info.name);
    std::string known;
    for (std::string_view other : names)
      append(known, text(known.empty() ? "; it has " : ", ", other));
    std::string hint = suggest(name, names);
    line.complain("the model has no entry '", name, "'",
                  hint.empty() ? known : hint);
  }
  if (std::optional<int> code = line.check())
    return *code;

  int used = applyThreads(threads);
  Expected<std::unique_ptr<Model>> model = makeModel(program, device, 0);
  if (!model)
    return report(program, model.takeError());
  const EntryInfo &info = program.info.entries[*entry];
  RandomArguments random;
  if (Error error = makeArguments(info, dims, random))
    return report(program, error);
  if (std::optional<size_t> capacity = info.findCapacity())
    (*model)->resetCarried(*entry, dims[*capacity]);
  Times times;
  if (Error error = measure(**model, *entry, random, repeat, times))
    return report(program, error);
  Where where{(*model)->device(), used};
  print(program, info, dims, where, times, line.flag("json"));
  return ExitSuccess;
}
