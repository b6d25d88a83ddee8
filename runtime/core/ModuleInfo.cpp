// Part of Maek, under the MIT licence; see LICENSE.
// Small questions to a module's description.
#include "runtime/core/ModuleInfo.h"
#include "runtime/core/Tensor.h"

#include <algorithm>

using namespace maek::runtime;

std::optional<int64_t>
Extent::evaluate(const std::vector<int64_t> &dims) const {
  std::optional<int64_t> value = factor;
  for (uint32_t symbol : symbols)
    if (value)
      value = multiplyChecked(*value, dims[symbol]);
  return value;
}

std::string Extent::str(const std::vector<std::string> &names) const {
  std::string size;
  if (factor != 1 || isStatic())
    append(size, factor);
  for (uint32_t symbol : symbols) {
    if (!size.empty())
      size += '*';
    size += names[symbol];
  }
  return size;
}

std::string PortInfo::shapeText(const std::vector<std::string> &symbols) const {
  std::vector<std::string> sizes;
  for (const Extent &extent : shape)
    sizes.push_back(extent.str(symbols));
  return runtime::shapeText(sizes);
}

// A size with exactly one unknown symbol gives its value. Repeated, because
// T*B can be solved once B is known.
void EntryInfo::bindSymbols(
    const std::function<const int64_t *(size_t)> &shapeOf,
    std::vector<int64_t> &dims) const {
  std::fill(dims.begin(), dims.end(), unknownSize);
  for (bool progress = true; progress;) {
    progress = false;
    for (size_t i = 0; i < arguments.size(); ++i) {
      const PortInfo &port = arguments[i];
      const int64_t *shape = shapeOf(i);
      if (!shape)
        continue;
      for (size_t axis = 0; axis < port.shape.size(); ++axis) {
        const Extent &extent = port.shape[axis];
        int64_t known = extent.factor;
        const uint32_t *free = nullptr;
        size_t numFree = 0;
        for (const uint32_t &symbol : extent.symbols) {
          if (dims[symbol] != unknownSize)
            known = multiplyChecked(known, dims[symbol]).value_or(0);
          else
            free = &symbol, ++numFree;
        }
        if (numFree != 1 || known == 0)
          continue;
        dims[*free] = shape[axis] / known;
        progress = true;
      }
    }
  }
}

std::optional<size_t> EntryInfo::findCapacity() const {
  std::vector<bool> isCarried(symbols.size()), isGiven(symbols.size());
  for (const PortInfo &port : arguments)
    for (const Extent &extent : port.shape)
      for (uint32_t symbol : extent.symbols)
        (port.role == Role::Carried ? isCarried : isGiven)[symbol] = true;
  for (size_t i = 0; i < symbols.size(); ++i)
    if (isCarried[i] && !isGiven[i])
      return i;
  return std::nullopt;
}

Error EntryInfo::checkLimits(const std::vector<int64_t> &dims) const {
  for (const LimitInfo &limit : limits) {
    bool isKnown = true;
    for (uint32_t symbol : limit.size.symbols)
      isKnown &= dims[symbol] != unknownSize;
    if (!isKnown)
      continue;
    std::optional<int64_t> size = limit.size.evaluate(dims);
    if (!size || *size > limit.most)
      return makeError(MAEK_INVALID_ARGUMENT, "entry '", name,
                       "': ", limit.size.str(symbols), " is ",
                       size ? text(*size) : "too large", ", but ",
                       limit.table.empty() ? "its table"
                                           : text("'", limit.table, "'"),
                       " has rows for ", limit.most, " only");
  }
  return Error::success();
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
