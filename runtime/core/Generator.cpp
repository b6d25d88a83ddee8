// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/core/Generator.h"
#include "runtime/core/EntryNames.h"

#include <algorithm>
#include <cstring>

using namespace maek::runtime;

// Of the caches at first.
static constexpr int64_t firstCapacity = 64;

static std::optional<size_t> findResult(const EntryInfo &entry,
                                        std::string_view name) {
  for (size_t i = 0; i < entry.results.size(); ++i)
    if (entry.results[i].name == name)
      return i;
  return std::nullopt;
}

Expected<Generator> Generator::create(Model &model) {
  std::optional<size_t> entry = model.module().findEntry(kGenerateStep);
  if (!entry)
    return makeError(MAEK_INVALID_ARGUMENT,
                     "the model cannot generate: it has no entry '",
                     kGenerateStep, "'");
  Generator generator(model, *entry);
  const EntryInfo &info = generator.info();
  for (const PortInfo &port : info.arguments)
    if (port.role == Role::Input && !port.name.starts_with(kCarriedPrefix))
      generator.textPort = &port;
  if (!generator.textPort || generator.textPort->shape.size() != 2 ||
      generator.textPort->dtype != MAEK_I32)
    return makeError(MAEK_BAD_MODULE, "entry '", info.name, "' takes no text");
  return generator;
}

// What generate_source has left, if the port is of that kind.
Expected<bool> Generator::addSource(const PortInfo &port) {
  std::optional<size_t> source = model->module().findEntry(kGenerateSource);
  if (!source)
    return false;
  std::optional<size_t> result =
      findResult(model->module().entries[*source], port.name);
  if (!result)
    return false;
  Expected<maek_tensor_t> made = model->result(*source, *result);
  if (!made)
    return made.takeError();
  Input input{&port, {made->shape, made->shape + made->rank}, {}, true};
  std::optional<int64_t> bytes = countBytes(input.shape, made->dtype);
  if (!bytes || made->dtype != port.dtype)
    return false;
  const auto *data = static_cast<const std::byte *>(made->data);
  input.data.assign(data, data + *bytes);
  inputs.push_back(std::move(input));
  return true;
}

// Before all of it is read: tables of positions have rows enough. What no
// source tells is one text, and as long as it may be.
Error Generator::checkLength(int64_t length) const {
  std::vector<int64_t> dims(info().symbols.size());
  info().bindSymbols(
      [&](size_t i) -> const int64_t * {
        for (const Input &input : inputs)
          if (input.isSource && input.port == &info().arguments[i])
            return input.shape.data();
        return nullptr;
      },
      dims);
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] == EntryInfo::unknownSize)
      dims[i] = info().symbols[i] == batchSymbol ? 1 : length;
  return info().checkLimits(dims);
}

// The greatest length below `most` that fits; 0 if none does.
int64_t Generator::findFitting(int64_t most) const {
  int64_t fits = 0;
  while (most - fits > 1) {
    int64_t middle = fits + (most - fits) / 2;
    (checkLength(middle) ? most : fits) = middle;
  }
  return fits;
}

Error Generator::begin(std::span<const maek_tensor_t> source, int64_t most,
                       bool mayShorten) {
  inputs.clear();
  position = longest = 0;
  if (most < 1)
    return makeError(MAEK_INVALID_ARGUMENT, "a text of ", most,
                     " classes, needed at least 1");
  if (auto first = model->module().findEntry(kGenerateSource)) {
    if (Error error = model->run(*first, source))
      return error;
  } else if (!source.empty()) {
    return makeError(
        MAEK_INVALID_ARGUMENT, "the model's texts speak of nothing, so '",
        source.front().name ? source.front().name : "", "' is no argument");
  }
  for (const PortInfo &port : info().arguments) {
    if (port.role != Role::Input || &port == textPort)
      continue;
    Expected<bool> isSource = addSource(port);
    if (!isSource)
      return isSource.takeError();
    if (*isSource)
      continue;
    if (port.name != kBeginsName && port.name != kPositionName)
      return makeError(MAEK_BAD_MODULE, "entry '", info().name,
                       "' has no use for '", port.name, "'");
    inputs.push_back({&port, {}, {}, false});
  }
  if (Error error = checkLength(most)) {
    most = mayShorten ? findFitting(most) : 0;
    if (most == 0)
      return error;
  }
  longest = most;
  capacity = std::min(longest, firstCapacity);
  model->resetCarried(number, capacity);
  return Error::success();
}

template <typename T>
static void fill(std::vector<std::byte> &data, size_t count, T value) {
  data.resize(count * sizeof(T));
  for (size_t i = 0; i < count; ++i)
    std::memcpy(data.data() + i * sizeof(T), &value, sizeof(T));
}

static void fillNumber(std::vector<std::byte> &data, maek_dtype_t dtype,
                       int64_t count, int64_t value) {
  auto elements = static_cast<size_t>(count);
  if (dtype == MAEK_F64)
    fill(data, elements, static_cast<double>(value));
  else if (dtype == MAEK_F32)
    fill(data, elements, static_cast<float>(value));
  else
    fill(data, elements, static_cast<int32_t>(value));
}

Error Generator::read(const maek_tensor_t &text) {
  if (longest == 0)
    return makeError(MAEK_INVALID_ARGUMENT, "no text was begun");
  if (text.rank != 2 || !text.shape || text.shape[0] < 1 || text.shape[1] < 1)
    return makeError(MAEK_INVALID_ARGUMENT, "a piece of a text is [B, T]: T ",
                     "classes of each of B texts");
  int64_t texts = text.shape[0], steps = text.shape[1];
  if (steps > longest - position)
    return makeError(MAEK_INVALID_ARGUMENT, "the text was begun with ", longest,
                     " classes, of which ", position, " are read: ", steps,
                     " more are too many");
  // Attention looks at all that the caches hold: twice the steps so far, and
  // never much more.
  if (position + steps > capacity) {
    capacity = std::min(longest, std::max(2 * capacity, position + steps));
    model->growCarried(number, capacity);
  }
  given.assign(1, text);
  for (Input &input : inputs) {
    if (!input.isSource) {
      bool isFlag = input.port->name == kBeginsName;
      input.shape.assign(input.port->shape.size(), texts);
      fillNumber(input.data, input.port->dtype, *countElements(input.shape),
                 isFlag ? position == 0 : position);
    }
    given.push_back({input.port->name.c_str(), input.port->dtype,
                     static_cast<int32_t>(input.shape.size()),
                     input.shape.data(), input.data.data()});
  }
  if (Error error = model->run(number, given))
    return error;
  position += steps;
  return Error::success();
}
