// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/cli/Evaluation.h"
#include "runtime/cli/TrainConsole.h"
#include "runtime/core/EntryNames.h"
#include "runtime/core/Json.h"

#include <cstdio>
#include <unistd.h>

using namespace maek::runtime;

EvaluationConsole::EvaluationConsole(bool quiet)
    : progress(stderr, isatty(STDERR_FILENO) != 0, !quiet) {}

void EvaluationConsole::onEvaluate(int64_t done, int64_t count) {
  if (done == count)
    progress.clear();
  else if (progress.isDue())
    progress.show(text("evaluating  ", done, '/', count));
}

void maek::runtime::addEvaluationOptions(CommandLine &line,
                                         const Program &program,
                                         const std::string &examples) {
  line.add("examples", "N", examples);
  line.add("seed", "N",
           text("of the choice of examples (",
                program.info.settings.seed.value_or(0), ")"));
  addBatchOption(line, program);
  addDataOptions(line, program);
  addDeviceOption(line);
  addThreadsOption(line);
  line.addFlag("json", "print one line of JSON");
  line.addFlag("quiet", "no progress");
}

EvaluationOptions maek::runtime::readEvaluationOptions(CommandLine &line,
                                                       const Program &program,
                                                       int64_t examples) {
  EvaluationOptions options;
  options.data = readDataName(line, program.info.settings.data);
  options.folder = line.string("data-dir");
  options.batch = readBatch(line, program);
  options.examples = line.count("examples", examples, 1, maxCount);
  options.seed = line.seed(
      "seed", static_cast<uint64_t>(program.info.settings.seed.value_or(0)));
  options.asJson = line.flag("json");
  options.quiet = line.flag("quiet");
  options.device = readDevice(line);
  options.threads = line.count("threads", 0, 1, 1024);
  return options;
}

namespace {
/// What an entry is evaluated on.
struct TestExamples {
  Dataset data;
  std::vector<uint32_t> chosen;
};
} // namespace

static Expected<Meter> evaluateEntry(const Program &program, Model &model,
                                     size_t entry, const TestExamples &test,
                                     const EvaluationOptions &options) {
  Expected<Batches> batches =
      Batches::create(program.info.entries[entry], test.data, options.batch);
  if (!batches)
    return batches.takeError();
  Meter meter(program.info, entry);
  EvaluationConsole console(options.quiet);
  Expected<Outcome> outcome = evaluate(model, entry, *batches, test.chosen,
                                       options.batch, meter, console);
  if (!outcome)
    return outcome.takeError();
  return meter;
}

static std::string toJson(const Meter &meter) {
  std::string members;
  for (size_t i = 0; i < meter.size(); ++i)
    members += (i > 0 ? "," : "") + quoteJson(meter.name(i)) + ':' +
               numberJson(meter.value(i));
  return members;
}

static void print(const Meter &meter, const std::string &precision,
                  const Meter *reference, bool asJson) {
  if (asJson) {
    std::string line = text("{\"examples\":", meter.examples());
    if (meter.size() > 0)
      line += ',' + toJson(meter);
    if (reference)
      line += ",\"f32\":{" + toJson(*reference) + '}';
    std::printf("%s}\n", line.c_str());
    return;
  }
  if (reference)
    std::printf("f32   %s\n%-4s  ", meterText(*reference, ", ").c_str(),
                precision.c_str());
  std::printf("%s, %lld examples\n", meterText(meter, ", ").c_str(),
              static_cast<long long>(meter.examples()));
}

Error maek::runtime::checkEvaluation(const Program &program, bool compares) {
  if (!program.info.findEntry(kEvaluate))
    return makeError(MAEK_INVALID_ARGUMENT, "the model has no evaluation");
  if (compares && !program.info.findEntry(kReference))
    return makeError(MAEK_INVALID_ARGUMENT, "the program's products are of ",
                     program.info.precision,
                     ": there is nothing to compare them with");
  return Error::success();
}

Expected<Dataset> maek::runtime::loadTests(const Program &program,
                                           const LoadedModel &loaded,
                                           const EvaluationOptions &options) {
  std::optional<size_t> entry = program.info.findEntry(kEvaluate);
  if (!entry)
    entry = program.info.findEntry(kReference);
  return loadDataset(options.data, options.folder, Split::Test,
                     program.info.entries[*entry], loaded.metadata);
}

Error maek::runtime::printEvaluation(const Program &program,
                                     LoadedModel &loaded, Dataset tests,
                                     const EvaluationOptions &options) {
  size_t entry = *program.info.findEntry(kEvaluate);
  Expected<std::vector<uint32_t>> chosen =
      chooseExamples(tests.count, options.examples, options.seed);
  if (!chosen)
    return chosen.takeError();
  TestExamples test{std::move(tests), std::move(*chosen)};
  Expected<Meter> meter =
      evaluateEntry(program, *loaded.model, entry, test, options);
  if (!meter)
    return meter.takeError();
  if (!options.compares) {
    print(*meter, program.info.precision, nullptr, options.asJson);
    return Error::success();
  }
  // Last: it observes ranges, too.
  Expected<Meter> reference =
      evaluateEntry(program, *loaded.model, *program.info.findEntry(kReference),
                    test, options);
  if (!reference)
    return reference.takeError();
  print(*meter, program.info.precision, &*reference, options.asJson);
  return Error::success();
}
