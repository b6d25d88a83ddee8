// Part of Maek, under the MIT licence; see LICENSE.
// `predict`: the forward entry on .npy files or a picture, a batch at a time.
#include "runtime/cli/Commands.h"
#include "runtime/cli/PortFiles.h"
#include "runtime/core/EntryNames.h"
#include "runtime/core/Files.h"
#include "runtime/data/Batches.h"
#include "runtime/data/Npy.h"

#include <algorithm>

using namespace maek::runtime;

namespace {
/// The classes that are printed: of which result, how many, their names.
struct Classes {
  size_t result = 0;
  int64_t top = 0; ///< 0: none
  std::vector<std::string> names;
};
} // namespace

// Creates the outputs' files with headers for all examples, once the first
// batch has told the shapes.
static Error openOutputs(Model &model, size_t entry,
                         const std::vector<PortFile> &bound, int64_t examples,
                         std::vector<AtomicFile> &files) {
  for (const PortFile &one : bound) {
    Expected<maek_tensor_t> result = model.result(entry, one.index);
    if (!result)
      return result.takeError();
    std::vector<int64_t> shape(result->shape, result->shape + result->rank);
    if (hasBatchAxis(*one.port, model.module().entries[entry]))
      shape[0] = examples;
    Expected<AtomicFile> file = AtomicFile::create(one.path);
    if (!file)
      return file.takeError();
    if (Error error = file->write(makeNpyHeader(result->dtype, shape)))
      return error;
    files.push_back(std::move(*file));
  }
  return Error::success();
}

static Error predict(Model &model, size_t entry,
                     const std::vector<PortFile> &inputPaths,
                     const std::vector<PortFile> &outputPaths,
                     const Classes &classes, int64_t batch) {
  const EntryInfo &info = model.module().entries[entry];
  Expected<FileInputs> inputs = FileInputs::read(inputPaths, info);
  if (!inputs)
    return inputs.takeError();
  int64_t examples = inputs->examples();
  // What has no batch axis cannot be put together from parts.
  for (const PortFile &one : outputPaths)
    if (!hasBatchAxis(*one.port, info))
      batch = examples;
  std::vector<AtomicFile> files;
  files.reserve(outputPaths.size());
  for (int64_t done = 0; done < examples;) {
    int64_t count = std::min(batch, examples - done);
    if (Error error = model.run(entry, inputs->slice(done, count)))
      return error;
    if (done == 0)
      if (Error error = openOutputs(model, entry, outputPaths, examples, files))
        return error;
    for (size_t i = 0; i < outputPaths.size(); ++i) {
      Expected<maek_tensor_t> result =
          model.result(entry, outputPaths[i].index);
      if (!result)
        return result.takeError();
      std::span<const int64_t> shape(result->shape,
                                     static_cast<size_t>(result->rank));
      if (Error error = files[i].write(
              result->data,
              static_cast<size_t>(*countBytes(shape, result->dtype))))
        return error;
    }
    if (classes.top > 0) {
      Expected<maek_tensor_t> scores = model.result(entry, classes.result);
      if (!scores)
        return scores.takeError();
      printClasses(*scores, classes.top, classes.names, done, examples > 1);
    }
    done += count;
  }
  for (AtomicFile &file : files)
    if (Error error = file.commit())
      return error;
  return Error::success();
}

// Printed if asked for, and where no file is written. Complains if the model
// has no single output that is a score for each class.
static Classes readClasses(CommandLine &line, const EntryInfo &info,
                           bool hasOutput) {
  Classes classes;
  constexpr int64_t usual = 5;
  bool isAsked = line.has("top") || line.has("labels");
  if (hasOutput && !isAsked)
    return classes;
  size_t found = 0;
  for (size_t i = 0; i < info.results.size(); ++i)
    if (info.results[i].role == Role::Output &&
        isClassScores(info.results[i], info)) {
      classes.result = i;
      ++found;
    }
  classes.top = line.count("top", usual, 1, maxCount);
  if (found == 1)
    return classes;
  if (isAsked)
    line.complain("classes need one output [B, classes], the model has ",
                  found);
  else
    line.complain("option '--output' is needed");
  return classes;
}

int maek::runtime::runPredict(const Program &program, Arguments arguments) {
  CommandLine line = program.commandLine(
      "predict",
      "Runs the model on .npy files or a picture; writes its outputs "
      "or prints the likeliest classes.");
  line.add("weights", "FILE", "safetensors file to use");
  line.addList("input", "[NAME=]FILE",
               ".npy file of an input, or a PNG or JPEG file, which is scaled "
               "and cut to the input's height and width");
  line.addList("output", "[NAME=]FILE", ".npy file for an output");
  line.add("top", "N",
           "print the N likeliest classes and their probabilities (5 where "
           "there is no --output)");
  line.add("labels", "FILE", "the classes' names, one a line");
  addBatchOption(line, program);
  addDeviceOption(line);
  addThreadsOption(line);
  if (std::optional<int> code = line.parse(arguments))
    return *code;
  std::optional<size_t> entry = program.info.findEntry(kForward);
  if (!entry)
    return report(program, makeError(MAEK_INVALID_ARGUMENT,
                                     "the model has no forward entry"));
  const EntryInfo &info = program.info.entries[*entry];
  std::string weights = readWeights(line, program);
  std::vector<PortFile> inputs =
      bindFiles(line, "input", info.arguments, Role::Input);
  std::vector<PortFile> outputs =
      bindFiles(line, "output", info.results, Role::Output);
  int64_t batch = readBatch(line, program);
  int64_t threads = line.count("threads", 0, 1, 1024);
  DeviceChoice device = readDevice(line);
  requireFiles(line, inputs);
  std::erase_if(outputs, [](const PortFile &one) { return one.path.empty(); });
  for (size_t i = 0; i < outputs.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (isSameFile(outputs[j].path, outputs[i].path))
        line.complain("two outputs name the same file, '", outputs[i].path,
                      "'");
  for (const PortFile &output : outputs) {
    auto compare = [&](const char *option, const std::string &file) {
      if (!file.empty() && isSameFile(file, output.path))
        line.complain("options '--", option,
                      "' and '--output' name the same file, '", output.path,
                      "'");
    };
    for (const PortFile &input : inputs)
      compare("input", input.path);
    compare("weights", weights);
    compare("labels", line.string("labels"));
  }
  Classes classes = readClasses(line, info, !outputs.empty());
  if (std::optional<int> code = line.check())
    return *code;

  if (classes.top > 0) {
    Expected<std::vector<std::string>> names = readClassNames(
        line.string("labels"), info.results[classes.result].shape[1].factor);
    if (!names)
      return report(program, names.takeError());
    classes.names = std::move(*names);
  }
  applyThreads(threads);
  Expected<LoadedModel> loaded = loadModel(program, device, weights);
  if (!loaded)
    return report(program, loaded.takeError());
  if (Error error =
          predict(*loaded->model, *entry, inputs, outputs, classes, batch))
    return report(program, error);
  return ExitSuccess;
}
