// Part of Maek, under the MIT licence; see LICENSE.
// `predict`: the forward entry on .npy files or a picture, a batch at a time.
#include "runtime/cli/Commands.h"
#include "runtime/cli/PredictInputs.h"
#include "runtime/core/Files.h"
#include "runtime/core/Names.h"
#include "runtime/data/Batches.h"
#include "runtime/data/Npy.h"

#include <algorithm>

using namespace maek::runtime;

namespace {
/// A port of the entry with the file that it is read from or written to.
struct Bound {
  const PortInfo *port;
  size_t index; ///< in the entry's results
  std::string path;
};

/// What one input holds.
struct Input {
  const Bound *bound;
  NpyArray array;
  bool isBatched;
};

/// The classes that are printed: of which result, how many, their names.
struct Classes {
  size_t result = 0;
  int64_t top = 0; ///< 0: none
  std::vector<std::string> names;
};
} // namespace

// Assigns paths to ports: "NAME=PATH", or just "PATH" where there is one port.
static std::vector<Bound> bindPaths(CommandLine &line, const char *option,
                                    const std::vector<PortInfo> &ports,
                                    Role role) {
  std::vector<Bound> bound;
  std::vector<std::string_view> names;
  for (size_t i = 0; i < ports.size(); ++i)
    if (ports[i].role == role) {
      bound.push_back({&ports[i], i, ""});
      names.push_back(ports[i].name);
    }
  for (const std::string &value : line.list(option)) {
    size_t equals = value.find('=');
    std::string name = value.substr(0, equals);
    auto at = std::find_if(bound.begin(), bound.end(), [&](const Bound &one) {
      return equals != std::string::npos && one.port->name == name;
    });
    std::string path = value;
    if (at != bound.end()) {
      path = value.substr(equals + 1);
    } else if (bound.size() == 1 && equals == std::string::npos) {
      at = bound.begin();
    } else if (equals == std::string::npos) {
      line.complain("option '--", option, "' needs NAME=FILE, found '", value,
                    "'");
      continue;
    } else {
      line.complain("the model has no ", roleName(role), " '", name, "'",
                    suggest(name, names));
      continue;
    }
    if (!at->path.empty())
      line.complain("option '--", option, "' names '", at->port->name,
                    "' twice");
    if (path.empty())
      line.complain("option '--", option, "' needs a file for '",
                    at->port->name, "'");
    at->path = path;
  }
  return bound;
}

static Error readInputs(const std::vector<Bound> &bound, const EntryInfo &entry,
                        std::vector<Input> &inputs, int64_t &examples) {
  const Input *first = nullptr;
  inputs.reserve(bound.size());
  for (const Bound &one : bound) {
    const PortInfo &port = *one.port;
    Expected<NpyArray> array = readInput(one.path, port, entry);
    if (!array)
      return array.takeError();
    bool fits = array->shape.size() == port.shape.size();
    for (size_t axis = 0; fits && axis < port.shape.size(); ++axis)
      fits = !port.shape[axis].isStatic() ||
             port.shape[axis].factor == array->shape[axis];
    if (!fits || array->dtype != port.dtype)
      return makeError(MAEK_BAD_FILE, one.path, ": has ",
                       dtypeName(array->dtype), shapeText(array->shape), "; ",
                       roleName(port.role), " '", port.name, "' needs ",
                       dtypeName(port.dtype), port.shapeText(entry.symbols));
    inputs.push_back({&one, std::move(*array), hasBatchAxis(port, entry)});
    Input &input = inputs.back();
    if (!input.isBatched)
      continue;
    if (input.array.shape[0] < 1)
      return makeError(MAEK_BAD_FILE, one.path, ": has no examples");
    if (first && input.array.shape[0] != examples)
      return makeError(MAEK_BAD_FILE, one.path, ": has ", input.array.shape[0],
                       " examples, but ", first->bound->path, " has ",
                       examples);
    examples = input.array.shape[0];
    first = &input;
  }
  return Error::success();
}

// Creates the outputs' files with headers for all examples, once the first
// batch has told the shapes.
static Error openOutputs(const Model &model, size_t entry,
                         const std::vector<Bound> &bound, int64_t examples,
                         std::vector<AtomicFile> &files) {
  for (const Bound &one : bound) {
    maek_tensor_t result = model.result(entry, one.index);
    std::vector<int64_t> shape(result.shape, result.shape + result.rank);
    if (hasBatchAxis(*one.port, model.module().entries[entry]))
      shape[0] = examples;
    Expected<AtomicFile> file = AtomicFile::create(one.path);
    if (!file)
      return file.takeError();
    if (Error error = file->write(makeNpyHeader(result.dtype, shape)))
      return error;
    files.push_back(std::move(*file));
  }
  return Error::success();
}

static Error predict(Model &model, size_t entry,
                     const std::vector<Bound> &inputPaths,
                     const std::vector<Bound> &outputPaths,
                     const Classes &classes, int64_t batch) {
  const EntryInfo &info = model.module().entries[entry];
  std::vector<Input> inputs;
  int64_t examples = 1;
  if (Error error = readInputs(inputPaths, info, inputs, examples))
    return error;
  // What has no batch axis cannot be put together from parts.
  for (const Bound &one : outputPaths)
    if (!hasBatchAxis(*one.port, info))
      batch = examples;
  std::vector<AtomicFile> files;
  files.reserve(outputPaths.size());
  for (int64_t done = 0; done < examples;) {
    int64_t count = std::min(batch, examples - done);
    std::vector<maek_tensor_t> arguments;
    std::vector<std::vector<int64_t>> shapes;
    shapes.reserve(inputs.size());
    for (Input &input : inputs) {
      std::vector<int64_t> &shape = shapes.emplace_back(input.array.shape);
      std::byte *data = input.array.data.data();
      if (input.isBatched) {
        data += input.array.data.size() / static_cast<size_t>(shape[0]) *
                static_cast<size_t>(done);
        shape[0] = count;
      }
      arguments.push_back({input.bound->port->name.c_str(), input.array.dtype,
                           static_cast<int32_t>(shape.size()), shape.data(),
                           data});
    }
    if (Error error = model.run(entry, arguments))
      return error;
    if (done == 0)
      if (Error error = openOutputs(model, entry, outputPaths, examples, files))
        return error;
    for (size_t i = 0; i < outputPaths.size(); ++i) {
      maek_tensor_t result = model.result(entry, outputPaths[i].index);
      std::span<const int64_t> shape(result.shape,
                                     static_cast<size_t>(result.rank));
      if (Error error = files[i].write(
              result.data,
              static_cast<size_t>(*countBytes(shape, result.dtype))))
        return error;
    }
    if (classes.top > 0)
      printClasses(model.result(entry, classes.result), classes.top,
                   classes.names, done, examples > 1);
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
  addThreadsOption(line);
  if (std::optional<int> code = line.parse(arguments))
    return *code;
  std::optional<size_t> entry = program.info.findEntry("forward");
  if (!entry)
    return report(program, makeError(MAEK_INVALID_ARGUMENT,
                                     "the model has no forward entry"));
  const EntryInfo &info = program.info.entries[*entry];
  std::string weights = line.required("weights");
  std::vector<Bound> inputs =
      bindPaths(line, "input", info.arguments, Role::Input);
  std::vector<Bound> outputs =
      bindPaths(line, "output", info.results, Role::Output);
  int64_t batch = readBatch(line, program);
  int64_t threads = line.count("threads", 0, 1, 1024);
  for (const Bound &one : inputs)
    if (one.path.empty())
      line.complain("option '--input' is needed for '", one.port->name, "'");
  std::erase_if(outputs, [](const Bound &one) { return one.path.empty(); });
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
  Expected<LoadedModel> loaded = loadModel(program, weights);
  if (!loaded)
    return report(program, loaded.takeError());
  if (Error error =
          predict(*loaded->model, *entry, inputs, outputs, classes, batch))
    return report(program, error);
  return ExitSuccess;
}
