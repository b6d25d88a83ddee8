// Part of Maek, under the MIT licence; see LICENSE.
// `calibrate`: which numbers products meet, so that weights of f32 become
// weights of a program whose products multiply codes.
#include "runtime/cli/Evaluation.h"
#include "runtime/core/EntryNames.h"

#include <algorithm>

using namespace maek::runtime;

/// So many show what the largest numbers are.
static constexpr int64_t defaultExamples = 1024;

static bool isRange(const TensorInfo &parameter) {
  return findRanged(parameter.name).has_value();
}

/// Observes from the start.
static Error clearRanges(Model &model) {
  const float nothing = 0;
  for (const TensorInfo &parameter : model.module().parameters) {
    maek_tensor_t zero = {parameter.name.c_str(), parameter.dtype, 0, nullptr,
                          const_cast<float *>(&nothing)};
    if (isRange(parameter))
      if (Error error = model.setParameter(zero))
        return error;
  }
  return Error::success();
}

/// Whether the ranges are of use, and the weights.
static Error checkObserved(Model &model) {
  Expected<const TensorInfo *> bad = model.findNotFinite();
  if (!bad)
    return bad.takeError();
  std::optional<std::string_view> weights =
      *bad ? findRanged((*bad)->name) : std::nullopt;
  if (!weights)
    return model.checkParameters();
  return makeError(MAEK_NOT_FINITE, "a product multiplies '", *weights,
                   "' by numbers that are not finite in these examples");
}

/// Of a program without products that multiply codes.
static Error noRanges(const ModuleInfo &info) {
  return makeError(MAEK_INVALID_ARGUMENT,
                   "no product of the program multiplies codes",
                   info.precision == "int8"
                       ? ", so it takes the weights as they are; 'maek build "
                         "--remarks=missed' says why"
                       : "; 'maek build --precision=int8' makes one that may");
}

static Error observe(const Program &program, LoadedModel &loaded,
                     const std::string &output,
                     const EvaluationOptions &options) {
  size_t entry = *program.info.findEntry(kReference);
  const EntryInfo &ports = program.info.entries[entry];
  Expected<Dataset> data = loadDataset(options.data, options.folder,
                                       Split::Train, ports, loaded.metadata);
  if (!data)
    return data.takeError();
  if (Error error = checkKeepsData(output, *data))
    return error;
  Expected<Batches> batches = Batches::create(ports, *data, options.batch);
  if (!batches)
    return batches.takeError();
  Expected<std::vector<uint32_t>> chosen = chooseExamples(
      data->count, std::min(options.examples, data->count), options.seed);
  if (!chosen)
    return chosen.takeError();
  if (Error error = clearRanges(*loaded.model))
    return error;
  Meter meter(program.info, entry);
  EvaluationConsole console(options.quiet);
  Expected<Outcome> outcome = evaluate(*loaded.model, entry, *batches, *chosen,
                                       options.batch, meter, console);
  return outcome ? checkObserved(*loaded.model) : outcome.takeError();
}

int maek::runtime::runCalibrate(const Program &program, Arguments arguments) {
  CommandLine line = program.commandLine(
      "calibrate",
      "Reads weights and training examples, and writes the weights with the "
      "ranges of what products multiply them by, which a program of int8 "
      "needs. Prints loss and metrics on the test examples, in f32 and in "
      "int8.");
  line.add("weights", "FILE", "safetensors file to read");
  line.add("output", "FILE", "safetensors file to write");
  addEvaluationOptions(line, program,
                       text("training examples to look at, drawn by the seed (",
                            defaultExamples, ")"));
  if (std::optional<int> code = line.parse(arguments))
    return *code;
  std::string weights = line.required("weights");
  std::string output = line.required("output");
  checkDistinct(line, {"weights", "output"});
  EvaluationOptions options =
      readEvaluationOptions(line, program, defaultExamples);
  if (std::optional<int> code = line.check())
    return *code;

  const std::vector<TensorInfo> &parameters = program.info.parameters;
  if (std::none_of(parameters.begin(), parameters.end(), isRange))
    return report(program, noRanges(program.info));
  applyThreads(options.threads);
  const std::string ranges[] = {std::string("*") + kRangeSuffix};
  Expected<LoadedModel> loaded =
      loadModel(program, options.device, weights, ranges);
  if (!loaded)
    return report(program, loaded.takeError());
  Expected<Metadata> about = readAbout(loaded->metadata, weights);
  if (!about)
    return report(program, about.takeError());
  // Of some models there are no figures.
  bool isEvaluated = !checkEvaluation(program, /*compares=*/true);
  Expected<Dataset> tests = loadTests(program, *loaded, options);
  if (Error error = tests ? checkKeepsData(output, *tests) : Error::success())
    return report(program, error);
  if (Error error = observe(program, *loaded, output, options))
    return report(program, error);
  if (Error error = loaded->model->save(output, *about))
    return report(program, error);
  if (!isEvaluated)
    return ExitSuccess;
  if (!tests)
    return report(program, tests.takeError());
  options.examples = 0;
  options.compares = true;
  if (Error error =
          printEvaluation(program, *loaded, std::move(*tests), options))
    return report(program, error);
  return ExitSuccess;
}
