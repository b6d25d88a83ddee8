// Part of Maek, under the MIT licence; see LICENSE.
// `eval`: loss and metrics of saved weights on a data set's test half.
#include "runtime/cli/Evaluation.h"

using namespace maek::runtime;

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
  line.addFlag("compare", "of a program whose products are of bf16 or int8: "
                          "evaluate with products of f32, too");
  line.addFlag("json", "print one line of JSON");
  line.addFlag("quiet", "no progress");
  if (std::optional<int> code = line.parse(arguments))
    return *code;
  std::string weights = readWeights(line, program);
  EvaluationOptions options;
  options.data = readDataName(line, program.info.settings.data);
  options.folder = line.string("data-dir");
  options.batch = readBatch(line, program);
  options.examples = line.count("examples", 0, 1, maxCount);
  options.seed = line.seed(
      "seed", static_cast<uint64_t>(program.info.settings.seed.value_or(0)));
  options.compares = line.flag("compare");
  options.asJson = line.flag("json");
  options.quiet = line.flag("quiet");
  int64_t threads = line.count("threads", 0, 1, 1024);
  if (std::optional<int> code = line.check())
    return *code;

  if (Error error = checkEvaluation(program, options.compares))
    return report(program, error);
  applyThreads(threads);
  Expected<LoadedModel> loaded = loadModel(program, weights);
  if (!loaded)
    return report(program, loaded.takeError());
  if (Error error = printEvaluation(program, *loaded, options))
    return report(program, error);
  return ExitSuccess;
}
