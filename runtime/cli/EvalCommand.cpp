// Part of Maek, under the MIT licence; see LICENSE.
// `eval`: loss and metrics of saved weights on a data set's test half.
#include "runtime/cli/Evaluation.h"

using namespace maek::runtime;

int maek::runtime::runEval(const Program &program, Arguments arguments) {
  CommandLine line = program.commandLine(
      "eval", "Prints loss and metrics on the test examples.");
  line.add("weights", "FILE", "safetensors file to evaluate");
  addEvaluationOptions(
      line, program, "evaluate so many examples only, drawn by the seed (all)");
  line.addFlag("compare", "of a program whose products are of bf16 or int8: "
                          "evaluate with products of f32, too");
  if (std::optional<int> code = line.parse(arguments))
    return *code;
  std::string weights = readWeights(line, program);
  EvaluationOptions options = readEvaluationOptions(line, program, 0);
  options.compares = line.flag("compare");
  if (std::optional<int> code = line.check())
    return *code;

  if (Error error = checkEvaluation(program, options.compares))
    return report(program, error);
  applyThreads(options.threads);
  Expected<LoadedModel> loaded = loadModel(program, options.device, weights);
  if (!loaded)
    return report(program, loaded.takeError());
  Expected<Dataset> tests = loadTests(program, *loaded, options);
  if (!tests)
    return report(program, tests.takeError());
  if (Error error =
          printEvaluation(program, *loaded, std::move(*tests), options))
    return report(program, error);
  return ExitSuccess;
}
