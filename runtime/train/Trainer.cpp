// Part of Maek, under the MIT licence; see LICENSE.
// The training loop.
#include "runtime/train/Trainer.h"
#include "runtime/core/EntryNames.h"
#include "runtime/core/Files.h"
#include "runtime/core/Philox.h"

#include <algorithm>
#include <numeric>
#include <tuple>

using namespace maek::runtime;

Expected<Outcome> maek::runtime::evaluate(Model &model, size_t entry,
                                          Batches &batches,
                                          std::span<const uint32_t> examples,
                                          int64_t batch, Meter &meter,
                                          TrainListener &listener) {
  meter.clear();
  auto gather = [&](size_t begin) {
    size_t count =
        std::min(static_cast<size_t>(batch), examples.size() - begin);
    return std::pair(batches.gather(examples.subspan(begin, count)), count);
  };
  auto [arguments, count] = gather(0);
  for (size_t done = 0; done < examples.size();) {
    if (listener.mustStop())
      return Outcome::Interrupted;
    if (Error error = model.run(entry, arguments))
      return error;
    done += count;
    size_t added = count;
    // The results do not need the arguments any more; on a device they are
    // waited for.
    if (done < examples.size())
      std::tie(arguments, count) = gather(done);
    if (Error error = meter.add(model, static_cast<int64_t>(added)))
      return error;
    listener.onEvaluate(static_cast<int64_t>(done),
                        static_cast<int64_t>(examples.size()));
  }
  return Outcome::Finished;
}

Expected<std::vector<uint32_t>>
maek::runtime::chooseExamples(int64_t available, int64_t count, uint64_t seed) {
  if (available > UINT32_MAX)
    return makeError(MAEK_INVALID_ARGUMENT, "more than 2^32 examples");
  if (count == 0)
    count = available;
  if (count > available)
    return makeError(MAEK_INVALID_ARGUMENT, "the data set has ", available,
                     " examples, not ", count);
  std::vector<uint32_t> chosen(static_cast<size_t>(available));
  std::iota(chosen.begin(), chosen.end(), 0u);
  if (count == available)
    return chosen;
  // Drawn from the front, so that a larger choice begins with a smaller one.
  RandomStream random(seed, "examples");
  for (size_t i = 0; i < static_cast<size_t>(count); ++i)
    std::swap(chosen[i], chosen[i + random.below(i, chosen.size() - i)]);
  chosen.resize(static_cast<size_t>(count));
  return chosen;
}

// Bytes are divided by 255, other numbers are not.
static Error checkAlike(const Dataset &train, const Dataset &test) {
  auto arePixels = [](const Column &column) {
    return column.storage == Column::Storage::Pixels;
  };
  for (size_t i = 0; i < train.columns.size(); ++i) {
    const Column *pair[] = {&train.columns[i], &test.columns[i]};
    if (arePixels(*pair[0]) == arePixels(*pair[1]))
      continue;
    bool second = arePixels(*pair[1]);
    return makeError(MAEK_BAD_FILE, pair[!second]->file, ": has ",
                     pair[!second]->type, ", but ", pair[second]->file,
                     " has bytes, which stand for the number divided by 255; "
                     "give both one type");
  }
  return Error::success();
}

Expected<Trainer> Trainer::create(Model &model, const Dataset &train,
                                  const Dataset *test, TrainOptions options) {
  const ModuleInfo &module = model.module();
  std::optional<size_t> entry = module.findEntry(kTrainStep);
  if (!entry)
    return makeError(MAEK_INVALID_ARGUMENT, "the model has no training step");
  Trainer trainer(model, std::move(options),
                  Meter(module, *entry, module.findEntry(kUpdate)));
  // A device leaves the host time to gather the next batch.
  for (int i = 0; i < (model.device() ? 2 : 1); ++i) {
    Expected<Batches> batches =
        Batches::create(module.entries[*entry], train, trainer.options.batch);
    if (!batches)
      return batches.takeError();
    trainer.trainBatches.push_back(std::move(*batches));
  }
  if (module.settings.augment.labelSmoothing > 0 &&
      !trainer.trainBatches.front().hasLabels())
    return makeError(MAEK_INVALID_ARGUMENT,
                     "'label_smoothing' needs classes, and the data set has "
                     "none for a target of numbers");
  trainer.about = train.about;
  Expected<std::vector<uint32_t>> chosen = chooseExamples(
      train.count, trainer.options.examples, trainer.options.seed);
  if (!chosen)
    return chosen.takeError();
  trainer.chosen = std::move(*chosen);
  trainer.at.epochs = trainer.options.epochs;
  trainer.at.batches = (static_cast<int64_t>(trainer.chosen.size()) +
                        trainer.options.batch - 1) /
                       trainer.options.batch;
  entry = module.findEntry(kEvaluate);
  if (test && entry) {
    if (Error error = checkAlike(train, *test))
      return error;
    Expected<Batches> testBatches =
        Batches::create(module.entries[*entry], *test, trainer.options.batch);
    if (!testBatches)
      return testBatches.takeError();
    Expected<std::vector<uint32_t>> tested = chooseExamples(test->count, 0, 0);
    if (!tested)
      return tested.takeError();
    trainer.tested = std::move(*tested);
    trainer.testMeter.emplace(module, *entry);
    trainer.testBatches = std::move(*testBatches);
  }
  return trainer;
}

// Fisher and Yates. The order depends on seed and epoch only, so a resumed
// run draws the same; so do variations.
void Trainer::beginEpoch() {
  if (shuffledEpoch == at.epoch)
    return;
  shuffledEpoch = at.epoch;
  RandomStream random(options.seed, text("shuffle ", at.epoch));
  order = chosen;
  for (size_t i = order.size() - 1; i > 0; --i)
    std::swap(order[i], order[random.below(i, i + 1)]);
  if (const AugmentInfo &augment = model->module().settings.augment;
      augment.any()) {
    augmenter.emplace(augment, options.seed, chosen);
    augmenter->begin(at.epoch);
  }
}

// An epoch's last update may have fewer batches.
int64_t Trainer::updatesOfEpoch() const {
  int64_t each = accumulated();
  return (at.batches + each - 1) / each;
}

int64_t Trainer::accumulated() const {
  return model->module().settings.accumulate.value_or(1);
}

// An error that ends the run, with where and what is left.
Error Trainer::addWhatIsSaved(const Error &error, int64_t epoch) const {
  return makeError(error.code(), error.message(), " (epoch ", epoch, "); ",
                   savedStep < 0
                       ? "nothing was saved"
                       : text(options.save, " holds step ", savedStep));
}

std::span<const maek_tensor_t> Trainer::gather(int64_t batch) {
  turn = (turn + 1) % trainBatches.size();
  return trainBatches[turn].gather(examplesOf(batch),
                                   augmenter ? &*augmenter : nullptr);
}

std::span<const uint32_t> Trainer::examplesOf(int64_t batch) const {
  auto begin = static_cast<size_t>(batch * options.batch);
  size_t count =
      std::min(static_cast<size_t>(options.batch), order.size() - begin);
  return {order.data() + begin, count};
}

Error Trainer::trainBatch(TrainListener &listener) {
  beginEpoch();
  bool isLast = at.batch + 1 == at.batches;
  std::span<const maek_tensor_t> arguments =
      ahead ? *std::exchange(ahead, std::nullopt) : gather(at.batch);
  Error error =
      model->trainStep(arguments, options.lr, plannedUpdates(), isLast);
  if (!error && !isLast && model->device())
    ahead = gather(at.batch + 1);
  if (!error)
    error = model->checkLoss();
  if (error)
    return error.code() == MAEK_NOT_FINITE || error.code() == MAEK_DEVICE_ERROR
               ? addWhatIsSaved(error, at.epoch + 1)
               : std::move(error);
  if (Error error = trainMeter.add(
          *model, static_cast<int64_t>(examplesOf(at.batch).size())))
    return error;
  ++at.batch;
  listener.onStep(at, trainMeter);
  return Error::success();
}

Expected<Outcome> Trainer::finishEpoch(TrainListener &listener) {
  bool evaluates = testBatches && options.evaluateEvery > 0 &&
                   ((at.epoch + 1) % options.evaluateEvery == 0 ||
                    at.epoch + 1 == at.epochs);
  if (evaluates) {
    Expected<Outcome> outcome =
        evaluate(*model, *model->module().findEntry(kEvaluate), *testBatches,
                 tested, options.batch, *testMeter, listener);
    if (!outcome || *outcome == Outcome::Interrupted)
      return outcome;
  }
  listener.onEpoch(at, trainMeter, evaluates ? &*testMeter : nullptr);
  ++at.epoch;
  at.batch = 0;
  trainMeter.clear();
  if (Error error = save(listener))
    return error;
  return Outcome::Finished;
}

Expected<Outcome> Trainer::run(TrainListener &listener) {
  while (at.epoch < at.epochs) {
    if (listener.mustStop()) {
      if (Error error = save(listener))
        return error;
      return Outcome::Interrupted;
    }
    if (at.batch < at.batches) {
      if (Error error = trainBatch(listener))
        return error;
      if (options.saveEvery > 0 && model->pending == 0 &&
          model->step % options.saveEvery == 0)
        if (Error error = save(listener))
          return error;
      continue;
    }
    Expected<Outcome> outcome = finishEpoch(listener);
    if (!outcome)
      return outcome;
  }
  return Outcome::Finished;
}

Error Trainer::save(TrainListener &listener) {
  if (options.save.empty())
    return Error::success();
  // A loss shows one step late that an update went wrong; what was saved
  // before stays.
  if (Error error = model->checkParameters())
    return addWhatIsSaved(error, at.batch > 0 ? at.epoch + 1 : at.epoch);
  if (Error error = model->save(options.save, describe()))
    return error;
  savedStep = model->step;
  listener.onSave(options.save);
  return Error::success();
}

Error Trainer::checkSave() const {
  if (options.save.empty())
    return Error::success();
  Expected<AtomicFile> file = AtomicFile::create(options.save);
  if (!file)
    return file.takeError();
  return model->checkSave(options.save, describe());
}
