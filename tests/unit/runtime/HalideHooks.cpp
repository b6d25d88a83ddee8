// Part of Maek, under the MIT licence; see LICENSE.
// The calls of compiled kernels, and that our idea of Halide's descriptor is
// Halide's.
#include "HalideHooks.h"

#include "HalideRuntime.h"
#include "HalideRuntimeCuda.h"
#include "HalideRuntimeOpenCL.h"

#include <cstddef>

using namespace maek::fake;
using maek::runtime::HalideBuffer;
using maek::runtime::HalideDimension;

static_assert(sizeof(HalideBuffer) == sizeof(halide_buffer_t));
static_assert(offsetof(HalideBuffer, device) ==
              offsetof(halide_buffer_t, device));
static_assert(offsetof(HalideBuffer, host) == offsetof(halide_buffer_t, host));
static_assert(offsetof(HalideBuffer, flags) ==
              offsetof(halide_buffer_t, flags));
static_assert(offsetof(HalideBuffer, typeCode) ==
              offsetof(halide_buffer_t, type));
static_assert(offsetof(HalideBuffer, dimensions) ==
              offsetof(halide_buffer_t, dimensions));
static_assert(offsetof(HalideBuffer, dim) == offsetof(halide_buffer_t, dim));
static_assert(sizeof(HalideDimension) == sizeof(halide_dimension_t));
static_assert(offsetof(HalideDimension, stride) ==
              offsetof(halide_dimension_t, stride));

static halide_buffer_t *asHalides(Vector &vector) {
  return reinterpret_cast<halide_buffer_t *>(&vector.buffer);
}

static const halide_device_interface_t *interfaceOf(const std::string &api) {
  return api == "cuda" ? halide_cuda_device_interface()
                       : halide_opencl_device_interface();
}

// Functions of Halide's that it declares for its own code alone.
extern "C" {
#define DECLARE(api)                                                           \
  int halide_##api##_initialize_kernels(void *, void **, const char *, int);   \
  void halide_##api##_finalize_kernels(void *, void *);                        \
  int halide_##api##_run(void *, void *, const char *, int, int, int, int,     \
                         int, int, int, size_t *, void **, int8_t *);
DECLARE(cuda)
DECLARE(opencl)
#undef DECLARE
void halide_device_free_as_destructor(void *, void *);
}

int CompiledKernels::run(const Call &call) {
  bool isCuda = api == "cuda";
  auto size = static_cast<int>(std::char_traits<char>::length(source) + 1);
  int status = (isCuda ? halide_cuda_initialize_kernels
                       : halide_opencl_initialize_kernels)(nullptr, &state,
                                                           source, size);
  std::vector<size_t> sizes;
  std::vector<void *> values;
  std::vector<int8_t> areBuffers;
  auto add = [&](const auto &value, bool isBuffer) {
    sizes.push_back(isBuffer ? sizeof(uint64_t) : sizeof(value));
    values.push_back(const_cast<void *>(static_cast<const void *>(&value)));
    areBuffers.push_back(isBuffer);
  };
  for (Vector *vector : call.buffers) {
    halide_copy_to_device(nullptr, asHalides(*vector), interfaceOf(api));
    add(vector->buffer, true);
  }
  for (const int32_t &count : call.counts)
    add(count, false);
  for (const float &number : call.numbers)
    add(number, false);
  sizes.push_back(0);
  values.push_back(nullptr);
  areBuffers.push_back(0);
  int ran = (isCuda ? halide_cuda_run : halide_opencl_run)(
      nullptr, state, call.kernel, call.blocks[0], call.blocks[1],
      call.blocks[2], call.threads[0], call.threads[1], call.threads[2],
      call.sharedBytes, sizes.data(), values.data(), areBuffers.data());
  (isCuda ? halide_cuda_finalize_kernels
          : halide_opencl_finalize_kernels)(nullptr, state);
  return status ? status : ran;
}

int CompiledKernels::allocate(Vector &vector) {
  return halide_device_malloc(nullptr, asHalides(vector),
                              interfaceOf("opencl"));
}

void CompiledKernels::release(Vector &vector) {
  halide_device_free_as_destructor(nullptr, &vector.buffer);
}
