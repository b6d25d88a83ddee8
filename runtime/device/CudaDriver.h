// Part of Maek, under the MIT licence; see LICENSE.
// The part of CUDA's driver interface that we use, found at run time: a
// program runs where there is no driver. Names and numbers are the driver's.
#ifndef MAEK_RUNTIME_DEVICE_CUDADRIVER_H
#define MAEK_RUNTIME_DEVICE_CUDADRIVER_H

#include "runtime/core/Error.h"
#include <cstddef>
#include <cstdint>

// NOLINTBEGIN(readability-identifier-naming, bugprone-macro-parentheses)
namespace maek::cuda {

enum CUresult : int {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_OUT_OF_MEMORY = 2,
  CUDA_ERROR_STUB_LIBRARY = 34,
  CUDA_ERROR_DEVICE_UNAVAILABLE = 46,
  CUDA_ERROR_NO_DEVICE = 100,
  CUDA_ERROR_NO_BINARY_FOR_GPU = 209,
  CUDA_ERROR_ECC_UNCORRECTABLE = 214,
  CUDA_ERROR_NVLINK_UNCORRECTABLE = 220,
  CUDA_ERROR_UNSUPPORTED_PTX_VERSION = 222,
  CUDA_ERROR_ILLEGAL_ADDRESS = 700,
  CUDA_ERROR_LAUNCH_TIMEOUT = 702,
  CUDA_ERROR_CONTEXT_IS_DESTROYED = 709,
  CUDA_ERROR_ASSERT = 710,
  CUDA_ERROR_HARDWARE_STACK_ERROR = 714,
  CUDA_ERROR_LAUNCH_FAILED = 719,
  CUDA_ERROR_SYSTEM_DRIVER_MISMATCH = 803,
  CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE = 804,
  CUDA_ERROR_UNKNOWN = 999
};

using CUdevice = int;
using CUdeviceptr = unsigned long long;
using CUcontext = struct CUctx_st *;
using CUmodule = struct CUmod_st *;
using CUfunction = struct CUfunc_st *;
using CUstream = struct CUstream_st *;
using CUevent = struct CUevent_st *;
using CUgraph = struct CUgraph_st *;
using CUgraphExec = struct CUgraphExec_st *;

inline constexpr int CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75;
inline constexpr int CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76;
inline constexpr unsigned CU_STREAM_NON_BLOCKING = 1;
inline constexpr unsigned CU_EVENT_DISABLE_TIMING = 2;
inline constexpr int CU_JIT_ERROR_LOG_BUFFER = 5;
inline constexpr int CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6;
inline constexpr int CU_STREAM_CAPTURE_MODE_RELAXED = 2;

// MAEK_CUDA_FUNCTION(name, exported name, parameters): the version of each
// function that today's headers stand for. cuGraphInstantiateWithFlags is the
// youngest, of CUDA 11.4.
#define MAEK_CUDA_FUNCTIONS                                                    \
  MAEK_CUDA_FUNCTION(cuInit, cuInit, (unsigned flags))                         \
  MAEK_CUDA_FUNCTION(cuGetErrorName, cuGetErrorName,                           \
                     (CUresult error, const char **text))                      \
  MAEK_CUDA_FUNCTION(cuGetErrorString, cuGetErrorString,                       \
                     (CUresult error, const char **text))                      \
  MAEK_CUDA_FUNCTION(cuDeviceGetCount, cuDeviceGetCount, (int *count))         \
  MAEK_CUDA_FUNCTION(cuDeviceGet, cuDeviceGet,                                 \
                     (CUdevice * device, int ordinal))                         \
  MAEK_CUDA_FUNCTION(cuDeviceGetName, cuDeviceGetName,                         \
                     (char *name, int length, CUdevice device))                \
  MAEK_CUDA_FUNCTION(cuDeviceGetAttribute, cuDeviceGetAttribute,               \
                     (int *value, int attribute, CUdevice device))             \
  MAEK_CUDA_FUNCTION(cuDeviceTotalMem, cuDeviceTotalMem_v2,                    \
                     (size_t *bytes, CUdevice device))                         \
  MAEK_CUDA_FUNCTION(cuDevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain,       \
                     (CUcontext * context, CUdevice device))                   \
  MAEK_CUDA_FUNCTION(cuDevicePrimaryCtxRelease, cuDevicePrimaryCtxRelease_v2,  \
                     (CUdevice device))                                        \
  MAEK_CUDA_FUNCTION(cuCtxPushCurrent, cuCtxPushCurrent_v2,                    \
                     (CUcontext context))                                      \
  MAEK_CUDA_FUNCTION(cuCtxPopCurrent, cuCtxPopCurrent_v2,                      \
                     (CUcontext * context))                                    \
  MAEK_CUDA_FUNCTION(cuMemGetInfo, cuMemGetInfo_v2,                            \
                     (size_t *left, size_t *all))                              \
  MAEK_CUDA_FUNCTION(cuMemAlloc, cuMemAlloc_v2,                                \
                     (CUdeviceptr * address, size_t bytes))                    \
  MAEK_CUDA_FUNCTION(cuMemFree, cuMemFree_v2, (CUdeviceptr address))           \
  MAEK_CUDA_FUNCTION(cuMemHostAlloc, cuMemHostAlloc,                           \
                     (void **memory, size_t bytes, unsigned flags))            \
  MAEK_CUDA_FUNCTION(cuMemFreeHost, cuMemFreeHost, (void *memory))             \
  MAEK_CUDA_FUNCTION(                                                          \
      cuMemcpyHtoDAsync, cuMemcpyHtoDAsync_v2,                                 \
      (CUdeviceptr to, const void *from, size_t bytes, CUstream stream))       \
  MAEK_CUDA_FUNCTION(                                                          \
      cuMemcpyDtoHAsync, cuMemcpyDtoHAsync_v2,                                 \
      (void *to, CUdeviceptr from, size_t bytes, CUstream stream))             \
  MAEK_CUDA_FUNCTION(                                                          \
      cuMemcpyDtoDAsync, cuMemcpyDtoDAsync_v2,                                 \
      (CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream))       \
  MAEK_CUDA_FUNCTION(                                                          \
      cuMemsetD8Async, cuMemsetD8Async,                                        \
      (CUdeviceptr at, unsigned char value, size_t bytes, CUstream stream))    \
  MAEK_CUDA_FUNCTION(cuModuleLoadDataEx, cuModuleLoadDataEx,                   \
                     (CUmodule * module, const void *image, unsigned count,    \
                      int *options, void **values))                            \
  MAEK_CUDA_FUNCTION(cuModuleUnload, cuModuleUnload, (CUmodule module))        \
  MAEK_CUDA_FUNCTION(                                                          \
      cuModuleGetFunction, cuModuleGetFunction,                                \
      (CUfunction * function, CUmodule module, const char *name))              \
  MAEK_CUDA_FUNCTION(cuLaunchKernel, cuLaunchKernel,                           \
                     (CUfunction function, unsigned blocksX, unsigned blocksY, \
                      unsigned blocksZ, unsigned threadsX, unsigned threadsY,  \
                      unsigned threadsZ, unsigned sharedBytes,                 \
                      CUstream stream, void **arguments, void **extra))        \
  MAEK_CUDA_FUNCTION(cuStreamCreate, cuStreamCreate,                           \
                     (CUstream * stream, unsigned flags))                      \
  MAEK_CUDA_FUNCTION(cuStreamDestroy, cuStreamDestroy_v2, (CUstream stream))   \
  MAEK_CUDA_FUNCTION(cuStreamSynchronize, cuStreamSynchronize,                 \
                     (CUstream stream))                                        \
  MAEK_CUDA_FUNCTION(cuEventCreate, cuEventCreate,                             \
                     (CUevent * event, unsigned flags))                        \
  MAEK_CUDA_FUNCTION(cuEventDestroy, cuEventDestroy_v2, (CUevent event))       \
  MAEK_CUDA_FUNCTION(cuEventRecord, cuEventRecord,                             \
                     (CUevent event, CUstream stream))                         \
  MAEK_CUDA_FUNCTION(cuEventSynchronize, cuEventSynchronize, (CUevent event))  \
  MAEK_CUDA_FUNCTION(cuStreamBeginCapture, cuStreamBeginCapture_v2,            \
                     (CUstream stream, int mode))                              \
  MAEK_CUDA_FUNCTION(cuStreamEndCapture, cuStreamEndCapture,                   \
                     (CUstream stream, CUgraph * graph))                       \
  MAEK_CUDA_FUNCTION(                                                          \
      cuGraphInstantiate, cuGraphInstantiateWithFlags,                         \
      (CUgraphExec * work, CUgraph graph, unsigned long long flags))           \
  MAEK_CUDA_FUNCTION(cuGraphLaunch, cuGraphLaunch,                             \
                     (CUgraphExec work, CUstream stream))                      \
  MAEK_CUDA_FUNCTION(cuGraphExecDestroy, cuGraphExecDestroy,                   \
                     (CUgraphExec work))                                       \
  MAEK_CUDA_FUNCTION(cuGraphDestroy, cuGraphDestroy, (CUgraph graph))

/// The driver's functions.
struct Driver {
#define MAEK_CUDA_FUNCTION(name, exported, parameters)                         \
  CUresult(*name) parameters = nullptr;
  MAEK_CUDA_FUNCTIONS
#undef MAEK_CUDA_FUNCTION
};

/// The driver, loaded and begun at the first call and kept to the program's
/// end. MAEK_DEVICE_ERROR says what is missing, and what to do about it.
runtime::Expected<const Driver *> loadDriver();

} // namespace maek::cuda
// NOLINTEND(readability-identifier-naming, bugprone-macro-parentheses)

#endif // MAEK_RUNTIME_DEVICE_CUDADRIVER_H
