// Part of Maek, under the MIT licence; see LICENSE.
// The C interface: checks handles, keeps messages, lets no exception out.
#include "runtime/core/EntryNames.h"
#include "runtime/core/Generator.h"
#include "runtime/core/Kernels.h"
#include "runtime/core/Model.h"
#include "runtime/core/Names.h"
#include "runtime/core/Placement.h"

#include <cstring>
#include <exception>
#include <new>
#include <string_view>
#include <vector>

using namespace maek::runtime;

namespace {
/// Room for a message without an allocation, which might be what failed.
struct Message {
  char content[1024] = "";

  void set(std::string_view message) {
    size_t length = message.copy(content, sizeof(content) - 1);
    content[length] = '\0';
  }
};

thread_local Message creationMessage;
} // namespace

struct maek_model {
  std::unique_ptr<Model> model;
  std::optional<Generator> generator; ///< of texts that were begun
  std::string device;                 ///< where it runs
  Message message;
};

template <typename Body>
static maek_status_t guard(Message &message, Body &&body) {
  try {
    Error error = body();
    message.set(error.message());
    return error.code();
  } catch (const std::bad_alloc &) {
    message.set("no memory");
    return MAEK_OUT_OF_MEMORY;
  } catch (const std::exception &exception) {
    message.set(exception.what());
  } catch (...) {
    message.set("unknown exception");
  }
  return MAEK_INTERNAL;
}

// Runs `body` on the model behind a handle that may be null.
template <typename Body>
static maek_status_t guardModel(maek_model_t *handle, Body &&body) {
  if (!handle)
    return MAEK_INVALID_ARGUMENT;
  return guard(handle->message, [&] { return body(*handle->model); });
}

static Error nullArgument(const char *name) {
  return makeError(MAEK_INVALID_ARGUMENT, name, " is null");
}

template <typename T>
static Error give(Expected<T> value, T *out) {
  if (!value)
    return value.takeError();
  *out = *value;
  return Error::success();
}

int32_t maek_abi_version() { return MAEK_ABI_VERSION; }

const char *maek_status_name(maek_status_t status) {
  switch (status) {
  case MAEK_OK:
    return "MAEK_OK";
  case MAEK_INVALID_ARGUMENT:
    return "MAEK_INVALID_ARGUMENT";
  case MAEK_BAD_MODULE:
    return "MAEK_BAD_MODULE";
  case MAEK_OUT_OF_MEMORY:
    return "MAEK_OUT_OF_MEMORY";
  case MAEK_IO_ERROR:
    return "MAEK_IO_ERROR";
  case MAEK_BAD_FILE:
    return "MAEK_BAD_FILE";
  case MAEK_KERNEL_FAILED:
    return "MAEK_KERNEL_FAILED";
  case MAEK_NOT_FINITE:
    return "MAEK_NOT_FINITE";
  case MAEK_INTERNAL:
    return "MAEK_INTERNAL";
  case MAEK_DEVICE_ERROR:
    return "MAEK_DEVICE_ERROR";
  }
  return "unknown status";
}

maek_status_t maek_model_create(const maek_module_t *module,
                                const maek_options_t *options,
                                maek_model_t **out) {
  return guard(creationMessage, [&] {
    if (!out)
      return nullArgument("model");
    *out = nullptr;
    if (!module)
      return nullArgument("module");
    maek_options_t chosen = {};
    if (options) {
      if (options->size < sizeof(uint64_t) || options->size > sizeof(chosen))
        return makeError(MAEK_INVALID_ARGUMENT, "options.size is ",
                         options->size,
                         ", needed sizeof(maek_options_t) = ", sizeof(chosen));
      std::memcpy(&chosen, options, options->size);
    }
    if (chosen.threads < 0)
      return makeError(MAEK_INVALID_ARGUMENT, "options.threads is ",
                       chosen.threads);
    auto handle = std::make_unique<maek_model>();
    Expected<Placement> place = placeModel(
        *module, chosen.device ? std::optional<std::string_view>(chosen.device)
                               : std::nullopt);
    if (!place)
      return place.takeError();
    Expected<std::unique_ptr<Model>> model =
        Model::create(*place->module, chosen.seed, chosen.memory_limit,
                      std::move(place->device));
    if (!model)
      return model.takeError();
    handle->model = std::move(*model);
    handle->device = placeName(*handle->model);
    if (chosen.threads > 0)
      setKernelThreads(chosen.threads);
    *out = handle.release();
    return Error::success();
  });
}

const char *maek_model_device(const maek_model_t *handle) {
  return handle ? handle->device.c_str() : "";
}

void maek_model_destroy(maek_model_t *handle) { delete handle; }

const char *maek_model_last_error(const maek_model_t *handle) {
  return handle ? handle->message.content : creationMessage.content;
}

maek_status_t maek_model_init(maek_model_t *handle, uint64_t seed) {
  return guardModel(handle,
                    [&](Model &model) { return model.initialize(seed); });
}

maek_status_t maek_model_load(maek_model_t *handle, const char *path) {
  return guardModel(handle, [&](Model &model) {
    if (!path)
      return nullArgument("path");
    Expected<Metadata> metadata = model.load(path, false);
    return metadata ? Error::success() : metadata.takeError();
  });
}

maek_status_t maek_model_load_used(maek_model_t *handle, const char *name,
                                   const char *path) {
  return guardModel(handle, [&](Model &model) {
    if (!name || !path)
      return nullArgument(name ? "path" : "name");
    std::vector<std::string_view> names;
    for (const UseInfo &use : model.module().settings.uses) {
      if (use.name == name)
        return model.loadUsed(use, path);
      names.push_back(use.name);
    }
    return makeError(MAEK_INVALID_ARGUMENT, "the model uses no '", name, "'",
                     suggest(name, names));
  });
}

maek_status_t maek_model_save(maek_model_t *handle, const char *path) {
  return guardModel(handle, [&](Model &model) {
    if (!path)
      return nullArgument("path");
    if (Error error = model.checkParameters())
      return error;
    return model.save(path, {});
  });
}

maek_status_t maek_model_export(maek_model_t *handle, const char *path,
                                const char *format) {
  return guardModel(handle, [&](Model &model) {
    if (!path || !format)
      return nullArgument(path ? "format" : "path");
    return model.exportTo(path, format);
  });
}

static Error runNamed(Model &model, std::string_view name,
                      const maek_tensor_t *arguments, size_t count) {
  if (!arguments && count > 0)
    return nullArgument("arguments");
  std::optional<size_t> entry = model.module().findEntry(name);
  if (!entry)
    return makeError(MAEK_INVALID_ARGUMENT, "the model has no entry '", name,
                     "'");
  return model.run(*entry, {arguments, count});
}

maek_status_t maek_model_forward(maek_model_t *handle,
                                 const maek_tensor_t *arguments, size_t count) {
  return guardModel(handle, [&](Model &model) {
    return runNamed(model, kForward, arguments, count);
  });
}

maek_status_t maek_model_evaluate(maek_model_t *handle,
                                  const maek_tensor_t *arguments,
                                  size_t count) {
  return guardModel(handle, [&](Model &model) {
    return runNamed(model, kEvaluate, arguments, count);
  });
}

maek_status_t maek_model_generate_begin(maek_model_t *handle,
                                        const maek_tensor_t *source,
                                        size_t count, int64_t longest) {
  return guardModel(handle, [&](Model &model) {
    if (!source && count > 0)
      return nullArgument("source");
    if (!handle->generator) {
      Expected<Generator> generator = Generator::create(model);
      if (!generator)
        return generator.takeError();
      handle->generator.emplace(std::move(*generator));
    }
    return handle->generator->begin({source, count}, longest);
  });
}

maek_status_t maek_model_generate_step(maek_model_t *handle,
                                       const maek_tensor_t *text) {
  return guardModel(handle, [&](Model &) {
    if (!text)
      return nullArgument("text");
    if (!handle->generator)
      return makeError(MAEK_INVALID_ARGUMENT, "no text was begun");
    return handle->generator->read(*text);
  });
}

maek_status_t maek_model_train_step(maek_model_t *handle,
                                    const maek_tensor_t *arguments,
                                    size_t count, double lr, int64_t steps) {
  return guardModel(handle, [&](Model &model) {
    if (!arguments && count > 0)
      return nullArgument("arguments");
    if (Error error = model.trainStep({arguments, count}, lr, steps))
      return error;
    return model.checkLoss();
  });
}

// Finds the result, which must be of a run that went well.
static Error findResult(const Model &model, const char *entryName,
                        const char *name, size_t &entry, size_t &result) {
  if (!entryName || !name)
    return nullArgument(entryName ? "name" : "entry");
  std::optional<size_t> found = model.module().findEntry(entryName);
  if (!found)
    return makeError(MAEK_INVALID_ARGUMENT, "the model has no entry '",
                     entryName, "'");
  entry = *found;
  if (!model.hasRun(entry))
    return makeError(MAEK_INVALID_ARGUMENT, "entry '", entryName,
                     "' has no results: its latest run failed or there was "
                     "none");
  const std::vector<PortInfo> &results = model.module().entries[entry].results;
  for (result = 0; result < results.size(); ++result)
    if (results[result].name == name && results[result].role >= Role::Output)
      return Error::success();
  return makeError(MAEK_INVALID_ARGUMENT, "entry '", entryName,
                   "' has no result '", name, "'");
}

maek_status_t maek_model_result(maek_model_t *handle, const char *entryName,
                                const char *name, maek_tensor_t *out) {
  return guardModel(handle, [&](Model &model) {
    size_t entry, result;
    if (Error error = findResult(model, entryName, name, entry, result))
      return error;
    if (!out)
      return nullArgument("result");
    return give(model.result(entry, result), out);
  });
}

maek_status_t maek_model_scalar(maek_model_t *handle, const char *entryName,
                                const char *name, double *value) {
  return guardModel(handle, [&](Model &model) {
    size_t entry, result;
    if (Error error = findResult(model, entryName, name, entry, result))
      return error;
    if (!value)
      return nullArgument("value");
    if (!model.module().entries[entry].results[result].shape.empty())
      return makeError(MAEK_INVALID_ARGUMENT, "result '", name,
                       "' is no scalar");
    return give(model.scalar(entry, result), value);
  });
}

int64_t maek_model_step(const maek_model_t *handle) {
  return handle ? handle->model->step : 0;
}

size_t maek_model_parameter_count(const maek_model_t *handle) {
  return handle ? handle->model->module().parameters.size() : 0;
}

maek_status_t maek_model_parameter_at(maek_model_t *handle, size_t index,
                                      maek_tensor_t *out) {
  return guardModel(handle, [&](Model &model) {
    size_t count = model.module().parameters.size();
    if (!out)
      return nullArgument("parameter");
    if (index >= count)
      return makeError(MAEK_INVALID_ARGUMENT, "parameter index ", index,
                       ", needed less than ", count);
    return give(model.parameter(index), out);
  });
}

maek_status_t maek_model_parameter(maek_model_t *handle, const char *name,
                                   maek_tensor_t *out) {
  return guardModel(handle, [&](Model &model) {
    if (!name || !out)
      return nullArgument(name ? "parameter" : "name");
    const std::vector<TensorInfo> &parameters = model.module().parameters;
    for (size_t i = 0; i < parameters.size(); ++i)
      if (parameters[i].name == name)
        return give(model.parameter(i), out);
    return makeError(MAEK_INVALID_ARGUMENT, "no parameter '", name, "'");
  });
}

maek_status_t maek_model_set_parameter(maek_model_t *handle,
                                       const maek_tensor_t *value) {
  return guardModel(handle, [&](Model &model) {
    if (!value)
      return nullArgument("value");
    if (!value->data || value->rank < 0 || (value->rank > 0 && !value->shape))
      return nullArgument("value's data or shape");
    return model.setParameter(*value);
  });
}

maek_status_t maek_model_set_threads(maek_model_t *handle, int32_t threads) {
  return guardModel(handle, [&](Model &) {
    if (threads < 0)
      return makeError(MAEK_INVALID_ARGUMENT, "threads is ", threads,
                       ", needed at least 0");
    setKernelThreads(threads);
    return Error::success();
  });
}
