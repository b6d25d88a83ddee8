// Part of Maek, under the MIT licence; see LICENSE.
// The weights of a model that another one uses, from a file of its own.
#include "runtime/core/Mismatches.h"
#include "runtime/core/Model.h"
#include "runtime/core/Safetensors.h"
#include "runtime/core/StateNames.h"

#include <algorithm>

using namespace maek::runtime;

/// Checkpoints hold what belongs to a parameter under names that end with its.
static bool belongsTo(std::string_view tensor, std::string_view parameter) {
  return tensor.size() > parameter.size() && tensor.ends_with(parameter) &&
         tensor[tensor.size() - parameter.size() - 1] == '.';
}

/// Every tensor of the file is one of the model's or belongs to one.
static void checkNames(const SafetensorsHeader &header,
                       const std::vector<std::string_view> &names,
                       Mismatches &mismatches) {
  for (const FileTensor &tensor : header.tensors)
    if (tensor.name != kSumOfExamples &&
        std::none_of(names.begin(), names.end(), [&](std::string_view name) {
          return tensor.name == name || belongsTo(tensor.name, name);
        }))
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
    places.push_back(parameters[i].data.data());
  if (Error error = file->readInto(found, places))
    return error;
  for (size_t i : targets)
    resetAverage(i);
  takeNewWeights();
  return Error::success();
}
