// Part of Maek, under the MIT licence; see LICENSE.
// Options that several commands share.
#include "runtime/cli/Commands.h"
#include "runtime/core/Defaults.h"
#include "runtime/core/Kernels.h"
#include "runtime/core/Names.h"
#include "runtime/core/Placement.h"
#include "runtime/data/Dataset.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>

using namespace maek::runtime;

std::string maek::runtime::readWeights(CommandLine &line,
                                       const Program &program) {
  return program.info.parameters.empty() ? line.string("weights")
                                         : line.required("weights");
}

Expected<std::unique_ptr<Model>>
maek::runtime::makeModel(const Program &program, const DeviceChoice &device,
                         uint64_t seed) {
  Expected<Placement> place = placeModel(*program.module, device.name);
  if (!place)
    return place.takeError();
  Expected<std::unique_ptr<Model>> model =
      Model::create(*place->module, seed, 0, std::move(place->device));
  if (!model)
    return model.takeError();
  bool isChosen = program.module->num_variants > 0 && device.name != "cpu";
  if (isChosen && !device.isQuiet)
    std::fprintf(stderr, "%s: runs on %s%s%s\n", program.name.c_str(),
                 placeName(**model).c_str(),
                 place->passedOver.empty() ? "" : ": ",
                 place->passedOver.c_str());
  return model;
}

Expected<LoadedModel>
maek::runtime::loadModel(const Program &program, const DeviceChoice &device,
                         const std::string &weights,
                         std::span<const std::string> fresh) {
  Expected<std::unique_ptr<Model>> model = makeModel(program, device, 0);
  if (!model)
    return model.takeError();
  if (weights.empty())
    return LoadedModel{std::move(*model), {}};
  Expected<Metadata> metadata = (*model)->load(weights, false, fresh);
  if (!metadata)
    return metadata.takeError();
  Expected<const TensorInfo *> bad = (*model)->findNotFinite();
  if (!bad)
    return bad.takeError();
  if (*bad)
    std::fprintf(stderr,
                 "%s: warning: %s: '%s' has numbers that are not finite, so "
                 "what comes of it means nothing\n",
                 program.name.c_str(), weights.c_str(), (*bad)->name.c_str());
  return LoadedModel{std::move(*model), std::move(*metadata)};
}

int maek::runtime::report(const Program &program, const Error &error) {
  std::fprintf(stderr, "%s: error: %.*s\n", program.name.c_str(),
               static_cast<int>(error.message().size()),
               error.message().data());
  return ExitError;
}

void maek::runtime::addBatchOption(CommandLine &line, const Program &program) {
  line.add("batch", "N",
           text("examples at a time (",
                program.info.settings.batch.value_or(kDefaultBatch), ")"));
}

int64_t maek::runtime::readBatch(CommandLine &line, const Program &program) {
  int64_t otherwise = program.info.settings.batch.value_or(kDefaultBatch);
  return line.count("batch", otherwise, 1, maxCount);
}

bool maek::runtime::isSameFile(const std::string &a, const std::string &b) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (a == b || fs::equivalent(a, b, error))
    return true;
  // Files that are not there yet: two spellings of one name.
  auto spell = [&](const std::string &path) {
    return fs::weakly_canonical(fs::absolute(path, error), error);
  };
  fs::path one = spell(a), other = spell(b);
  return !one.empty() && one == other;
}

void maek::runtime::checkDistinct(CommandLine &line,
                                  std::initializer_list<const char *> files) {
  for (const char *const *a = files.begin(); a != files.end(); ++a)
    for (const char *const *b = files.begin(); b != a; ++b) {
      std::string one = line.string(*b), other = line.string(*a);
      if (!one.empty() && isSameFile(one, other))
        line.complain("options '--", *b, "' and '--", *a,
                      "' name the same file, '", other, "'");
    }
}

Error maek::runtime::checkKeepsData(const std::string &written,
                                    const Dataset &data) {
  for (const Column &column : data.columns)
    if (!written.empty() && isSameFile(written, column.file))
      return makeError(MAEK_IO_ERROR, written,
                       ": a file of the data set; nothing is written over it");
  return Error::success();
}

void maek::runtime::addDeviceOption(CommandLine &line) {
  line.add("device", "NAME",
           "cpu, cuda, cuda:N, opencl or opencl:N (the first device that the "
           "program has code for and that is there, else cpu)");
}

DeviceChoice maek::runtime::readDevice(CommandLine &line) {
  DeviceChoice choice;
  choice.isQuiet = line.flag("quiet");
  if (!line.has("device"))
    return choice;
  choice.name = line.string("device");
  Expected<DeviceName> parsed = parseDeviceName(*choice.name);
  if (!parsed)
    line.complain("option '--device': ", parsed.takeError().message());
  return choice;
}

void maek::runtime::addThreadsOption(CommandLine &line) {
  line.add("threads", "N", "threads of the kernels (one for each core)");
}

int maek::runtime::applyThreads(int64_t threads) {
  setKernelThreads(static_cast<int>(threads));
  return kernelThreads();
}

void maek::runtime::addDataOptions(CommandLine &line, const Program &program) {
  const std::string &data = program.info.settings.data;
  line.add(
      "data", "NAME",
      text("data set: fashion_mnist, mnist, adding, copy, reverse, sort "
           "(each of these four with arguments, as 'copy(delay = 50)'), or "
           "npy for files train-TENSOR.npy and test-TENSOR.npy, or "
           "text(file = \"FILE\", length = N)",
           data.empty() ? "" : text(" (", data, ")")));
  line.add("data-dir", "DIR", "folder of the data set's files");
}

std::string maek::runtime::readDataName(CommandLine &line,
                                        const std::string &otherwise) {
  std::string name = line.string("data", otherwise);
  if (name.empty())
    line.complain("the model names no data set; option '--data' is needed");
  return name;
}

void maek::runtime::addDimOption(CommandLine &line) {
  line.addList("dim", "NAME=SIZE", "value of a dynamic size, as T=100");
}

std::vector<int64_t>
maek::runtime::readDims(CommandLine &line, const EntryInfo &entry,
                        int64_t batch, std::span<const EntryInfo> others) {
  std::vector<int64_t> dims(entry.symbols.size(), 0);
  std::vector<std::string_view> known(entry.symbols.begin(),
                                      entry.symbols.end());
  if (std::optional<size_t> symbol = entry.findSymbol(batchSymbol))
    dims[*symbol] = batch;
  for (const std::string &dim : line.list("dim")) {
    size_t equals = dim.find('=');
    std::string name = dim.substr(0, equals);
    std::optional<size_t> symbol = entry.findSymbol(name);
    int64_t size = 0;
    if (equals != std::string::npos) {
      const char *begin = dim.data() + equals + 1;
      const char *end = dim.data() + dim.size();
      auto [stop, status] = std::from_chars(begin, end, size);
      if (status != std::errc() || stop != end)
        size = 0;
    }
    if (size < 1 || size > maxCount)
      line.complain("option '--dim' needs NAME=SIZE with a size from 1 to ",
                    maxCount, ", found '", dim, "'");
    else if (symbol)
      dims[*symbol] = size;
    else if (std::none_of(others.begin(), others.end(), [&](const auto &other) {
               return other.findSymbol(name).has_value();
             }))
      line.complain("entry '", entry.name, "' has no size '", name, "'",
                    suggest(name, known));
  }
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] == 0)
      line.complain("entry '", entry.name, "' needs the size ",
                    entry.symbols[i], ": give --dim ", entry.symbols[i],
                    "=SIZE");
  return dims;
}
