// Part of Maek, under the MIT licence; see LICENSE.
// A model's tensors to and from a safetensors file.
#include "runtime/core/EntryNames.h"
#include "runtime/core/Mismatches.h"
#include "runtime/core/Model.h"
#include "runtime/core/Patterns.h"
#include "runtime/core/Philox.h"
#include "runtime/core/Safetensors.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

using namespace maek::runtime;

static constexpr std::string_view stepKey = "maek.step";
static constexpr std::string_view pendingKey = "maek.pending";
/// Entries take the step as a number, which tells no more steps than these
/// apart. Nobody will train for so long.
static constexpr int64_t mostUpdates = int64_t{1} << 53;

// 0 if the file does not say.
static Expected<int64_t> readCount(const std::string &path,
                                   const SafetensorsHeader &header,
                                   std::string_view key) {
  const std::string *value = header.findMetadata(key);
  if (!value)
    return 0;
  int64_t count;
  auto [end, status] =
      std::from_chars(value->data(), value->data() + value->size(), count);
  if (status != std::errc() || end != value->data() + value->size() ||
      count < 0 || count > mostUpdates)
    return makeError(MAEK_BAD_FILE, path, ": metadata '", key, "' is '", *value,
                     "', needed a count");
  return count;
}

// A parameter that a pattern takes does, and its average; and an optimizer's
// states, in any run that begins.
bool Model::startsAnew(bool isState, size_t index,
                       std::span<const std::string> fresh) const {
  if (fresh.empty())
    return false;
  if (!isState)
    return matchesAny(fresh, info.parameters[index].name);
  for (const TensorInfo &parameter : info.parameters)
    if (parameter.average == index)
      return matchesAny(fresh, parameter.name);
  return true;
}

Error Model::checkRanges(const SafetensorsFile &file,
                         std::span<const std::string> fresh) const {
  for (const TensorInfo &parameter : info.parameters)
    if (findRanged(parameter.name) && !matchesAny(fresh, parameter.name) &&
        !file.header().find(parameter.name))
      return makeError(MAEK_BAD_FILE, file.path(),
                       ": has not the ranges that products of ", info.precision,
                       " need, such as '", parameter.name,
                       "'; the command 'calibrate' adds them");
  return Error::success();
}

Error Model::checkFresh(std::span<const std::string> fresh) const {
  for (const std::string &pattern : fresh)
    if (std::none_of(info.parameters.begin(), info.parameters.end(),
                     [&](const TensorInfo &parameter) {
                       return matches(pattern, parameter.name);
                     }))
      return makeError(MAEK_INVALID_ARGUMENT, "no parameter of '", info.name,
                       "' has a name like '", pattern, "'");
  return Error::success();
}

Expected<Metadata> Model::load(const std::string &path, bool complete,
                               std::span<const std::string> fresh) {
  Expected<SafetensorsFile> file = SafetensorsFile::open(path);
  if (!file)
    return file.takeError();
  const SafetensorsHeader &header = file->header();
  if (Error error = checkRanges(*file, fresh))
    return error;
  // Of another model nothing fits; say whose it is beside the first tensor.
  const std::string *written = header.findMetadata("maek.model");
  std::string whose = written && *written != info.name
                          ? text("holds weights of '", *written, "', not of '",
                                 info.name, "': ")
                          : "";
  if (std::optional<size_t> import =
          complete ? std::nullopt : findImport(header)) {
    if (Error error = importFrom(*file, *import, fresh))
      return error;
    return header.metadata;
  }

  // All checks first: whatever fails, the model is as it was.
  std::vector<std::string_view> names;
  std::vector<TensorRead> found;
  std::vector<void *> places;
  std::vector<Stored *> filled, missing;
  Mismatches mismatches(", which the model needs", "the model");
  auto visit = [&](std::vector<Stored> &tensors, bool areStates) {
    for (size_t i = 0; i < tensors.size(); ++i) {
      const TensorInfo &needed = *tensors[i].info;
      names.push_back(needed.name);
      if (startsAnew(areStates, i, fresh)) {
        if (areStates)
          missing.push_back(&tensors[i]);
        continue;
      }
      const FileTensor *tensor = header.find(needed.name);
      if (!tensor) {
        if (!areStates || complete)
          mismatches.addMissing(needed);
        else
          missing.push_back(&tensors[i]);
        continue;
      }
      mismatches.checkFound(*tensor, needed);
      found.push_back({tensor, needed.dtype});
      filled.push_back(&tensors[i]);
      places.push_back(tensors[i].data.hostRoom());
    }
  };
  visit(parameters, false);
  visit(states, true);
  // What a program of another precision keeps beside the parameters.
  auto isOthers = [&](std::string_view name) {
    if (std::optional<std::string_view> ranged = findRanged(name))
      return std::find(names.begin(), names.end(), *ranged) != names.end();
    return std::find(info.unused.begin(), info.unused.end(), name) !=
           info.unused.end();
  };
  for (const FileTensor &tensor : header.tensors)
    if (std::find(names.begin(), names.end(), tensor.name) == names.end() &&
        !isOthers(tensor.name))
      mismatches.addExtra(tensor.name, names);
  if (Error error = mismatches.makeError(path, whose))
    return error;
  for (const TensorRead &read : found)
    if (complete && read.tensor->dtype != safetensorsName(read.dtype))
      return makeError(MAEK_BAD_FILE, path, ": is a run in ",
                       read.tensor->dtype, ", which a program in ",
                       safetensorsName(read.dtype),
                       " cannot go on with; --weights begins a new run with "
                       "its weights");
  Expected<int64_t> newStep = readCount(path, header, stepKey);
  if (!newStep)
    return newStep.takeError();
  Expected<int64_t> newPending = readCount(path, header, pendingKey);
  if (!newPending)
    return newPending.takeError();

  auto isMissing = [&](const Stored &stored) {
    return std::find(missing.begin(), missing.end(), &stored) != missing.end();
  };
  if (Error error = file->readInto(found, places))
    return error;
  for (Stored *stored : filled)
    stored->data.overwrite();
  for (Stored *stored : missing)
    reset(*stored, 0);
  for (size_t i = 0; i < parameters.size(); ++i)
    if (std::optional<size_t> average = parameters[i].info->average;
        average && isMissing(states[*average]))
      if (Error error = resetAverage(i))
        return error;
  step = *newStep;
  // Sums that were not in the file begin anew.
  takeNewWeights(missing.empty() ? *newPending : 0);
  return header.metadata;
}

Expected<Metadata> Model::loadToBegin(const std::string &path,
                                      std::span<const std::string> fresh) {
  if (Error error = checkFresh(fresh))
    return error;
  Expected<Metadata> metadata = load(path, false, fresh);
  if (!metadata)
    return metadata.takeError();
  for (Stored &stored : parameters) {
    if (!stored.info->average)
      continue;
    Expected<void *> average = states[*stored.info->average].data.read();
    if (!average)
      return average.takeError();
    std::memcpy(stored.data.overwrite(), *average,
                static_cast<size_t>(
                    *countBytes(stored.info->shape, stored.info->dtype)));
  }
  for (Stored &state : states)
    reset(state, 0);
  step = 0;
  takeNewWeights();
  return metadata;
}

template <typename T>
static bool areFinite(const void *data, int64_t count) {
  const T *values = static_cast<const T *>(data);
  return std::all_of(values, values + count,
                     [](T value) { return std::isfinite(value); });
}

Expected<bool> Model::isFinite(Stored &stored) {
  const TensorInfo &tensor = *stored.info;
  Expected<void *> data = stored.data.read();
  if (!data)
    return data.takeError();
  switch (tensor.dtype) {
  case MAEK_F32:
    return areFinite<float>(*data, tensor.count);
  case MAEK_F64:
    return areFinite<double>(*data, tensor.count);
  case MAEK_I32:
    break;
  }
  return true;
}

Error Model::checkParameters() {
  Expected<const TensorInfo *> found = findNotFinite();
  if (!found)
    return found.takeError();
  if (*found)
    return makeError(MAEK_NOT_FINITE, "the parameter '", (*found)->name,
                     "' has numbers that are not finite after step ", step);
  return Error::success();
}

Expected<const TensorInfo *> Model::findNotFinite() {
  for (Stored &stored : parameters) {
    Expected<bool> finite = isFinite(stored);
    if (!finite)
      return finite.takeError();
    if (!*finite)
      return stored.info;
  }
  return nullptr;
}

Expected<std::vector<maek_tensor_t>> Model::allTensors() {
  std::vector<maek_tensor_t> tensors;
  for (std::vector<Stored> *group : {&parameters, &states})
    for (Stored &stored : *group) {
      const TensorInfo &tensor = *stored.info;
      Expected<void *> data = stored.data.read();
      if (!data)
        return data.takeError();
      tensors.push_back({tensor.name.c_str(), tensor.dtype,
                         static_cast<int32_t>(tensor.shape.size()),
                         tensor.shape.data(), *data});
    }
  return tensors;
}

Metadata Model::allMetadata(const Metadata &extra) const {
  Metadata metadata = {{"maek.model", info.name},
                       {std::string(stepKey), text(step)}};
  if (info.findEntry(kUpdate))
    metadata.emplace_back(pendingKey, text(pending));
  metadata.insert(metadata.end(), extra.begin(), extra.end());
  return metadata;
}

Error Model::save(const std::string &path, const Metadata &extra) {
  // All of it before the file is begun: a device may fail.
  Expected<std::vector<maek_tensor_t>> tensors = allTensors();
  if (!tensors)
    return tensors.takeError();
  return writeSafetensors(path, *tensors, allMetadata(extra));
}

Error Model::checkSave(const std::string &path, const Metadata &extra) {
  Expected<std::vector<maek_tensor_t>> tensors = allTensors();
  if (!tensors)
    return tensors.takeError();
  Expected<std::string> header =
      makeSafetensorsHeader(path, *tensors, allMetadata(extra));
  return header ? Error::success() : header.takeError();
}
