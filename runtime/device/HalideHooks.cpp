// Part of Maek, under the MIT licence; see LICENSE.
// What compiled kernels call to run on a device. Halide's own support for
// devices is not linked: these functions stand in its place and pass the work
// to the device of the thread's DeviceScope.
#include "runtime/device/Device.h"
#include "runtime/device/HalideBuffer.h"

using namespace maek::runtime;

namespace {
/// More arguments than any kernel has; a launch with more is refused.
constexpr size_t mostArguments = 256;

/// Kernels are compiled to know that there is one, and never look into it.
constexpr char deviceInterface = 0;

/// Halide's code for "something went wrong"; the scope knows what.
constexpr int failed = -1;

int fail(Error error) {
  if (DeviceScope *scope = DeviceScope::current())
    scope->fail(std::move(error));
  return failed;
}

/// The scope, if kernels may go on.
DeviceScope *workingScope() {
  DeviceScope *scope = DeviceScope::current();
  return scope && !scope->hasFailed() ? scope : nullptr;
}

int loadKernels(void **state, const char *source) {
  DeviceScope *scope = workingScope();
  if (!scope)
    return failed;
  // What `launch` will be given.
  *state = const_cast<char *>(source);
  if (Error error = scope->device().load(source))
    return fail(std::move(error));
  return 0;
}

int launchKernel(void *state, const char *kernel, const int (&blocks)[3],
                 const int (&threads)[3], int sharedBytes, const size_t *sizes,
                 void *const *values, const int8_t *areBuffers) {
  DeviceScope *scope = workingScope();
  if (!scope)
    return failed;
  KernelArgument arguments[mostArguments];
  size_t count = 0;
  for (; sizes[count] != 0; ++count) {
    if (count == mostArguments)
      return fail(makeError(MAEK_INTERNAL, "kernel '", kernel, "' has over ",
                            mostArguments, " arguments"));
    const void *value = values[count];
    if (areBuffers[count])
      value = &static_cast<const HalideBuffer *>(value)->device;
    arguments[count] = {value, sizes[count], areBuffers[count] != 0};
  }
  KernelLaunch launch{static_cast<const char *>(state),
                      kernel,
                      {},
                      {},
                      static_cast<unsigned>(sharedBytes),
                      {arguments, count}};
  for (int axis = 0; axis < 3; ++axis) {
    // Nothing to do, which drivers take for a mistake.
    if (blocks[axis] <= 0)
      return 0;
    launch.blocks[axis] = static_cast<unsigned>(blocks[axis]);
    launch.threads[axis] = static_cast<unsigned>(threads[axis]);
  }
  if (Error error = scope->device().launch(launch))
    return fail(std::move(error));
  return 0;
}
} // namespace

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {
#define MAEK_DEVICE_HOOKS(api)                                                 \
  int halide_##api##_initialize_kernels(void *, void **state,                  \
                                        const char *source, int) {             \
    return loadKernels(state, source);                                         \
  }                                                                            \
  void halide_##api##_finalize_kernels(void *, void *) {}                      \
  int halide_##api##_run(void *, void *state, const char *kernel, int blocksX, \
                         int blocksY, int blocksZ, int threadsX, int threadsY, \
                         int threadsZ, int sharedBytes, size_t *sizes,         \
                         void **values, int8_t *areBuffers) {                  \
    return launchKernel(state, kernel, {blocksX, blocksY, blocksZ},            \
                        {threadsX, threadsY, threadsZ}, sharedBytes, sizes,    \
                        values, areBuffers);                                   \
  }                                                                            \
  const void *halide_##api##_device_interface() { return &deviceInterface; }

MAEK_DEVICE_HOOKS(cuda)
MAEK_DEVICE_HOOKS(opencl)
#undef MAEK_DEVICE_HOOKS

/// What the host program calls in front of a kernel that only multiplies
/// matrices: 0 if a library did so, 1 if the kernel has to.
int maek_device_product(const char *equation, int32_t allowsTf32,
                        const HalideBuffer *lhs, const HalideBuffer *rhs,
                        const HalideBuffer *result) {
  DeviceScope *scope = workingScope();
  if (!scope)
    return failed;
  std::optional<MatrixProduct> product =
      matchProduct(equation, *lhs, *rhs, *result, allowsTf32 != 0);
  if (!product)
    return 1;
  Expected<bool> isDone = scope->device().multiply(*product);
  if (!isDone)
    return fail(isDone.takeError());
  return *isDone ? 0 : 1;
}

int halide_device_malloc(void *, HalideBuffer *buffer, const void *) {
  // Before each launch that uses it, not the first one alone.
  if (buffer->device)
    return 0;
  DeviceScope *scope = workingScope();
  if (!scope)
    return failed;
  Expected<DeviceAddress> address =
      scope->device().scratch().acquire(scope->device(), countBytes(*buffer));
  if (!address)
    return fail(address.takeError());
  buffer->device = *address;
  return 0;
}

int halide_device_free(void *, HalideBuffer *buffer) {
  DeviceScope *scope = DeviceScope::current();
  if (buffer->device && scope)
    scope->device().scratch().giveBack(buffer->device);
  buffer->device = 0;
  return 0;
}

void halide_device_free_as_destructor(void *context, void *buffer) {
  halide_device_free(context, static_cast<HalideBuffer *>(buffer));
}

// All that kernels get is on the device already.
int halide_copy_to_device(void *, HalideBuffer *buffer, const void *) {
  if (buffer->device)
    return 0;
  return fail(makeError(MAEK_INTERNAL, "a kernel wants a tensor of the host"));
}

int halide_copy_to_host(void *, HalideBuffer *) {
  return fail(makeError(MAEK_INTERNAL, "a kernel wants a tensor on the host"));
}
}
// NOLINTEND(readability-identifier-naming)
