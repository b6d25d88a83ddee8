// Part of Maek, under the MIT licence; see LICENSE.
// Weights in the names and layouts of other programs. The model file's weights
// blocks are compiled to entries: `import_<format>` takes a file's tensors and
// sets the model's, `export_<format>` gives a file's.
#include "runtime/core/Mismatches.h"
#include "runtime/core/Model.h"
#include "runtime/core/Names.h"
#include "runtime/core/Safetensors.h"

#include <algorithm>
#include <fnmatch.h>

using namespace maek::runtime;

static constexpr std::string_view importPrefix = "import_";
static constexpr std::string_view exportPrefix = "export_";

static bool isImport(const EntryInfo &entry) {
  return entry.name.starts_with(importPrefix);
}

std::optional<size_t> Model::findImport(const SafetensorsHeader &header) const {
  auto isInFile = [&](const auto &tensor) { return header.find(tensor.name); };
  std::optional<size_t> best;
  auto most =
      std::count_if(info.parameters.begin(), info.parameters.end(), isInFile);
  ptrdiff_t fewest = 0;
  for (size_t i = 0; i < info.entries.size(); ++i) {
    if (!isImport(info.entries[i]))
      continue;
    ptrdiff_t found = 0, missing = 0;
    for (const PortInfo &port : info.entries[i].arguments)
      if (port.role == Role::Input)
        ++(isInFile(port) ? found : missing);
    // Where one format has all names of another and more, the file has them
    // all or is of the other.
    if (found > most || (found == most && best && missing < fewest)) {
      most = found;
      fewest = missing;
      best = i;
    }
  }
  return best;
}

static bool isIgnored(const EntryInfo &entry, const std::string &name) {
  return std::any_of(entry.ignored.begin(), entry.ignored.end(),
                     [&](const std::string &pattern) {
                       return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
                     });
}

Error Model::importFrom(const SafetensorsFile &file, size_t index) {
  const EntryInfo &entry = info.entries[index];
  const SafetensorsHeader &header = file.header();
  std::string format = entry.name.substr(importPrefix.size());
  std::vector<std::string_view> names;
  std::vector<TensorInfo> needed;
  for (const PortInfo &port : entry.arguments) {
    if (port.role != Role::Input)
      continue;
    TensorInfo &tensor = needed.emplace_back();
    tensor.name = port.name;
    tensor.dtype = port.dtype;
    for (const Extent &extent : port.shape)
      tensor.shape.push_back(extent.factor);
    names.push_back(port.name);
  }
  std::vector<TensorRead> found;
  Mismatches mismatches(
      text(", which weights in the format '", format, "' have"),
      text("the model's format '", format, '\''));
  for (const TensorInfo &tensor : needed) {
    const FileTensor *inFile = header.find(tensor.name);
    if (!inFile) {
      mismatches.addMissing(tensor);
      continue;
    }
    mismatches.checkFound(*inFile, tensor);
    found.push_back({inFile, tensor.dtype});
  }
  for (const FileTensor &tensor : header.tensors)
    if (std::find(names.begin(), names.end(), tensor.name) == names.end() &&
        !isIgnored(entry, tensor.name))
      mismatches.addExtra(tensor.name, names);
  if (Error error = mismatches.makeError(file.path()))
    return error;

  Expected<Buffer> content = file.readAll(found);
  if (!content)
    return content.takeError();
  char *at = content->as<char>();
  std::vector<maek_tensor_t> tensors;
  for (const TensorInfo &tensor : needed) {
    tensors.push_back({tensor.name.c_str(), tensor.dtype,
                       static_cast<int32_t>(tensor.shape.size()),
                       tensor.shape.data(), at});
    at += *countBytes(tensor.shape, tensor.dtype);
  }
  if (Error error = run(index, tensors))
    return error;
  // What the file says nothing of starts anew.
  for (size_t i = 0; i < states.size(); ++i)
    if (std::none_of(entry.results.begin(), entry.results.end(),
                     [&](const PortInfo &port) {
                       return port.role == Role::State && port.storage == i;
                     }))
      reset(states[i], 0);
  for (size_t i = 0; i < parameters.size(); ++i)
    resetAverage(i);
  step = 0;
  takeNewWeights();
  return Error::success();
}

Error Model::exportTo(const std::string &path, const std::string &format,
                      const Metadata &extra) {
  std::vector<std::string> formats;
  for (const EntryInfo &entry : info.entries)
    if (entry.name.starts_with(exportPrefix))
      formats.push_back(entry.name.substr(exportPrefix.size()));
  std::optional<size_t> index =
      info.findEntry(std::string(exportPrefix) + format);
  if (!index) {
    std::vector<std::string_view> known(formats.begin(), formats.end());
    return makeError(MAEK_INVALID_ARGUMENT,
                     formats.empty() ? "the model has no weights block"
                                     : "the model has no weights block '",
                     formats.empty() ? "" : format, formats.empty() ? "" : "'",
                     suggest(format, known));
  }
  if (Error error = run(*index, {}))
    return error;
  std::vector<maek_tensor_t> tensors;
  for (size_t i = 0; i < info.entries[*index].results.size(); ++i)
    tensors.push_back(result(*index, i));
  // transformers reads no file that does not say whose tensors these are.
  Metadata metadata = {{"format", "pt"}, {"maek.model", info.name}};
  metadata.insert(metadata.end(), extra.begin(), extra.end());
  return writeSafetensors(path, tensors, metadata);
}
