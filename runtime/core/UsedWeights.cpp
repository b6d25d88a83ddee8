// Part of Maek, under the MIT licence; see LICENSE.
// The weights of a model that another one uses, from a file of its own.
#include "runtime/core/Mismatches.h"
#include "runtime/core/Model.h"
#include "runtime/core/Safetensors.h"
#include "runtime/core/StateNames.h"

#include <algorithm>

using namespace maek::runtime;

/// Whether `prefix` and the name of a parameter are that of what a checkpoint
/// of the model holds of the parameter: its average, its summed gradients, or a
/// state of the optimizer, `adam.m.`. Which optimizer it was, only a checkpoint
/// could know; in a file that does not say whose it is, its states go with all
/// parameters.
static bool isKept(std::string_view prefix, const SafetensorsHeader &header,
                   const std::vector<std::string_view> &names) {
  if (prefix == kAveragePrefix || prefix == kSumPrefix)
    return true;
  if (!prefix.ends_with('.') || prefix.starts_with('.') ||
      prefix.find("..") != prefix.npos ||
      std::count(prefix.begin(), prefix.end(), '.') != 2)
    return false;
  return header.findMetadata("maek.model") ||
         std::all_of(names.begin(), names.end(), [&](std::string_view name) {
           return header.find(text(prefix, name));
         });
}

/// Whether a checkpoint of the model may hold such a tensor beside its
/// parameters.
static bool isState(const FileTensor &tensor, const SafetensorsHeader &header,
                    const std::vector<std::string_view> &names) {
  if (tensor.name == kSumOfExamples)
    return true;
  std::string_view whole = tensor.name;
  for (std::string_view name : names) {
    if (!whole.ends_with(name))
      continue;
    const FileTensor *parameter = header.find(name);
    if ((!parameter || parameter->shape == tensor.shape) &&
        isKept(whole.substr(0, whole.size() - name.size()), header, names))
      return true;
  }
  return false;
}

/// Every tensor of the file is one of the model's or of a checkpoint of it.
static void checkNames(const SafetensorsHeader &header,
                       const std::vector<std::string_view> &names,
                       Mismatches &mismatches) {
  for (const FileTensor &tensor : header.tensors)
    if (std::find(names.begin(), names.end(), tensor.name) == names.end() &&
        !isState(tensor, header, names))
      mismatches.addExtra(tensor.name, names);
}

Error Model::loadUsed(const UseInfo &use, const std::string &path) {
  Expected<SafetensorsFile> file = SafetensorsFile::open(path);
  if (!file)
    return file.takeError();
  const SafetensorsHeader &header = file->header();
  const std::string *written = header.findMetadata("maek.model");
  if (written && *written != use.model)
    return makeError(MAEK_BAD_FILE, path, ": holds weights of '", *written,
                     "'; '", use.name, "' is '", use.model, "'");
  std::string prefix = use.name + ".";
  std::vector<std::string_view> names;
  std::vector<TensorRead> found;
  std::vector<size_t> targets;
  Mismatches mismatches(text(", which '", use.name, "' needs"),
                        text('\'', use.model, "', which '", use.name, "' is"));
  for (size_t i = 0; i < parameters.size(); ++i) {
    TensorInfo needed = *parameters[i].info;
    if (!needed.name.starts_with(prefix))
      continue;
    names.push_back(
        std::string_view(parameters[i].info->name).substr(prefix.size()));
    needed.name = names.back();
    // The average is what that model itself would infer with.
    const FileTensor *tensor = header.find(kAveragePrefix + needed.name);
    if (!tensor)
      tensor = header.find(needed.name);
    if (!tensor) {
      mismatches.addMissing(needed);
      continue;
    }
    mismatches.checkFound(*tensor, needed);
    found.push_back({tensor, needed.dtype});
    targets.push_back(i);
  }
  checkNames(header, names, mismatches);
  if (Error error = mismatches.makeError(path))
    return error;
  std::vector<void *> places;
  for (size_t i : targets)
    places.push_back(parameters[i].data.hostRoom());
  if (Error error = file->readInto(found, places))
    return error;
  for (size_t i : targets) {
    parameters[i].data.overwrite();
    if (Error error = resetAverage(i))
      return error;
  }
  takeNewWeights();
  return Error::success();
}
