// Part of Maek, under the MIT licence; see LICENSE.
// A training run on the console and in log files.
#ifndef MAEK_RUNTIME_CLI_TRAINCONSOLE_H
#define MAEK_RUNTIME_CLI_TRAINCONSOLE_H

#include "runtime/cli/Interrupts.h"
#include "runtime/cli/Progress.h"
#include "runtime/cli/RunLog.h"
#include "runtime/train/Trainer.h"

namespace maek::runtime {

/// Shows progress on standard error, a line for each epoch on standard output.
class TrainConsole : public TrainListener {
public:
  /// `logEvery` steps come between rows of single steps in the log; 0: none.
  /// `examplesBefore` of the first epoch were seen by a run before this one.
  /// `answer` is a line that says at once that an interrupt was heard; if
  /// `quiet`, a terminal alone gets it.
  TrainConsole(const Model &model, RunLog &log, int64_t logEvery, bool quiet,
               int64_t examplesBefore, const std::string &answer);

  void onStep(const TrainPosition &position, const Meter &meter) override;
  void onEvaluate(int64_t done, int64_t count) override;
  void onEpoch(const TrainPosition &position, const Meter &train,
               const Meter *test) override;
  void onSave(const std::string &) override { hasSaved = true; }
  bool mustStop() override { return interrupts.interrupted(); }

  /// Removes the progress line.
  void finish() { progress.clear(); }
  bool saved() const { return hasSaved; }

private:
  double samplesPerSecond(const Meter &meter) const;

  const Model &model;
  RunLog &log;
  int64_t logEvery;
  bool quiet;
  ProgressLine progress;
  InterruptGuard interrupts;
  bool hasSaved = false;
  // Times of this run.
  Clock::time_point start = Clock::now(), epochStart = Clock::now();
  double trainSeconds = 0;
  int64_t examplesBefore, stepsOfRun = 0;
};

/// "loss 0.5012, accuracy 0.8212"; reports are for the log alone.
std::string meterText(const Meter &meter, const char *separator);

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CLI_TRAINCONSOLE_H
