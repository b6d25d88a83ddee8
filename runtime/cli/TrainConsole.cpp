// Part of Maek, under the MIT licence; see LICENSE.
// A training run on the console and in log files.
#include "runtime/cli/TrainConsole.h"

#include <unistd.h>

using namespace maek::runtime;

std::string maek::runtime::meterText(const Meter &meter,
                                     const char *separator) {
  std::string out;
  for (size_t i = 0; i < meter.size(); ++i) {
    if (meter.isReport(i))
      continue;
    if (!out.empty())
      out += separator;
    out += meter.name(i) + format(" %.4f", meter.value(i));
  }
  return out;
}

// On a terminal it takes the place of the line of progress.
static std::string placeAnswer(const std::string &answer, bool quiet) {
  if (isatty(STDERR_FILENO))
    return "\r\x1b[K" + answer + "\n";
  return quiet ? "" : answer + "\n";
}

TrainConsole::TrainConsole(const Model &model, RunLog &log, int64_t logEvery,
                           bool quiet, int64_t examplesBefore,
                           const std::string &answer)
    : model(model), log(log), logEvery(logEvery), quiet(quiet),
      progress(stderr, isatty(STDERR_FILENO) != 0, !quiet),
      interrupts(placeAnswer(answer, quiet)), examplesBefore(examplesBefore) {}

// Examples of this run only: a resumed epoch has some from before.
double TrainConsole::samplesPerSecond(const Meter &meter) const {
  auto examples = static_cast<double>(meter.examples() - examplesBefore);
  return trainSeconds > 0 ? examples / trainSeconds : 0;
}

void TrainConsole::onStep(const TrainPosition &position, const Meter &meter) {
  ++stepsOfRun;
  trainSeconds = secondsSince(epochStart);
  if (logEvery > 0 && model.pending == 0 && model.step % logEvery == 0)
    log.write({position.epoch + 1, model.step, "step", trainSeconds,
               samplesPerSecond(meter)},
              meter);
  if (!progress.isDue())
    return;
  int64_t left = position.epochs * position.batches -
                 (position.epoch * position.batches + position.batch);
  double eta = secondsSince(start) / static_cast<double>(stepsOfRun) *
               static_cast<double>(left);
  progress.show(text("epoch ", position.epoch + 1, '/', position.epochs, "  ",
                     position.batch, '/', position.batches, "  ",
                     meterText(meter, "  "), "  ",
                     format("%.0f", samplesPerSecond(meter)),
                     " samples/s  ETA ", clockText(eta)));
}

void TrainConsole::onEvaluate(int64_t done, int64_t count) {
  if (progress.isDue())
    progress.show(text("evaluating  ", done, '/', count));
}

void TrainConsole::onEpoch(const TrainPosition &position, const Meter &train,
                           const Meter *test) {
  progress.clear();
  double speed = samplesPerSecond(train);
  log.write({position.epoch + 1, model.step, "train", trainSeconds, speed},
            train);
  double testSeconds = secondsSince(epochStart) - trainSeconds;
  if (test)
    log.write({position.epoch + 1, model.step, "test", testSeconds,
               testSeconds > 0
                   ? static_cast<double>(test->examples()) / testSeconds
                   : 0},
              *test);
  if (!quiet) {
    std::string line = text("epoch ", position.epoch + 1, '/', position.epochs,
                            ": ", meterText(train, ", "));
    if (test)
      line += "; test " + meterText(*test, ", ");
    line +=
        format("; %.1f s", trainSeconds) + format(", %.0f samples/s", speed);
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  }
  epochStart = Clock::now();
  trainSeconds = 0;
  examplesBefore = 0;
}
