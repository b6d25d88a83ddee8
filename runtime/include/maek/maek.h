/* Part of Maek, under the MIT licence; see LICENSE.
 * The C interface of a compiled model: make an instance, load or train its
 * weights, run its entries. C11 and C++17.
 *
 *   maek_model_t *model;
 *   if (maek_model_create(lstm_module(), NULL, &model) != MAEK_OK)
 *     return fail(maek_model_last_error(NULL));
 *   maek_model_load(model, "lstm.safetensors");
 *   int64_t shape[] = {1, 28, 28};
 *   maek_tensor_t image = {"image", MAEK_F32, 3, shape, pixels};
 *   maek_model_forward(model, &image, 1);
 *   maek_tensor_t logits;
 *   maek_model_result(model, "forward", "logits", &logits);
 *
 * Rules. Every function reports by maek_status_t; the message is that of
 * maek_model_last_error. No function throws, exits or prints, except that a
 * kernel without memory for its scratch says so on standard error and aborts. A
 * model is used by one thread at a time; different models are independent,
 * except that the pool of worker threads is the library's. Nothing is allocated
 * by a call that runs an entry, unless its batch or length is larger than any
 * before. On a device the call returns once its work is queued, and what goes
 * wrong there may be told by a later call; parameters and results come to the
 * host when they are asked for.
 */
#ifndef MAEK_MAEK_H
#define MAEK_MAEK_H

#include <stddef.h>
#include <stdint.h>

#include "maek/module.h"

#if defined(__GNUC__)
#define MAEK_API __attribute__((visibility("default")))
#else
#define MAEK_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Version of this interface: functions are added, never changed, within one.
 */
#define MAEK_ABI_VERSION 1

/** The outcome of a call, and what a caller does about it. */
typedef enum {
  MAEK_OK = 0,
  /** The call is wrong (null handle, unknown name, wrong shape or type).
   *  Nothing happened. Mend the call. */
  MAEK_INVALID_ARGUMENT = 1,
  /** The module is not of this runtime's version, its description is damaged,
   *  or it was built for another processor. Build the model again. */
  MAEK_BAD_MODULE = 2,
  /** No memory, or more than maek_options_t.memory_limit. The model is as
   *  before the call, but the entry has no results. Use a smaller batch or
   *  length. */
  MAEK_OUT_OF_MEMORY = 3,
  /** A file cannot be opened, read or written. The model and any older file
   *  of that name are as before. Look at the path, the rights, the disk. */
  MAEK_IO_ERROR = 4,
  /** A file is not what it should be; the message says where. The model is
   *  as before. Use another file. */
  MAEK_BAD_FILE = 5,
  /** A compiled kernel failed, which one built with --asserts alone can. After
   * a training step the weights may be partly updated: load or initialise them
   * again. */
  MAEK_KERNEL_FAILED = 6,
  /** The loss of a training step is infinite or not a number; the weights
   *  are updated with it. Or weights with such numbers should be saved; no file
   *  is written. Load the last good ones, lower the learning rate. */
  MAEK_NOT_FINITE = 7,
  /** A defect of the runtime itself. Please report it. */
  MAEK_INTERNAL = 8,
  /** There is no such device, its driver is too old, or it failed; the message
   *  names it and says what to do. A device that was lost takes with it what
   *  the model held there: destroy the model, begin with the last checkpoint.
   */
  MAEK_DEVICE_ERROR = 9
} maek_status_t;

/** Element types. Classes and indices are MAEK_I32. */
typedef enum { MAEK_F32 = 1, MAEK_F64 = 2, MAEK_I32 = 3 } maek_dtype_t;

/** A view of a contiguous row-major tensor; it owns nothing. */
typedef struct {
  const char *name;
  maek_dtype_t dtype;
  int32_t rank;
  const int64_t *shape; /* `rank` sizes; may be null for rank 0 */
  void *data;           /* aligned to its element. An argument is not written,
                           and must not lie in what the call writes: results,
                           in training also parameters */
} maek_tensor_t;

/** An instance of a module: weights, states, counters and buffers. */
typedef struct maek_model maek_model_t;

/** Choices at creation. Zero everything, then set `size` and what differs. */
typedef struct {
  uint64_t size;         /* sizeof(maek_options_t) */
  uint64_t seed;         /* of the first weights */
  uint64_t memory_limit; /* bytes this model may hold; 0 = no limit. The
                            scratch of kernels, which models share, is not
                            among them */
  int32_t threads;       /* as maek_model_set_threads; 0 = leave as it is */
  const char *device;    /* "cpu", "cuda", "cuda:1", "opencl", "opencl:0": the
                            device of that number, the first without. Null: the
                            first that the module has code for and that is
                            there, else the processor */
} maek_options_t;

/** MAEK_ABI_VERSION of the runtime that is linked. */
MAEK_API int32_t maek_abi_version(void);

/** "MAEK_OK", "MAEK_BAD_FILE", ...; never null. */
MAEK_API const char *maek_status_name(maek_status_t status);

/** Makes an instance with first weights drawn from the options' seed (0 if
 *  `options` is null). The module must outlive it. On failure *model is null
 *  and maek_model_last_error(NULL) tells why. */
MAEK_API maek_status_t maek_model_create(const maek_module_t *module,
                                         const maek_options_t *options,
                                         maek_model_t **model);

/** Where its entries run, for people: "cpu", "cuda:0 (NVIDIA H100), sm_90". */
MAEK_API const char *maek_model_device(const maek_model_t *model);

/** Frees the instance and every buffer it gave out. Null is fine. */
MAEK_API void maek_model_destroy(maek_model_t *model);

/** The message of this model's latest failed call, valid until its next call;
 *  with null, that of this thread's latest failed maek_model_create. */
MAEK_API const char *maek_model_last_error(const maek_model_t *model);

/** Draws every parameter anew, sets every state and counter to its start. The
 *  values depend on the seed and the tensors' names only. */
MAEK_API maek_status_t maek_model_init(maek_model_t *model, uint64_t seed);

/** Reads parameters and states from a safetensors file. All parameters must be
 *  in it; states that are not are set to their start. Numbers of another width
 *  are converted; other shapes, and tensors that the model has
 *  not, are refused. A file in the format of one of the model's weights blocks
 *  is read as that says. */
MAEK_API maek_status_t maek_model_load(maek_model_t *model, const char *path);

/** Reads the weights of the model that this one uses as `name`, a teacher for
 *  instance, from a safetensors file of that model's own. Its averages, if the
 *  file has them. Nothing is changed on failure. */
MAEK_API maek_status_t maek_model_load_used(maek_model_t *model,
                                            const char *name, const char *path);

/** Writes parameters, states and the step counter as safetensors. The file is
 *  complete on disk when this returns, and at no moment half written.
 *  Parameters that are not finite are not saved: MAEK_NOT_FINITE. */
MAEK_API maek_status_t maek_model_save(maek_model_t *model, const char *path);

/** Writes the weights under the names and in the layouts of the model file's
 *  weights block `format`. Reading needs no name: maek_model_load recognises
 *  such a file by its tensors. */
MAEK_API maek_status_t maek_model_export(maek_model_t *model, const char *path,
                                         const char *format);

/** Runs the entry `forward` on the arguments of role input, in any order.
 *  Sizes of batch and length are taken from the arguments' shapes. */
MAEK_API maek_status_t maek_model_forward(maek_model_t *model,
                                          const maek_tensor_t *arguments,
                                          size_t count);

/** Runs `evaluate` on inputs and targets: outputs, loss and metrics. */
MAEK_API maek_status_t maek_model_evaluate(maek_model_t *model,
                                           const maek_tensor_t *arguments,
                                           size_t count);

/** Runs `train_step` on inputs and targets: loss, metrics, reports, and new
 *  weights. `lr` is the learning rate, 0 or more, `steps` the planned number of
 *  updates (for schedules), 1 or more; both are ignored where the model has no
 *  use for them.
 *  Where the model file says `accumulate n`, each nth call updates. */
MAEK_API maek_status_t maek_model_train_step(maek_model_t *model,
                                             const maek_tensor_t *arguments,
                                             size_t count, double lr,
                                             int64_t steps);

/** Begins texts that maek_model_generate_step reads: up to `longest` classes of
 *  each. `source` are the arguments of the entry `generate_source`, what the
 *  texts speak of, where the model has that entry; else there are none. */
MAEK_API maek_status_t maek_model_generate_begin(maek_model_t *model,
                                                 const maek_tensor_t *source,
                                                 size_t count, int64_t longest);

/** Runs `generate_step` on the next classes of each text: [B, T], with
 *  attention [B, 1]. What was read before is not computed again. The scores of
 *  what comes behind each of the T classes are the result of the name that
 *  they have in `forward`. */
MAEK_API maek_status_t maek_model_generate_step(maek_model_t *model,
                                                const maek_tensor_t *text);

/** A result (output, loss, metric or report) of the entry's latest run. The
 *  view is valid until that entry runs again: give that run a copy of it. */
MAEK_API maek_status_t maek_model_result(maek_model_t *model, const char *entry,
                                         const char *name,
                                         maek_tensor_t *result);

/** A result of rank 0 as a number. */
MAEK_API maek_status_t maek_model_scalar(maek_model_t *model, const char *entry,
                                         const char *name, double *value);

/** How many updates train_step has made, loaded ones included. */
MAEK_API int64_t maek_model_step(const maek_model_t *model);

/** How many parameters there are. */
MAEK_API size_t maek_model_parameter_count(const maek_model_t *model);

/** The parameter of that index, for reading; valid as long as the model. Of a
 *  model on a device the values are those of this call. */
MAEK_API maek_status_t maek_model_parameter_at(maek_model_t *model,
                                               size_t index,
                                               maek_tensor_t *parameter);

/** The parameter of that name, for reading; valid as long as the model. */
MAEK_API maek_status_t maek_model_parameter(maek_model_t *model,
                                            const char *name,
                                            maek_tensor_t *parameter);

/** Copies `value` over the parameter of its name; shape and type must be
 *  equal. */
MAEK_API maek_status_t maek_model_set_parameter(maek_model_t *model,
                                                const maek_tensor_t *value);

/** How many threads kernels may use, for all models of this library; 0 means
 *  one for each core. */
MAEK_API maek_status_t maek_model_set_threads(maek_model_t *model,
                                              int32_t threads);

#ifdef __cplusplus
}
#endif

#endif /* MAEK_MAEK_H */
