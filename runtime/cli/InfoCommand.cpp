// Part of Maek, under the MIT licence; see LICENSE.
// `info`: what the program is made of.
#include "runtime/cli/Commands.h"
#include "runtime/core/Json.h"
#include "runtime/core/Placement.h"
#include "runtime/core/Tensor.h"

#include <algorithm>
#include <cstdio>

using namespace maek::runtime;

static std::string portsText(const std::vector<PortInfo> &ports,
                             const EntryInfo &entry) {
  std::string out;
  for (const PortInfo &port : ports) {
    if (port.role == Role::Parameter || port.role == Role::State ||
        port.role == Role::Prepared)
      continue;
    append(out, text(out.empty() ? "" : ", ", port.name, ": ",
                     dtypeName(port.dtype), port.shapeText(entry.symbols)));
  }
  return out;
}

static int64_t totalCount(const std::vector<TensorInfo> &tensors) {
  int64_t total = 0;
  for (const TensorInfo &tensor : tensors)
    total += tensor.count;
  return total;
}

static std::string initText(const InitInfo &init) {
  switch (init.kind) {
  case InitInfo::Kind::Constant:
    return text("= ", init.first);
  case InitInfo::Kind::Uniform:
    return text("~ uniform(", init.first, ", ", init.second, ")");
  case InitInfo::Kind::Normal:
    return text("~ normal(", init.first, ", ", init.second, ")");
  }
  return "";
}

// How many there are, and which if `lists` says so.
static void printTensors(const char *title,
                         const std::vector<TensorInfo> &tensors, bool lists) {
  if (tensors.empty())
    return;
  std::printf("%s%s: %zu tensors, %lld numbers%s\n", lists ? "\n" : "", title,
              tensors.size(), static_cast<long long>(totalCount(tensors)),
              lists ? "" : "; --tensors lists them");
  if (!lists)
    return;
  size_t width = 0, shapeWidth = 0;
  auto shape = [](const TensorInfo &tensor) {
    return dtypeName(tensor.dtype) + shapeText(tensor.shape);
  };
  for (const TensorInfo &tensor : tensors) {
    width = std::max(width, tensor.name.size());
    shapeWidth = std::max(shapeWidth, shape(tensor).size());
  }
  for (const TensorInfo &tensor : tensors)
    std::printf("  %-*s  %-*s  %10lld  %s\n", static_cast<int>(width),
                tensor.name.c_str(), static_cast<int>(shapeWidth),
                shape(tensor).c_str(), static_cast<long long>(tensor.count),
                initText(tensor.init).c_str());
}

static void printMemory(const std::vector<SlotInfo> &memory,
                        const char *indent) {
  for (const SlotInfo &slot : memory)
    std::printf("%smemory %s: %s bytes\n", indent, slot.slot.c_str(),
                slot.bytes.c_str());
}

static void printEntry(const EntryInfo &entry, bool listsMemory) {
  std::printf("\nentry %s(%s)\n", entry.name.c_str(),
              portsText(entry.arguments, entry).c_str());
  std::string results = portsText(entry.results, entry);
  if (!results.empty())
    std::printf("  -> %s\n", results.c_str());
  if (listsMemory)
    printMemory(entry.memory, "  ");
}

static void printHead(const ModuleInfo &info) {
  std::printf("%s\n", info.name.c_str());
  if (!info.source.empty())
    std::printf("  source     %s\n", info.source.c_str());
  std::printf("  target     %s\n  precision  %s\n  versions  ",
              info.target.c_str(), info.precision.c_str());
  for (const auto &[name, version] : info.versions)
    std::printf(" %s %s,", name.c_str(), version.c_str());
  std::printf(" module ABI %u\n", MAEK_MODULE_ABI);
  const SettingsInfo &settings = info.settings;
  std::string line;
  auto add = [&](const char *name, const auto &value) {
    append(line, text(line.empty() ? "" : ", ", name, ' ', value));
  };
  if (!settings.data.empty())
    add("data", settings.data);
  if (settings.batch)
    add("batch", *settings.batch);
  if (settings.accumulate)
    add("accumulate", *settings.accumulate);
  if (settings.epochs)
    add("epochs", *settings.epochs);
  if (settings.lr)
    add("lr", *settings.lr);
  if (settings.seed)
    add("seed", *settings.seed);
  if (!line.empty())
    std::printf("  training   %s\n", line.c_str());
  line = settings.optimizer;
  if (!settings.schedule.empty())
    add("schedule", settings.schedule);
  if (settings.clipNorm)
    add("clip_norm", *settings.clipNorm);
  if (settings.average)
    add("average", *settings.average);
  if (!line.empty())
    std::printf("  optimizer  %s\n", line.c_str());
}

// The entries' arenas for the sizes on the command line.
static int printArenas(const Program &program, CommandLine &line,
                       const DeviceChoice &device, int64_t batch) {
  const std::vector<EntryInfo> &entries = program.info.entries;
  std::vector<std::vector<int64_t>> sizesOf;
  for (const EntryInfo &entry : entries)
    sizesOf.push_back(readDims(line, entry, batch, entries));
  if (std::optional<int> code = line.check())
    return *code;
  Expected<std::unique_ptr<Model>> model = makeModel(program, device, 0);
  if (!model)
    return report(program, model.takeError());
  std::string lines;
  for (size_t i = 0; i < entries.size(); ++i) {
    const EntryInfo &entry = entries[i];
    const std::vector<int64_t> &dims = sizesOf[i];
    std::string sizes;
    for (size_t s = 0; s < dims.size(); ++s)
      append(sizes,
             text(s > 0 ? ", " : " at ", entry.symbols[s], " = ", dims[s]));
    int64_t bytes = (*model)->arenaSize(i, dims);
    if (bytes < 0)
      return report(
          program,
          makeError(MAEK_INVALID_ARGUMENT, "entry '", entry.name, "'", sizes,
                    ": a tensor would have more than 2^31 - 1 numbers"));
    append(lines,
           text("arena of ", entry.name, sizes, ": ", bytes, " bytes\n"));
  }
  std::printf("\n%s", lines.c_str());
  return ExitSuccess;
}

namespace {
/// What is long, and shown if asked for.
struct Lists {
  bool tensors, memory, kernels;
};
} // namespace

// What the program has code for, and what of that is there.
static Error printDevices(const maek_module_t &module) {
  Expected<std::vector<DeviceNeeds>> variants = listVariants(module);
  if (!variants)
    return variants.takeError();
  std::string line;
  for (const DeviceNeeds &needs : *variants)
    append(line, text(line.empty() ? "" : ", ", needs.str()));
  if (line.empty())
    return Error::success();
  std::printf("  devices    %s\n", line.c_str());
  for (DeviceKind kind : {DeviceKind::Cuda, DeviceKind::OpenCl}) {
    const char *name = kindName(kind);
    if (std::ranges::none_of(*variants, [&](const DeviceNeeds &needs) {
          return needs.kind == name;
        }))
      continue;
    Expected<std::vector<DeviceDescription>> found = listDevices(kind);
    if (!found) {
      std::string why(found.takeError().message());
      std::printf("    %-9s%s\n", name, why.c_str());
      continue;
    }
    for (const DeviceDescription &about : *found)
      std::printf("    %-9s%s, %s, %.1f GB\n", about.name.c_str(),
                  about.product.c_str(), about.capability.c_str(),
                  static_cast<double>(about.memory) * 1e-9);
    if (found->empty())
      std::printf("    %-9sthere is none\n", name);
  }
  return Error::success();
}

static void printAll(const ModuleInfo &info, const Lists &lists) {
  if (!lists.tensors)
    std::printf("\n");
  printTensors("parameters", info.parameters, lists.tensors);
  printTensors("states", info.states, lists.tensors);
  for (const EntryInfo &entry : info.entries)
    printEntry(entry, lists.memory);
  if (!info.kernels.empty())
    std::printf("\nkernels: %zu%s\n", info.kernels.size(),
                lists.kernels ? "" : "; --kernels lists them");
  if (lists.kernels)
    for (const std::string &kernel : info.kernels)
      std::printf("  %s\n", kernel.c_str());
  if (!lists.memory || info.memory.empty())
    return;
  std::printf("\n");
  printMemory(info.memory, "");
}

int maek::runtime::runInfo(const Program &program, Arguments arguments) {
  CommandLine line = program.commandLine(
      "info", "Prints what the program is made of: entries, tensors, memory.");
  line.addFlag("tensors", "list parameters and states");
  line.addFlag("memory", "list what each entry keeps while it runs");
  line.addFlag("kernels", "list the kernels");
  line.addFlag("json", "print the module's description as JSON");
  line.addFlag("arena", "print each entry's working memory in bytes");
  addBatchOption(line, program);
  addDimOption(line);
  line.add("device", "NAME", "whose working memory, as of train (cpu)");
  if (std::optional<int> code = line.parse(arguments))
    return *code;
  int64_t batch = readBatch(line, program);
  DeviceChoice device = readDevice(line);
  if (!device.name)
    device.name = "cpu";
  if (std::optional<int> code = line.check())
    return *code;
  const ModuleInfo &info = program.info;
  if (line.flag("json")) {
    std::printf("{\"parameter_count\":%lld,\"abi\":%d,\"module\":%.*s}\n",
                static_cast<long long>(totalCount(info.parameters)),
                MAEK_ABI_VERSION, static_cast<int>(program.module->json_size),
                program.module->json);
    return ExitSuccess;
  }
  if (line.flag("arena"))
    return printArenas(program, line, device, batch);
  printHead(info);
  if (Error error = printDevices(*program.module))
    return report(program, error);
  printAll(info,
           {line.flag("tensors"), line.flag("memory"), line.flag("kernels")});
  return ExitSuccess;
}
