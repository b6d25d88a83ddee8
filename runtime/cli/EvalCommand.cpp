// Part of Maek, under the MIT licence; see LICENSE.
// `eval`: loss and metrics of saved weights on a data set's test half.
#include "runtime/cli/Commands.h"
#include "runtime/cli/Progress.h"
#include "runtime/cli/TrainConsole.h"
#include "runtime/core/EntryNames.h"
#include "runtime/core/Json.h"

#include <cstdio>
#include <unistd.h>

using namespace maek::runtime;

namespace {
/// Shows how far the evaluation is.
class EvalConsole : public TrainListener {
public:
  explicit EvalConsole(bool quiet)
      : progress(stderr, isatty(STDERR_FILENO) != 0, !quiet) {}
  void onStep(const TrainPosition &, const Meter &) override {}
  void onEpoch(const TrainPosition &, const Meter &, const Meter *) override {}
  void onSave(const std::string &) override {}
  bool mustStop() override { return false; }
  void onEvaluate(int64_t done, int64_t count) override {
    if (done == count)
      progress.clear();
    else if (progress.isDue())
      progress.show(text("evaluating  ", done, '/', count));
  }

private:
  ProgressLine progress;
};
} // namespace

static void printFigures(const Meter &meter, bool asJson) {
  if (!asJson) {
    std::printf("%s, %lld examples\n", meterText(meter, ", ").c_str(),
                static_cast<long long>(meter.examples()));
    return;
  }
  std::string line = text("{\"examples\":", meter.examples());
  for (size_t i = 0; i < meter.size(); ++i)
    line += ',' + quoteJson(meter.name(i)) + ':' + numberJson(meter.value(i));
  std::printf("%s}\n", line.c_str());
}

int maek::runtime::runEval(const Program &program, Arguments arguments) {
  CommandLine line = program.commandLine(
      "eval", "Prints loss and metrics on the test examples.");
  line.add("weights", "FILE", "safetensors file to evaluate");
  line.add("examples", "N",
           "evaluate so many examples only, drawn by the seed (all)");
  line.add("seed", "N",
           text("of the choice of examples (",
                program.info.settings.seed.value_or(0), ")"));
  addBatchOption(line, program);
  addDataOptions(line, program);
  addThreadsOption(line);
  line.addFlag("json", "print one line of JSON");
  line.addFlag("quiet", "no progress");
  if (std::optional<int> code = line.parse(arguments))
    return *code;
  std::string weights = readWeights(line, program);
  std::string dataName = readDataName(line, program.info.settings.data);
  int64_t batch = readBatch(line, program);
  int64_t examples = line.count("examples", 0, 1, maxCount);
  uint64_t seed = line.seed(
      "seed", static_cast<uint64_t>(program.info.settings.seed.value_or(0)));
  int64_t threads = line.count("threads", 0, 1, 1024);
  if (std::optional<int> code = line.check())
    return *code;

  std::optional<size_t> entry = program.info.findEntry(kEvaluate);
  if (!entry)
    return report(program, makeError(MAEK_INVALID_ARGUMENT,
                                     "the model has no evaluation"));
  applyThreads(threads);
  Expected<LoadedModel> loaded = loadModel(program, weights);
  if (!loaded)
    return report(program, loaded.takeError());
  const EntryInfo &ports = program.info.entries[*entry];
  Expected<Dataset> data = loadDataset(dataName, line.string("data-dir"),
                                       Split::Test, ports, loaded->metadata);
  if (!data)
    return report(program, data.takeError());
  Expected<Batches> batches = Batches::create(ports, *data, batch);
  if (!batches)
    return report(program, batches.takeError());
  Expected<std::vector<uint32_t>> chosen =
      chooseExamples(data->count, examples, seed);
  if (!chosen)
    return report(program, chosen.takeError());
  Meter meter(program.info, *entry);
  EvalConsole console(line.flag("quiet"));
  Expected<Outcome> outcome =
      evaluate(*loaded->model, *batches, *chosen, batch, meter, console);
  if (!outcome)
    return report(program, outcome.takeError());
  printFigures(meter, line.flag("json"));
  return ExitSuccess;
}
