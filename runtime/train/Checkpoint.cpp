// Part of Maek, under the MIT licence; see LICENSE.
// What a checkpoint says beside its tensors: how the run was started and where
// it stands.
#include "runtime/core/Safetensors.h"
#include "runtime/train/Trainer.h"

#include <charconv>
#include <cmath>
#include <limits>

using namespace maek::runtime;

namespace {
/// Reads values out of a checkpoint's metadata.
class Reader {
public:
  Reader(const std::string &path, const Metadata &metadata)
      : path(path), metadata(metadata) {}

  template <typename... Parts>
  Error bad(const Parts &...parts) const {
    return makeError(MAEK_BAD_FILE, path, ": ", parts...);
  }

  Error get(const char *key, std::string &out) const {
    for (const auto &[name, value] : metadata)
      if (name == key) {
        out = value;
        return Error::success();
      }
    return bad("no checkpoint of a training run: it has no metadata '", key,
               "'");
  }

  /// A number from `least` to `most`.
  template <typename T>
  Error get(const char *key, T &out, T least,
            T most = std::numeric_limits<T>::max()) const {
    std::string value;
    if (Error error = get(key, value))
      return error;
    const char *end = value.data() + value.size();
    auto [stop, status] = std::from_chars(value.data(), end, out);
    if (status != std::errc() || stop != end || !(out >= least && out <= most))
      return bad("metadata '", key, "' is '", value, "', needed ",
                 std::is_same_v<T, double> ? "a number" : "a count");
    return Error::success();
  }

private:
  const std::string &path;
  const Metadata &metadata;
};
} // namespace

Metadata Trainer::describe() const {
  Metadata metadata = {{"maek.data", options.data},
                       {"maek.examples", text(chosen.size())},
                       {"maek.subset", text(options.examples)},
                       {"maek.seed", text(options.seed)},
                       {"maek.batch", text(options.batch)},
                       {"maek.accumulate", text(accumulated())},
                       {"maek.epochs", text(options.epochs)},
                       {"maek.lr", text(options.lr)},
                       {"maek.epoch", text(at.epoch)},
                       {"maek.batch_in_epoch", text(at.batch)},
                       {"maek.meter", trainMeter.save()}};
  metadata.insert(metadata.end(), about.begin(), about.end());
  return metadata;
}

Expected<TrainOptions>
maek::runtime::readTrainOptions(const std::string &path) {
  Expected<SafetensorsFile> file = SafetensorsFile::open(path);
  if (!file)
    return file.takeError();
  Reader reader(path, file->header().metadata);
  TrainOptions options;
  options.save = path;
  if (Error error = reader.get("maek.data", options.data))
    return error;
  if (Error error = reader.get("maek.seed", options.seed, uint64_t{0}))
    return error;
  if (Error error =
          reader.get("maek.batch", options.batch, int64_t{1}, maxCount))
    return error;
  if (Error error =
          reader.get("maek.epochs", options.epochs, int64_t{1}, maxCount))
    return error;
  if (Error error =
          reader.get("maek.subset", options.examples, int64_t{0}, maxCount))
    return error;
  if (Error error = reader.get("maek.lr", options.lr,
                               std::numeric_limits<double>::denorm_min()))
    return error;
  return options;
}

Error Trainer::resume(const std::string &path, const Metadata &metadata) {
  Reader reader(path, metadata);
  // What decides the order of examples must be as it was.
  const std::pair<const char *, std::string> fixed[] = {
      {"maek.model", model->module().name},
      {"maek.data", options.data},
      {"maek.examples", text(chosen.size())},
      {"maek.seed", text(options.seed)},
      {"maek.batch", text(options.batch)}};
  constexpr size_t prefix = 5; // "maek."
  for (const auto &[key, needed] : fixed) {
    std::string found;
    if (Error error = reader.get(key, found))
      return error;
    if (found != needed)
      return reader.bad("was written with ", key + prefix, ' ', found,
                        ", cannot go on with ", needed);
  }
  // Older checkpoints do not say it: they had one batch to an update.
  for (const auto &[key, value] : metadata)
    if (key == "maek.accumulate" && value != text(accumulated()))
      return reader.bad("was written with accumulate ", value,
                        ", cannot go on with ", accumulated());
  if (Error error = reader.get("maek.epoch", at.epoch, int64_t{0}, maxCount))
    return error;
  if (Error error = reader.get("maek.batch_in_epoch", at.batch, int64_t{0}))
    return error;
  if (at.batch > at.batches)
    return reader.bad("metadata 'maek.batch_in_epoch' is ", at.batch,
                      ", but an epoch has ", at.batches, " batches");
  std::string meter;
  if (Error error = reader.get("maek.meter", meter))
    return error;
  if (!trainMeter.restore(meter))
    return reader.bad("metadata 'maek.meter' is damaged");
  if (path == options.save)
    savedStep = model->step;
  return Error::success();
}
