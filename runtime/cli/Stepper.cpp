// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/cli/Stepper.h"
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

Error Stepper::add(const PortInfo &port, const std::vector<int64_t> &dims) {
  Input input{&port, {}, {}};
  bool isKnown = port.name == kBeginsName || port.name == kPositionName;
  for (const Extent &extent : port.shape)
    input.shape.push_back(extent.evaluate(dims).value_or(0));
  std::optional<int64_t> bytes = countBytes(input.shape, port.dtype);
  if (!isKnown || !bytes)
    return makeError(MAEK_BAD_MODULE, "entry '", info().name,
                     "' has no use for '", port.name, "'");
  input.data.resize(static_cast<size_t>(*bytes));
  inputs.push_back(std::move(input));
  return Error::success();
}

// What generate_source has left, if the port is of that kind.
bool Stepper::addSource(const PortInfo &port) {
  std::optional<size_t> source = model->module().findEntry(kGenerateSource);
  if (!source)
    return false;
  std::optional<size_t> result =
      findResult(model->module().entries[*source], port.name);
  if (!result)
    return false;
  maek_tensor_t given = model->result(*source, *result);
  Input input{&port, {given.shape, given.shape + given.rank}, {}};
  std::optional<int64_t> bytes = countBytes(input.shape, given.dtype);
  if (!bytes || given.dtype != port.dtype)
    return false;
  const auto *data = static_cast<const std::byte *>(given.data);
  input.data.assign(data, data + *bytes);
  inputs.push_back(std::move(input));
  return true;
}

Expected<Stepper> Stepper::create(Model &model) {
  std::optional<size_t> entry = model.module().findEntry(kGenerateStep);
  Stepper stepper(model, entry.value_or(0));
  const EntryInfo &info = stepper.info();
  for (const PortInfo &port : info.arguments)
    if (port.role == Role::Input && !port.name.starts_with(kCarriedPrefix))
      stepper.text = &port;
  for (size_t i = 0; i < info.results.size(); ++i)
    if (info.results[i].role == Role::Output)
      stepper.scores = i;
  const PortInfo *text = stepper.text;
  const std::vector<Extent> &shape = info.results[stepper.scores].shape;
  bool fits = text && text->shape.size() == 2 && text->dtype == MAEK_I32 &&
              shape.size() == 3 && shape[2].isStatic() &&
              (shape[2].factor == text->classes ||
               shape[2].factor + 1 == text->classes);
  if (!fits)
    return makeError(MAEK_BAD_MODULE, "entry '", info.name,
                     "' is not what it should be");
  return stepper;
}

Error Stepper::begin(int64_t length, std::span<const maek_tensor_t> source) {
  inputs.clear();
  position = 0;
  longest = length;
  capacity = std::min(longest, firstCapacity);
  if (auto first = model->module().findEntry(kGenerateSource))
    if (Error error = model->run(*first, source))
      return error;
  std::vector<std::vector<int64_t>> shapes(info().arguments.size());
  std::vector<const PortInfo *> others;
  for (size_t i = 0; i < shapes.size(); ++i) {
    const PortInfo &port = info().arguments[i];
    if (port.role != Role::Input || &port == text)
      continue;
    if (addSource(port))
      shapes[i] = inputs.back().shape;
    else
      others.push_back(&port);
  }
  // One example. What the source does not tell is the capacity of what
  // attention keeps.
  std::vector<int64_t> dims(info().symbols.size());
  info().bindSymbols(
      [&](size_t i) { return shapes[i].empty() ? nullptr : shapes[i].data(); },
      dims);
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] == EntryInfo::unknownSize)
      dims[i] = info().symbols[i] == batchSymbol ? 1 : longest;
  if (Error error = info().checkLimits(dims))
    return error;
  for (const PortInfo *port : others)
    if (Error error = add(*port, dims))
      return error;
  model->resetCarried(entry, capacity);
  return Error::success();
}

std::optional<int32_t> Stepper::start() const {
  if (classes() == text->classes)
    return std::nullopt;
  return static_cast<int32_t>(classes());
}

template <typename T>
static void set(std::vector<std::byte> &data, T value) {
  std::memcpy(data.data(), &value, sizeof(value));
}

static void setNumber(std::vector<std::byte> &data, maek_dtype_t dtype,
                      int64_t value) {
  if (dtype == MAEK_F64)
    set(data, static_cast<double>(value));
  else if (dtype == MAEK_F32)
    set(data, static_cast<float>(value));
  else
    set(data, static_cast<int32_t>(value));
}

Error Stepper::run(std::span<const int32_t> piece) {
  const int64_t shape[] = {1, static_cast<int64_t>(piece.size())};
  // Attention looks at all that the caches hold: twice the steps so far,
  // and never much more.
  if (int64_t end = position + shape[1]; end > capacity) {
    capacity = std::min(longest, std::max(2 * capacity, end));
    model->growCarried(entry, capacity);
  }
  std::vector<maek_tensor_t> given = {{text->name.c_str(), MAEK_I32, 2, shape,
                                       const_cast<int32_t *>(piece.data())}};
  for (Input &input : inputs) {
    if (input.port->name == kBeginsName)
      setNumber(input.data, input.port->dtype, position == 0 ? 1 : 0);
    else if (input.port->name == kPositionName)
      setNumber(input.data, input.port->dtype, position);
    given.push_back({input.port->name.c_str(), input.port->dtype,
                     static_cast<int32_t>(input.shape.size()),
                     input.shape.data(), input.data.data()});
  }
  if (Error error = model->run(entry, given))
    return error;
  position += shape[1];
  return Error::success();
}

Expected<std::vector<double>> Stepper::read(std::span<const int32_t> piece) {
  // With attention, one symbol after another.
  while (text->shape[1].isStatic() && piece.size() > 1) {
    if (Error error = run(piece.first(1)))
      return error;
    piece = piece.subspan(1);
  }
  if (Error error = run(piece))
    return error;
  maek_tensor_t all = model->result(entry, scores);
  auto classes = static_cast<size_t>(all.shape[2]);
  size_t first = (piece.size() - 1) * classes;
  std::vector<double> last(classes);
  for (size_t i = 0; i < classes; ++i)
    last[i] = all.dtype == MAEK_F64
                  ? static_cast<const double *>(all.data)[first + i]
                  : double{static_cast<const float *>(all.data)[first + i]};
  return last;
}
