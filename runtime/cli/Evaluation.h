// Part of Maek, under the MIT licence; see LICENSE.
// Loss and metrics of loaded weights on a data set's test half.
#ifndef MAEK_RUNTIME_CLI_EVALUATION_H
#define MAEK_RUNTIME_CLI_EVALUATION_H

#include "runtime/cli/Commands.h"
#include "runtime/cli/Progress.h"
#include "runtime/train/Trainer.h"

namespace maek::runtime {

/// Shows how far an evaluation is.
class EvaluationConsole : public TrainListener {
public:
  explicit EvaluationConsole(bool quiet);
  void onStep(const TrainPosition &, const Meter &) override {}
  void onEpoch(const TrainPosition &, const Meter &, const Meter *) override {}
  void onSave(const std::string &) override {}
  bool mustStop() override { return false; }
  void onEvaluate(int64_t done, int64_t count) override;

private:
  ProgressLine progress;
};

struct EvaluationOptions {
  std::string data, folder;
  int64_t batch = 0;    ///< examples at a time
  int64_t examples = 0; ///< 0: all
  uint64_t seed = 0;    ///< of the choice of examples
  /// Evaluate with products of f32, too.
  bool compares = false;
  bool asJson = false, quiet = false;
  int64_t threads = 0; ///< 0: one for each core
  DeviceChoice device;
};

/// Those of a command that evaluates; `examples` says which ones it takes.
void addEvaluationOptions(CommandLine &line, const Program &program,
                          const std::string &examples);
EvaluationOptions readEvaluationOptions(CommandLine &line,
                                        const Program &program,
                                        int64_t examples);

/// An error if the program has nothing to evaluate, or to compare with.
Error checkEvaluation(const Program &program, bool compares);

/// What models are evaluated on.
Expected<Dataset> loadTests(const Program &program, const LoadedModel &loaded,
                            const EvaluationOptions &options);

/// Prints the figures on standard output. `checkEvaluation` found no error.
Error printEvaluation(const Program &program, LoadedModel &loaded,
                      Dataset tests, const EvaluationOptions &options);

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CLI_EVALUATION_H
