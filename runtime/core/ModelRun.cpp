// Part of Maek, under the MIT licence; see LICENSE.
// Calling an entry: arguments are matched by name, the symbols' values are
// read from their shapes, buffers grow where they must, and the code runs.
#include "runtime/core/EntryNames.h"
#include "runtime/core/Kernels.h"
#include "runtime/core/Model.h"
#include "runtime/core/Philox.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace maek::runtime;

static bool isGiven(const PortInfo &port) {
  return port.role == Role::Input || port.role == Role::Target;
}

static std::span<const int64_t> shapeOf(const maek_tensor_t &tensor) {
  return {tensor.shape, static_cast<size_t>(tensor.rank)};
}

static std::string describe(const PortInfo &port) {
  return text(roleName(port.role), " '", port.name, "'");
}

// Finds the given tensor of each port, and complains about what is left over.
Error Model::match(EntryState &entry,
                   std::span<const maek_tensor_t> arguments) {
  const std::vector<PortInfo> &ports = entry.info->arguments;
  for (size_t i = 0; i < ports.size(); ++i) {
    if (!isGiven(ports[i]))
      continue;
    entry.given[i] = nullptr;
    for (const maek_tensor_t &tensor : arguments) {
      if (!tensor.name || ports[i].name != tensor.name)
        continue;
      if (entry.given[i])
        return makeError(MAEK_INVALID_ARGUMENT, describe(ports[i]),
                         " is given twice");
      entry.given[i] = &tensor;
    }
    if (!entry.given[i])
      return makeError(MAEK_INVALID_ARGUMENT, "entry '", entry.info->name,
                       "' needs the ", describe(ports[i]));
  }
  for (const maek_tensor_t &tensor : arguments) {
    std::string_view name = tensor.name ? tensor.name : "";
    bool known =
        std::any_of(ports.begin(), ports.end(), [&](const PortInfo &port) {
          return isGiven(port) && port.name == name;
        });
    if (!known)
      return makeError(MAEK_INVALID_ARGUMENT, "entry '", entry.info->name,
                       "' takes no '", name, "'");
  }
  return Error::success();
}

Error Model::bindSymbols(EntryState &entry) {
  const EntryInfo &info = *entry.info;
  constexpr int64_t unknown = EntryInfo::unknownSize;
  info.bindSymbols(
      [&entry](size_t i) {
        return entry.given[i] ? entry.given[i]->shape : nullptr;
      },
      entry.dims);
  if (entry.capacitySymbol && entry.capacity > 0)
    entry.dims[*entry.capacitySymbol] = entry.capacity;
  for (size_t symbol = 0; symbol < entry.dims.size(); ++symbol)
    if (entry.dims[symbol] < 1)
      return makeError(
          MAEK_INVALID_ARGUMENT, "entry '", info.name, "': ",
          entry.dims[symbol] == unknown ? "no argument tells the size "
                                        : "needed at least 1 for the size ",
          info.symbols[symbol],
          entry.dims[symbol] == unknown ? std::string()
                                        : text(", found ", entry.dims[symbol]));
  return Error::success();
}

Error Model::checkSizes(const EntryState &entry) {
  const EntryInfo &info = *entry.info;
  for (size_t i = 0; i < info.arguments.size(); ++i) {
    const PortInfo &port = info.arguments[i];
    if (!isGiven(port))
      continue;
    std::span<const int64_t> shape = shapeOf(*entry.given[i]);
    for (size_t axis = 0; axis < shape.size(); ++axis)
      if (port.shape[axis].evaluate(entry.dims) != shape[axis]) {
        std::vector<int64_t> needed;
        for (const Extent &extent : port.shape)
          needed.push_back(extent.evaluate(entry.dims).value_or(0));
        return makeError(MAEK_INVALID_ARGUMENT, describe(port), " has shape ",
                         shapeText(shape), ", needed ",
                         port.shapeText(info.symbols), ", here ",
                         shapeText(needed));
      }
  }
  return Error::success();
}

// A class outside the range would make a kernel read out of bounds.
Error Model::checkClasses(const EntryState &entry) {
  for (size_t i = 0; i < entry.given.size(); ++i) {
    const PortInfo &port = entry.info->arguments[i];
    if (!isGiven(port) || port.classes == 0)
      continue;
    const maek_tensor_t &tensor = *entry.given[i];
    const auto *values = static_cast<const int32_t *>(tensor.data);
    int64_t count = *countElements(shapeOf(tensor));
    for (int64_t at = 0; at < count; ++at)
      if (values[at] < 0 || values[at] >= port.classes)
        return makeError(MAEK_INVALID_ARGUMENT, describe(port), " has class ",
                         values[at], " at index ", at, ", needed 0 to ",
                         port.classes - 1);
  }
  return Error::success();
}

// Kernels take it that nothing else lies where they write.
Error Model::checkOverlaps(EntryState &entry) {
  const EntryInfo &info = *entry.info;
  for (size_t i = 0; i < info.arguments.size(); ++i) {
    if (!isGiven(info.arguments[i]))
      continue;
    const maek_tensor_t &given = *entry.given[i];
    auto begin = reinterpret_cast<uintptr_t>(given.data);
    auto bytes =
        static_cast<uintptr_t>(*countBytes(shapeOf(given), given.dtype));
    for (size_t r = 0; r < info.results.size(); ++r) {
      const Buffer &written = writtenBy(entry, r).onHost();
      auto at = reinterpret_cast<uintptr_t>(written.data());
      if (begin < at + static_cast<uintptr_t>(written.capacity()) &&
          at < begin + bytes)
        return makeError(MAEK_INVALID_ARGUMENT, describe(info.arguments[i]),
                         " lies in the ", describe(info.results[r]),
                         ", which entry '", info.name,
                         "' writes; give it a copy");
    }
  }
  return Error::success();
}

Error Model::makeNumbers(EntryState &entry) {
  if (entry.numbers.exists())
    return Error::success();
  size_t count = 0;
  for (size_t r = 0; r < entry.results.size(); ++r) {
    const PortInfo &port = entry.info->results[r];
    if (port.shape.empty() && !storageOf(entry, port))
      entry.results[r].slot = count++;
  }
  return entry.numbers.reserve(static_cast<int64_t>(count * slotBytes),
                               "the results that are numbers", budget,
                               on.get());
}

Error Model::sizeResults(EntryState &entry) {
  const EntryInfo &info = *entry.info;
  for (size_t r = 0; r < info.results.size(); ++r) {
    const PortInfo &port = info.results[r];
    if (storageOf(entry, port))
      continue;
    if (port.shape.empty()) {
      if (Error error = makeNumbers(entry))
        return error;
      continue;
    }
    Result &result = entry.results[r];
    std::optional<int64_t> bytes;
    bool fits = true;
    for (size_t axis = 0; axis < port.shape.size(); ++axis) {
      std::optional<int64_t> size = port.shape[axis].evaluate(entry.dims);
      fits &= size.has_value();
      result.shape[axis] = size.value_or(0);
    }
    if (fits)
      bytes = countBytes(result.shape, port.dtype);
    if (!bytes)
      return makeError(MAEK_OUT_OF_MEMORY, describe(port),
                       " is too large to address");
    if (!result.data.resize(*bytes))
      if (Error error =
              result.data.reserve(*bytes, describe(port), budget, on.get()))
        return error;
  }
  return Error::success();
}

// What only reads the weights gets their averages, where there are some.
Mirror *Model::storageOf(EntryState &entry, const PortInfo &port) {
  switch (port.role) {
  case Role::Parameter:
    if (std::optional<size_t> average = parameters[port.storage].info->average;
        average && !entry.updates)
      return &states[*average].data;
    return &parameters[port.storage].data;
  case Role::State:
    return &states[port.storage].data;
  case Role::Prepared:
    return &prepared[port.storage].data;
  case Role::Carried:
    return &entry.carried[port.storage].data;
  default:
    return nullptr;
  }
}

Mirror &Model::writtenBy(EntryState &entry, size_t result) {
  const PortInfo &port = entry.info->results[result];
  if (Mirror *storage = storageOf(entry, port))
    return *storage;
  return port.shape.empty() ? entry.numbers : entry.results[result].data;
}

Expected<int64_t> Model::sizeArena(const EntryState &entry) {
  int64_t bytes = entry.code.arena_size(entry.dims.data());
  if (bytes < 0)
    return makeError(MAEK_OUT_OF_MEMORY, "entry '", entry.info->name,
                     "': a tensor would have more than 2^31 - 1 numbers");
  return bytes;
}

Error Model::makeRoom(EntryState &entry) {
  if (Error error = sizeResults(entry))
    return error;
  if (Error error = sizeCarried(entry))
    return error;
  Expected<int64_t> bytes = sizeArena(entry);
  if (!bytes)
    return bytes.takeError();
  if (*bytes > arena.capacity())
    return arena.reserve(*bytes, "the arena", budget, on.get());
  return Error::success();
}

Error Model::growFor(EntryState &entry) {
  Error error = makeRoom(entry);
  // Recorded work holds on to scratch memory, which is then to be had.
  if (on && error.code() == MAEK_OUT_OF_MEMORY) {
    for (EntryState &other : entries)
      other.recordings.clear();
    error = makeRoom(entry);
  }
  // What grew in vain must not be held against smaller runs.
  if (error) {
    entry.numbers.release();
    for (Result &result : entry.results)
      result.data.release();
  }
  return error;
}

Error Model::bindBuffers(EntryState &entry) {
  const EntryInfo &info = *entry.info;
  size_t numArguments = info.arguments.size();
  for (size_t i = 0; i < numArguments; ++i) {
    const PortInfo &port = info.arguments[i];
    if (isGiven(port)) {
      entry.buffers[i] = entry.given[i]->data;
    } else if (port.role == Role::Scalar) {
      entry.buffers[i] = &entry.scalars[i];
    } else {
      Expected<void *> place = storageOf(entry, port)->place();
      if (!place)
        return place.takeError();
      entry.buffers[i] = *place;
    }
  }
  entry.words = entry.dims;
  for (size_t i : info.hostReads) {
    int32_t value;
    std::memcpy(&value, entry.buffers[i], sizeof(value));
    entry.words.push_back(value);
  }
  for (size_t r = 0; r < info.results.size(); ++r) {
    Expected<void *> place = writtenBy(entry, r).place();
    if (!place)
      return place.takeError();
    entry.buffers[numArguments + r] =
        static_cast<std::byte *>(*place) + entry.results[r].slot * slotBytes;
  }
  return Error::success();
}

void Model::noteWritten(EntryState &entry) {
  for (size_t r = 0; r < entry.results.size(); ++r)
    writtenBy(entry, r).noteWritten();
}

Error Model::runCode(EntryState &entry) {
  Expected<void *> working = arena.place();
  if (!working)
    return working.takeError();
  int32_t status = entry.code.run(entry.buffers.data(), entry.words.data(),
                                  *working, descriptors.data());
  if (status == 0)
    return Error::success();
  std::string message = takeKernelError();
  return makeError(MAEK_KERNEL_FAILED, "entry '", entry.info->name,
                   "': a kernel failed with ", status,
                   message.empty() ? "" : ": ", message);
}

Error Model::call(EntryState &entry) {
  // Shapes and buffers of the results change from here on.
  entry.ran = false;
  if (Error error = growFor(entry))
    return error;
  if (Error error = bindBuffers(entry))
    return error;
  Error error = on ? runOnDevice(entry) : runCode(entry);
  // Scratch of kernels, which recordings of others hold on to. What is written
  // in place cannot be done again.
  if (on && error.code() == MAEK_OUT_OF_MEMORY && !entry.updates &&
      entry.carried.empty()) {
    for (EntryState &other : entries)
      other.recordings.clear();
    error = bindBuffers(entry);
    if (!error)
      error = runOnDevice(entry);
  }
  // Also where a part of it was done.
  noteWritten(entry);
  if (error)
    return error;
  entry.ran = true;
  return Error::success();
}

Error Model::prepare() {
  std::optional<size_t> index = info.findEntry(kPrepare);
  if (!index)
    return Error::success();
  EntryState &entry = entries[*index];
  if (Error error = match(entry, {}))
    return error;
  if (Error error = bindSymbols(entry))
    return error;
  if (Error error = call(entry))
    return error;
  mustPrepare = false;
  return Error::success();
}

Error Model::run(size_t index, std::span<const maek_tensor_t> arguments) {
  EntryState &entry = entries[index];
  if (Error error = match(entry, arguments))
    return error;
  for (size_t i = 0; i < entry.given.size(); ++i) {
    const PortInfo &port = entry.info->arguments[i];
    if (!isGiven(port))
      continue;
    const maek_tensor_t &tensor = *entry.given[i];
    if (tensor.dtype != port.dtype)
      return makeError(MAEK_INVALID_ARGUMENT, describe(port), " is ",
                       dtypeName(tensor.dtype), ", needed ",
                       dtypeName(port.dtype));
    if (tensor.rank < 0 || (tensor.rank > 0 && !tensor.shape))
      return makeError(MAEK_INVALID_ARGUMENT, describe(port), " has no shape");
    if (static_cast<size_t>(tensor.rank) != port.shape.size() ||
        !countBytes(shapeOf(tensor), tensor.dtype))
      return makeError(MAEK_INVALID_ARGUMENT, describe(port), " has shape ",
                       shapeText(shapeOf(tensor)), ", needed ",
                       port.shapeText(entry.info->symbols));
    if (!tensor.data ||
        reinterpret_cast<uintptr_t>(tensor.data) % dtypeSize(tensor.dtype))
      return makeError(MAEK_INVALID_ARGUMENT, describe(port),
                       tensor.data ? " is not aligned to its elements"
                                   : " has no data");
  }
  if (Error error = bindSymbols(entry))
    return error;
  if (Error error = checkSizes(entry))
    return error;
  if (Error error = entry.info->checkLimits(entry.dims))
    return error;
  // What is too large seems to lie everywhere.
  if (Expected<int64_t> bytes = sizeArena(entry); !bytes)
    return bytes.takeError();
  if (Error error = checkOverlaps(entry))
    return error;
  if (Error error = checkClasses(entry))
    return error;
  if (entry.needsPrepared && mustPrepare)
    if (Error error = prepare())
      return error;
  if (entry.info->name == kReference)
    mustPrepare = true;
  return call(entry);
}

void Model::setScalars(EntryState &entry, double lr, int64_t steps) {
  // A key for each batch: a resumed run draws the same numbers.
  uint64_t key = RandomStream(seed, text("training ", pending))
                     .bits(static_cast<uint64_t>(step))[0];
  for (size_t i = 0; i < entry.scalars.size(); ++i) {
    const PortInfo &port = entry.info->arguments[i];
    if (port.role != Role::Scalar)
      continue;
    if (port.dtype == MAEK_I32) {
      auto word =
          static_cast<uint32_t>(port.name == kKeyLowName ? key : key >> 32);
      std::memcpy(&entry.scalars[i], &word, sizeof(word));
      continue;
    }
    double value = lr;
    if (port.name == kStepName)
      value = static_cast<double>(step + 1);
    else if (port.name == kStepsName)
      value = static_cast<double>(steps);
    if (port.dtype == MAEK_F32) {
      auto narrow = static_cast<float>(value);
      std::memcpy(&entry.scalars[i], &narrow, sizeof(narrow));
    } else {
      entry.scalars[i] = value;
    }
  }
}

// A number that no entry takes is ignored.
Error Model::checkScalars(double lr, int64_t steps) const {
  for (const EntryInfo &entry : info.entries)
    for (const PortInfo &port : entry.arguments) {
      if (port.role != Role::Scalar)
        continue;
      double rate = port.dtype == MAEK_F32 ? static_cast<float>(lr) : lr;
      if (port.name == kRateName && !(std::isfinite(rate) && rate >= 0))
        return makeError(MAEK_INVALID_ARGUMENT, "lr is ", lr,
                         ", needed a finite number, 0 or more");
      if (port.name == kStepsName && steps < 1)
        return makeError(MAEK_INVALID_ARGUMENT, "steps is ", steps,
                         ", needed at least 1");
    }
  return Error::success();
}

template <typename T>
static bool areFinite(const maek_tensor_t &tensor) {
  const T *data = static_cast<const T *>(tensor.data);
  return std::all_of(data, data + *countElements(shapeOf(tensor)),
                     [](T number) { return std::isfinite(number); });
}

// Of the arguments of the run just made.
std::string Model::blameInputs(const EntryState &entry) {
  for (size_t i = 0; i < entry.given.size(); ++i) {
    const PortInfo &port = entry.info->arguments[i];
    if (!isGiven(port) || port.dtype == MAEK_I32)
      continue;
    if (!(port.dtype == MAEK_F32 ? areFinite<float>(*entry.given[i])
                                 : areFinite<double>(*entry.given[i])))
      return text("; ", describe(port), " has such numbers");
  }
  return "";
}

Error Model::checkLoss() {
  std::optional<size_t> entry = info.findEntry(kTrainStep);
  if (!entry || !entries[*entry].ran)
    return Error::success();
  const std::vector<PortInfo> &results = entries[*entry].info->results;
  for (size_t r = 0; r < results.size(); ++r) {
    const PortInfo &port = results[r];
    if (port.role != Role::Loss)
      continue;
    Expected<double> loss = scalar(*entry, r);
    if (!loss)
      return loss.takeError();
    if (!std::isfinite(*loss))
      return makeError(MAEK_NOT_FINITE, "the ", port.name, " is ",
                       std::isnan(*loss) ? "not a number" : "infinite",
                       " at step ", pending > 0 ? step + 1 : step,
                       blameInputs(entries[*entry]));
  }
  return Error::success();
}

// The gradients of the batches since the latest update make the next one.
Error Model::update(double lr, int64_t steps) {
  size_t index = *info.findEntry(kUpdate);
  EntryState &entry = entries[index];
  setScalars(entry, lr, steps);
  if (Error error = run(index, {}))
    return error;
  pending = 0;
  ++step;
  return Error::success();
}

Error Model::trainStep(std::span<const maek_tensor_t> arguments, double lr,
                       int64_t steps, bool isLast) {
  std::optional<size_t> index = info.findEntry(kTrainStep);
  if (!index)
    return makeError(MAEK_INVALID_ARGUMENT, "the model has no training step");
  if (Error error = checkScalars(lr, steps))
    return error;
  EntryState &entry = entries[*index];
  setScalars(entry, lr, steps);
  mustPrepare = true;
  if (Error error = run(*index, arguments))
    return error;
  if (info.findEntry(kUpdate)) {
    ++pending;
    if (isLast || pending >= info.settings.accumulate.value_or(1))
      if (Error error = update(lr, steps))
        return error;
  } else {
    ++step;
  }
  return Error::success();
}
