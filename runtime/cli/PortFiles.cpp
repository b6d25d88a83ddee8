// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/cli/PortFiles.h"
#include "runtime/core/Names.h"
#include "runtime/data/Batches.h"

#include <algorithm>

using namespace maek::runtime;

std::vector<PortFile>
maek::runtime::bindFiles(CommandLine &line, const char *option,
                         const std::vector<PortInfo> &ports, Role role) {
  std::vector<PortFile> bound;
  std::vector<std::string_view> names;
  for (size_t i = 0; i < ports.size(); ++i)
    if (ports[i].role == role) {
      bound.push_back({&ports[i], i, ""});
      names.push_back(ports[i].name);
    }
  for (const std::string &value : line.list(option)) {
    size_t equals = value.find('=');
    std::string name = value.substr(0, equals);
    auto at =
        std::find_if(bound.begin(), bound.end(), [&](const PortFile &one) {
          return equals != std::string::npos && one.port->name == name;
        });
    std::string path = value;
    if (at != bound.end()) {
      path = value.substr(equals + 1);
    } else if (bound.size() == 1 && equals == std::string::npos) {
      at = bound.begin();
    } else if (equals == std::string::npos) {
      line.complain("option '--", option, "' needs NAME=FILE, found '", value,
                    "'");
      continue;
    } else {
      line.complain("the model has no ", roleName(role), " '", name, "'",
                    suggest(name, names));
      continue;
    }
    if (!at->path.empty())
      line.complain("option '--", option, "' names '", at->port->name,
                    "' twice");
    if (path.empty())
      line.complain("option '--", option, "' needs a file for '",
                    at->port->name, "'");
    at->path = path;
  }
  return bound;
}

void maek::runtime::requireFiles(CommandLine &line,
                                 const std::vector<PortFile> &files) {
  for (const PortFile &one : files)
    if (one.path.empty())
      line.complain("option '--input' is needed for '", one.port->name, "'");
}

Expected<FileInputs> FileInputs::read(const std::vector<PortFile> &files,
                                      const EntryInfo &entry) {
  FileInputs result;
  const PortFile *first = nullptr;
  for (const PortFile &one : files) {
    const PortInfo &port = *one.port;
    Expected<NpyArray> array = readInput(one.path, port, entry);
    if (!array)
      return array.takeError();
    bool fits = array->shape.size() == port.shape.size();
    for (size_t axis = 0; fits && axis < port.shape.size(); ++axis)
      fits = !port.shape[axis].isStatic() ||
             port.shape[axis].factor == array->shape[axis];
    if (!fits || array->dtype != port.dtype)
      return makeError(MAEK_BAD_FILE, one.path, ": has ", array->type,
                       shapeText(array->shape), "; ", roleName(port.role), " '",
                       port.name, "' needs ", dtypeName(port.dtype),
                       port.shapeText(entry.symbols),
                       fits ? castHint(port.dtype) : "");
    if (port.dtype == MAEK_I32)
      if (Error error = checkClasses(one.path, port, array->data, port.classes))
        return error;
    result.inputs.push_back(
        {&port, std::move(*array), hasBatchAxis(port, entry)});
    Input &input = result.inputs.back();
    if (!input.isBatched)
      continue;
    if (input.array.shape[0] < 1)
      return makeError(MAEK_BAD_FILE, one.path, ": has no examples");
    if (first && input.array.shape[0] != result.count)
      return makeError(MAEK_BAD_FILE, one.path, ": has ", input.array.shape[0],
                       " examples, but ", first->path, " has ", result.count);
    result.count = input.array.shape[0];
    first = &one;
  }
  return result;
}

std::span<const maek_tensor_t> FileInputs::slice(int64_t first,
                                                 int64_t number) {
  tensors.clear();
  shapes.clear();
  shapes.reserve(inputs.size());
  for (Input &input : inputs) {
    std::vector<int64_t> &shape = shapes.emplace_back(input.array.shape);
    std::byte *data = input.array.data.data();
    if (input.isBatched) {
      data += input.array.data.size() / static_cast<size_t>(shape[0]) *
              static_cast<size_t>(first);
      shape[0] = number;
    }
    tensors.push_back({input.port->name.c_str(), input.array.dtype,
                       static_cast<int32_t>(shape.size()), shape.data(), data});
  }
  return tensors;
}
