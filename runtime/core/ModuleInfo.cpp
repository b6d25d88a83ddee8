// Part of Maek, under the MIT licence; see LICENSE.
// Small questions to a module's description.
#include "runtime/core/ModuleInfo.h"
#include "runtime/core/Tensor.h"

using namespace maek::runtime;

const char *maek::runtime::roleName(Role role) {
  static const char *const names[] = {
      "parameter", "state",  "prepared", "input",  "target",
      "scalar",    "output", "loss",     "metric", "report"};
  return names[static_cast<int>(role)];
}

std::optional<int64_t>
Extent::evaluate(const std::vector<int64_t> &dims) const {
  std::optional<int64_t> value = factor;
  for (uint32_t symbol : symbols)
    if (value)
      value = multiplyChecked(*value, dims[symbol]);
  return value;
}

std::string PortInfo::shapeText(const std::vector<std::string> &symbols) const {
  std::vector<std::string> sizes;
  for (const Extent &extent : shape) {
    std::string size;
    if (extent.factor != 1 || extent.isStatic())
      append(size, extent.factor);
    for (uint32_t symbol : extent.symbols) {
      if (!size.empty())
        size += '*';
      size += symbols[symbol];
    }
    sizes.push_back(std::move(size));
  }
  return runtime::shapeText(sizes);
}

std::optional<size_t> EntryInfo::findSymbol(std::string_view symbol) const {
  for (size_t i = 0; i < symbols.size(); ++i)
    if (symbols[i] == symbol)
      return i;
  return std::nullopt;
}

std::optional<size_t> ModuleInfo::findEntry(std::string_view name) const {
  for (size_t i = 0; i < entries.size(); ++i)
    if (entries[i].name == name)
      return i;
  return std::nullopt;
}
