// Part of Maek, under the MIT licence; see LICENSE.
// Weights in the names and layouts of other programs. The model file's weights
// blocks are compiled to entries: `import_<format>` takes a file's tensors and
// sets the model's, `export_<format>` gives a file's.
#include "runtime/core/EntryNames.h"
#include "runtime/core/Mismatches.h"
#include "runtime/core/Model.h"
#include "runtime/core/Names.h"
#include "runtime/core/Patterns.h"
#include "runtime/core/Safetensors.h"

#include <algorithm>
#include <cstring>

using namespace maek::runtime;

static bool isImport(const EntryInfo &entry) {
  return entry.name.starts_with(kImportPrefix);
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

/// Whether all that is made of the file's tensor is left as it is.
static bool isUnread(const EntryInfo &entry, size_t argument,
                     std::span<const std::string> fresh) {
  auto reads = [&](const PortInfo &result) {
    return std::find(result.reads.begin(), result.reads.end(), argument) !=
           result.reads.end();
  };
  return std::any_of(entry.results.begin(), entry.results.end(), reads) &&
         std::none_of(entry.results.begin(), entry.results.end(),
                      [&](const PortInfo &result) {
                        return reads(result) && !matchesAny(fresh, result.name);
                      });
}

Error Model::runImport(size_t index, std::span<const maek_tensor_t> tensors,
                       std::span<const std::string> fresh) {
  std::vector<std::pair<Stored *, std::vector<std::byte>>> kept;
  for (const PortInfo &result : info.entries[index].results) {
    if (!matchesAny(fresh, result.name))
      continue;
    Stored &stored =
        (result.role == Role::Parameter ? parameters : states)[result.storage];
    Expected<void *> content = stored.data.read();
    if (!content)
      return content.takeError();
    const auto *data = static_cast<const std::byte *>(*content);
    kept.emplace_back(
        &stored, std::vector(data, data + *countBytes(stored.info->shape,
                                                      stored.info->dtype)));
  }
  Error error = run(index, tensors);
  for (const auto &[stored, bytes] : kept)
    std::memcpy(stored->data.overwrite(), bytes.data(), bytes.size());
  return error;
}

Error Model::importFrom(const SafetensorsFile &file, size_t index,
                        std::span<const std::string> fresh) {
  const EntryInfo &entry = info.entries[index];
  const SafetensorsHeader &header = file.header();
  std::string format = entry.name.substr(std::strlen(kImportPrefix));
  std::vector<std::string_view> names;
  std::vector<TensorInfo> needed, unread;
  for (size_t i = 0; i < entry.arguments.size(); ++i) {
    const PortInfo &port = entry.arguments[i];
    if (port.role != Role::Input)
      continue;
    TensorInfo &tensor =
        (isUnread(entry, i, fresh) ? unread : needed).emplace_back();
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
        !matchesAny(entry.ignored, tensor.name))
      mismatches.addExtra(tensor.name, names);
  if (Error error = mismatches.makeError(file.path()))
    return error;

  Expected<Buffer> content = file.readAll(found);
  if (!content)
    return content.takeError();
  char *at = content->as<char>();
  std::vector<maek_tensor_t> tensors;
  auto add = [&](const TensorInfo &tensor, void *data) {
    tensors.push_back({tensor.name.c_str(), tensor.dtype,
                       static_cast<int32_t>(tensor.shape.size()),
                       tensor.shape.data(), data});
  };
  for (const TensorInfo &tensor : needed) {
    add(tensor, at);
    at += *countBytes(tensor.shape, tensor.dtype);
  }
  // Zeros in the place of what is not read: nothing comes of them.
  Buffer zeros;
  for (const TensorInfo &tensor : unread)
    if (Error error =
            zeros.reserve(*countBytes(tensor.shape, tensor.dtype), file.path()))
      return error;
  for (const TensorInfo &tensor : unread) {
    auto bytes = static_cast<size_t>(*countBytes(tensor.shape, tensor.dtype));
    std::memset(zeros.data(), 0, bytes);
    add(tensor, zeros.data());
  }
  if (Error error = runImport(index, tensors, fresh))
    return error;
  // What the file says nothing of starts anew.
  for (size_t i = 0; i < states.size(); ++i)
    if (std::none_of(entry.results.begin(), entry.results.end(),
                     [&](const PortInfo &port) {
                       return port.role == Role::State && port.storage == i;
                     }))
      reset(states[i], 0);
  for (size_t i = 0; i < parameters.size(); ++i)
    if (Error error = resetAverage(i))
      return error;
  step = 0;
  takeNewWeights();
  return Error::success();
}

Error Model::exportTo(const std::string &path, const std::string &format,
                      const Metadata &extra) {
  std::vector<std::string> formats;
  for (const EntryInfo &entry : info.entries)
    if (entry.name.starts_with(kExportPrefix))
      formats.push_back(entry.name.substr(std::strlen(kExportPrefix)));
  std::optional<size_t> index = info.findEntry(kExportPrefix + format);
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
    if (Expected<maek_tensor_t> tensor = result(*index, i))
      tensors.push_back(*tensor);
    else
      return tensor.takeError();
  // transformers reads no file that does not say whose tensors these are.
  Metadata metadata = {{"format", "pt"}, {"maek.model", info.name}};
  metadata.insert(metadata.end(), extra.begin(), extra.end());
  return writeSafetensors(path, tensors, metadata);
}
