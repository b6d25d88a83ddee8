// Part of Maek, under the MIT licence; see LICENSE.
// The training loop: shuffled epochs, evaluation after each, checkpoints from
// which it goes on bit for bit.
#ifndef MAEK_RUNTIME_TRAIN_TRAINER_H
#define MAEK_RUNTIME_TRAIN_TRAINER_H

#include "runtime/data/Batches.h"
#include "runtime/train/Meter.h"

namespace maek::runtime {

struct TrainOptions {
  std::string data; ///< name of the data set, kept in checkpoints
  int64_t epochs = 1, batch = 32;
  /// Train on so many of the data set's examples (see chooseExamples).
  int64_t examples = 0;
  int64_t evaluateEvery = 1; ///< epochs, and after the last one; 0: never
  double lr = 1e-3;
  uint64_t seed = 0;
  std::string save;      ///< checkpoint; empty: none is written
  int64_t saveEvery = 0; ///< steps between checkpoints; 0: after epochs only
};

/// The options that a checkpoint was trained with; `save` is its own path.
Expected<TrainOptions> readTrainOptions(const std::string &path);

/// Where training stands. Counts from 0; `batch` is the next one to train on
/// and equals `batches` when only the epoch's evaluation is left.
struct TrainPosition {
  int64_t epoch = 0, batch = 0;
  int64_t epochs = 0, batches = 0;
};

/// Told of what happens, and asked whether to stop.
class TrainListener {
public:
  virtual ~TrainListener() = default;
  virtual void onStep(const TrainPosition &position, const Meter &meter) = 0;
  /// Of `count` examples `done` are evaluated.
  virtual void onEvaluate(int64_t done, int64_t count) = 0;
  /// `test` is null if this epoch has no evaluation.
  virtual void onEpoch(const TrainPosition &position, const Meter &train,
                       const Meter *test) = 0;
  virtual void onSave(const std::string &path) = 0;
  virtual bool mustStop() = 0;
};

enum class Outcome { Finished, Interrupted };

/// `count` of the `available` examples, drawn by the seed; a larger count draws
/// the same ones and more. All, in order, for 0.
Expected<std::vector<uint32_t>> chooseExamples(int64_t available, int64_t count,
                                               uint64_t seed);

/// Runs the entry, which updates nothing that is trained, on these examples.
/// Interrupted if the listener says so.
Expected<Outcome> evaluate(Model &model, size_t entry, Batches &batches,
                           std::span<const uint32_t> examples, int64_t batch,
                           Meter &meter, TrainListener &listener);

class Trainer {
public:
  /// All must outlive the trainer. `test` may be null.
  static Expected<Trainer> create(Model &model, const Dataset &train,
                                  const Dataset *test, TrainOptions options);

  /// Goes on from a checkpoint that the model was loaded from, of the same
  /// model, data, seed and batch; `metadata` is the file's.
  Error resume(const std::string &path, const Metadata &metadata);

  /// An error if checkpoints cannot be written, or read again: found out before
  /// an hour of training, not after it.
  Error checkSave() const;

  /// Trains up to the last epoch, saving as the options say. An interrupt is
  /// answered after the current step, and saved.
  Expected<Outcome> run(TrainListener &listener);

  const TrainPosition &position() const { return at; }
  /// How many updates the whole run makes, those before it went on included.
  int64_t plannedUpdates() const { return at.epochs * updatesOfEpoch(); }
  /// Examples of the current epoch that are done.
  int64_t examplesDone() const { return trainMeter.examples(); }
  const Meter &meter() const { return trainMeter; }
  const Meter *evaluation() const { return testMeter ? &*testMeter : nullptr; }

private:
  Trainer(Model &model, TrainOptions options, Meter meter)
      : model(&model), options(std::move(options)),
        trainMeter(std::move(meter)) {}

  Metadata describe() const;
  /// Draws the order of the examples and how they vary, once in an epoch.
  void beginEpoch();
  /// Batches of one update, and how many updates an epoch has.
  int64_t accumulated() const;
  int64_t updatesOfEpoch() const;
  /// The examples of a batch of this epoch, good until the next call but one
  /// if the model is on a device, else until the next.
  std::span<const maek_tensor_t> gather(int64_t batch);
  std::span<const uint32_t> examplesOf(int64_t batch) const;
  Error trainBatch(TrainListener &listener);
  Expected<Outcome> finishEpoch(TrainListener &listener);
  Error save(TrainListener &listener);
  Error addWhatIsSaved(const Error &error, int64_t epoch) const;

  Model *model;
  TrainOptions options;
  TrainPosition at;
  Meter trainMeter;
  std::vector<Batches> trainBatches; ///< used in turn
  size_t turn = 0;
  /// The batch after the latest one, if it was gathered already.
  std::optional<std::span<const maek_tensor_t>> ahead;
  std::optional<Meter> testMeter;
  std::optional<Batches> testBatches;
  Metadata about; ///< of the data set
  std::vector<uint32_t> chosen, order, tested;
  std::optional<Augmenter> augmenter;
  int64_t shuffledEpoch = -1;
  int64_t savedStep = -1;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_TRAIN_TRAINER_H
