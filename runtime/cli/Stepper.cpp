// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/cli/Stepper.h"
#include "runtime/core/CarriedNames.h"

#include <algorithm>
#include <cstring>

using namespace maek::runtime;

static std::optional<size_t> findResult(const EntryInfo &entry,
                                        std::string_view name) {
  for (size_t i = 0; i < entry.results.size(); ++i)
    if (entry.results[i].name == name)
      return i;
  return std::nullopt;
}

Error Stepper::add(const PortInfo &port, const std::vector<int64_t> &dims) {
  State state{&port, findResult(info(), port.name), {}, {}};
  bool isKnown =
      state.result || port.name == kBeginsName || port.name == kPositionName;
  for (const Extent &extent : port.shape)
    state.shape.push_back(extent.evaluate(dims).value_or(0));
  std::optional<int64_t> bytes = countBytes(state.shape, port.dtype);
  if (!isKnown || !bytes)
    return makeError(MAEK_BAD_MODULE, "entry '", info().name,
                     "' has no use for '", port.name, "'");
  state.data.resize(static_cast<size_t>(*bytes));
  states.push_back(std::move(state));
  return Error::success();
}

// What generate_source has left, if the port is of that kind.
bool Stepper::addSource(const PortInfo &port) {
  std::optional<size_t> source = model->module().findEntry("generate_source");
  if (!source || findResult(info(), port.name))
    return false;
  std::optional<size_t> result =
      findResult(model->module().entries[*source], port.name);
  if (!result)
    return false;
  maek_tensor_t given = model->result(*source, *result);
  State state{&port, std::nullopt, {given.shape, given.shape + given.rank}, {}};
  std::optional<int64_t> bytes = countBytes(state.shape, given.dtype);
  if (!bytes || given.dtype != port.dtype)
    return false;
  const auto *data = static_cast<const std::byte *>(given.data);
  state.data.assign(data, data + *bytes);
  states.push_back(std::move(state));
  return true;
}

Expected<Stepper> Stepper::create(Model &model) {
  std::optional<size_t> entry = model.module().findEntry("generate_step");
  Stepper stepper(model, entry.value_or(0));
  const EntryInfo &info = stepper.info();
  auto isState = [](const PortInfo &port) {
    return port.name.starts_with(kCarriedPrefix);
  };
  for (const PortInfo &port : info.arguments)
    if (port.role == Role::Input && !isState(port))
      stepper.text = &port;
  for (size_t i = 0; i < info.results.size(); ++i)
    if (!isState(info.results[i]))
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

Error Stepper::begin(int64_t room, std::span<const maek_tensor_t> source) {
  states.clear();
  position = 0;
  if (auto first = model->module().findEntry("generate_source"))
    if (Error error = model->run(*first, source))
      return error;
  std::vector<std::vector<int64_t>> shapes(info().arguments.size());
  std::vector<const PortInfo *> others;
  for (size_t i = 0; i < shapes.size(); ++i) {
    const PortInfo &port = info().arguments[i];
    if (port.role != Role::Input || &port == text)
      continue;
    if (addSource(port))
      shapes[i] = states.back().shape;
    else
      others.push_back(&port);
  }
  // One example. What the source does not tell is the room of what attention
  // keeps.
  std::vector<int64_t> dims(info().symbols.size());
  info().bindSymbols(
      [&](size_t i) { return shapes[i].empty() ? nullptr : shapes[i].data(); },
      dims);
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] == EntryInfo::unknownSize)
      dims[i] = info().symbols[i] == batchSymbol ? 1 : room;
  if (Error error = info().checkLimits(dims))
    return error;
  for (const PortInfo *port : others)
    if (Error error = add(*port, dims))
      return error;
  return Error::success();
}

std::optional<int32_t> Stepper::start() const {
  if (classes() == text->classes)
    return std::nullopt;
  return static_cast<int32_t>(classes());
}

static void setNumber(std::vector<std::byte> &data, maek_dtype_t dtype,
                      double value) {
  auto narrow = static_cast<float>(value);
  if (dtype == MAEK_F64)
    std::memcpy(data.data(), &value, sizeof(value));
  else
    std::memcpy(data.data(), &narrow, sizeof(narrow));
}

Error Stepper::run(std::span<const int32_t> piece) {
  const int64_t shape[] = {1, static_cast<int64_t>(piece.size())};
  std::vector<maek_tensor_t> given = {{text->name.c_str(), MAEK_I32, 2, shape,
                                       const_cast<int32_t *>(piece.data())}};
  for (State &state : states) {
    if (state.port->name == kBeginsName)
      setNumber(state.data, state.port->dtype, position == 0 ? 1 : 0);
    else if (state.port->name == kPositionName)
      setNumber(state.data, state.port->dtype, static_cast<double>(position));
    given.push_back({state.port->name.c_str(), state.port->dtype,
                     static_cast<int32_t>(state.shape.size()),
                     state.shape.data(), state.data.data()});
  }
  if (Error error = model->run(entry, given))
    return error;
  for (State &state : states)
    if (state.result)
      std::memcpy(state.data.data(), model->result(entry, *state.result).data,
                  state.data.size());
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
