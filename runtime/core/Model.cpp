// Part of Maek, under the MIT licence; see LICENSE.
// Making an instance, its first values, and what it shows of itself.
#include "runtime/core/Model.h"
#include "runtime/core/EntryNames.h"
#include "runtime/core/Kernels.h"
#include "runtime/core/Philox.h"
#include "runtime/core/Processor.h"
#include "runtime/core/StateNames.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace maek::runtime;

Error Model::allocate(const std::vector<TensorInfo> &infos,
                      std::vector<Stored> &out, std::string_view kind) {
  for (const TensorInfo &tensor : infos) {
    Stored &stored = out.emplace_back(&tensor, Mirror());
    std::string what = text(kind, " '", tensor.name, "'");
    if (Error error = stored.data.reserve(
            *countBytes(tensor.shape, tensor.dtype), what, budget, on.get()))
      return error;
    if (Error error = stored.data.reserveHost(what))
      return error;
    if (Error error = stored.data.clear())
      return error;
  }
  return Error::success();
}

Error Model::setUpEntries(const maek_module_t &module) {
  int64_t descriptorBytes = 0;
  for (size_t i = 0; i < info.entries.size(); ++i) {
    const EntryInfo &entry = info.entries[i];
    const maek_entry_code_t &code = module.entries[i];
    if (!code.run || !code.arena_size || code.descriptor_bytes < 0)
      return makeError(MAEK_BAD_MODULE, "entry '", entry.name, "' has no code");
    descriptorBytes = std::max(descriptorBytes, code.descriptor_bytes);
    EntryState &state = entries.emplace_back();
    state.info = &entry;
    state.code = code;
    state.given.resize(entry.arguments.size());
    state.dims.resize(entry.symbols.size());
    state.buffers.resize(entry.arguments.size() + entry.results.size());
    state.scalars.resize(entry.arguments.size());
    state.results.resize(entry.results.size());
    state.updates = std::any_of(
        entry.results.begin(), entry.results.end(), [](const PortInfo &port) {
          return getRow(port.role).isStored && !findRanged(port.name);
        });
    for (size_t r = 0; r < entry.results.size(); ++r)
      state.results[r].shape.resize(entry.results[r].shape.size());
    state.capacitySymbol = entry.findCapacity();
    for (const PortInfo &port : entry.arguments) {
      state.needsPrepared |= port.role == Role::Prepared;
      if (port.role == Role::Carried)
        state.carried.emplace_back();
      if (port.role == Role::Scalar && port.name != kRateName &&
          port.name != kStepName && port.name != kStepsName &&
          port.name != kKeyLowName && port.name != kKeyHighName)
        return makeError(MAEK_BAD_MODULE, "entry '", entry.name,
                         "' takes the unknown scalar '", port.name, "'");
    }
    if (state.needsPrepared && !info.findEntry(kPrepare))
      return makeError(MAEK_BAD_MODULE, "entry '", entry.name,
                       "' takes prepared tensors, but nothing prepares them");
  }
  return descriptors.reserve(descriptorBytes, "the descriptors", &budget);
}

Expected<std::unique_ptr<Model>> Model::create(const maek_module_t &module,
                                               uint64_t seed,
                                               uint64_t memoryLimit,
                                               std::unique_ptr<Device> device) {
  Expected<ModuleInfo> info = readModule(module);
  if (!info)
    return info.takeError();
  if (Error error = checkProcessor(info->target))
    return error;
  std::unique_ptr<Model> model(new Model);
  model->info = std::move(*info);
  model->on = std::move(device);
  if (memoryLimit)
    model->budget.limit = memoryLimit;
  supportKernels();
  if (Error error = model->allocate(model->info.parameters, model->parameters,
                                    "parameter"))
    return error;
  if (Error error = model->allocate(model->info.states, model->states, "state"))
    return error;
  if (Error error = model->allocate(model->info.prepared, model->prepared,
                                    "prepared tensor"))
    return error;
  if (Error error = model->setUpEntries(module))
    return error;
  if (Error error = model->initialize(seed))
    return error;
  return model;
}

template <typename T>
static void draw(const TensorInfo &tensor, uint64_t seed, T *out) {
  const InitInfo &init = tensor.init;
  RandomStream random(seed, tensor.name);
  for (int64_t i = 0; i < tensor.count; ++i) {
    double value = init.first;
    if (init.kind == InitInfo::Kind::Uniform)
      value +=
          (init.second - init.first) * random.uniform(static_cast<uint64_t>(i));
    else if (init.kind == InitInfo::Kind::Normal)
      value += init.second * random.normal(static_cast<uint64_t>(i));
    out[i] = static_cast<T>(value);
  }
}

void Model::reset(Stored &stored, uint64_t seed) {
  switch (stored.info->dtype) {
  case MAEK_F32:
    return draw(*stored.info, seed,
                static_cast<float *>(stored.data.overwrite()));
  case MAEK_F64:
    return draw(*stored.info, seed,
                static_cast<double *>(stored.data.overwrite()));
  case MAEK_I32:
    return draw(*stored.info, seed,
                static_cast<int32_t *>(stored.data.overwrite()));
  }
}

Error Model::resetAverage(size_t parameter) {
  Stored &stored = parameters[parameter];
  std::optional<size_t> average = stored.info->average;
  if (!average)
    return Error::success();
  Expected<void *> content = stored.data.read();
  if (!content)
    return content.takeError();
  std::memcpy(
      states[*average].data.overwrite(), *content,
      static_cast<size_t>(*countBytes(stored.info->shape, stored.info->dtype)));
  return Error::success();
}

Error Model::initialize(uint64_t seed) {
  for (Stored &stored : parameters)
    reset(stored, seed);
  for (Stored &stored : states)
    reset(stored, seed);
  for (size_t i = 0; i < parameters.size(); ++i)
    if (Error error = resetAverage(i))
      return error;
  this->seed = seed;
  step = 0;
  takeNewWeights();
  return Error::success();
}

void Model::takeNewWeights(int64_t batches) {
  mustPrepare = true;
  pending = batches;
  for (Stored &state : states) {
    std::string_view name = state.info->name;
    bool isSum = name == kSumOfExamples ||
                 (name.starts_with(kSumPrefix) &&
                  std::any_of(parameters.begin(), parameters.end(),
                              [&](const Stored &parameter) {
                                return name.substr(std::strlen(kSumPrefix)) ==
                                       parameter.info->name;
                              }));
    if (isSum && batches == 0)
      reset(state, seed);
  }
}

int64_t Model::arenaSize(size_t entry, const std::vector<int64_t> &dims) const {
  return entries[entry].code.arena_size(dims.data());
}

Expected<maek_tensor_t> Model::result(size_t entry, size_t index) {
  EntryState &state = entries[entry];
  const PortInfo &port = state.info->results[index];
  const Result &result = state.results[index];
  Expected<void *> data = writtenBy(state, index).read();
  if (!data)
    return data.takeError();
  return maek_tensor_t{
      port.name.c_str(), port.dtype, static_cast<int32_t>(result.shape.size()),
      result.shape.data(),
      static_cast<std::byte *>(*data) + result.slot * slotBytes};
}

Expected<double> Model::scalar(size_t entry, size_t index) {
  if (!entries[entry].ran || !entries[entry].results[index].shape.empty())
    return 0;
  Expected<maek_tensor_t> tensor = result(entry, index);
  if (!tensor)
    return tensor.takeError();
  switch (tensor->dtype) {
  case MAEK_F32:
    return *static_cast<const float *>(tensor->data);
  case MAEK_F64:
    return *static_cast<const double *>(tensor->data);
  case MAEK_I32:
    return *static_cast<const int32_t *>(tensor->data);
  }
  return 0;
}

Expected<maek_tensor_t> Model::parameter(size_t index) {
  Stored &stored = parameters[index];
  const TensorInfo &tensor = *stored.info;
  Expected<void *> data = stored.data.read();
  if (!data)
    return data.takeError();
  return maek_tensor_t{tensor.name.c_str(), tensor.dtype,
                       static_cast<int32_t>(tensor.shape.size()),
                       tensor.shape.data(), *data};
}

Error Model::setParameter(const maek_tensor_t &value) {
  std::string_view name = value.name ? value.name : "";
  for (size_t i = 0; i < parameters.size(); ++i) {
    Stored &stored = parameters[i];
    const TensorInfo &tensor = *stored.info;
    if (tensor.name != name)
      continue;
    std::span<const int64_t> shape(value.shape,
                                   static_cast<size_t>(value.rank));
    if (value.dtype != tensor.dtype ||
        !std::equal(shape.begin(), shape.end(), tensor.shape.begin(),
                    tensor.shape.end()))
      return makeError(MAEK_INVALID_ARGUMENT, "parameter '", name, "' is ",
                       dtypeName(tensor.dtype), shapeText(tensor.shape),
                       ", given ", dtypeName(value.dtype), shapeText(shape));
    // It may be the parameter itself.
    std::memmove(stored.data.overwrite(), value.data,
                 static_cast<size_t>(*countBytes(tensor.shape, tensor.dtype)));
    mustPrepare = true;
    return resetAverage(i);
  }
  return makeError(MAEK_INVALID_ARGUMENT, "no parameter '", name, "'");
}
