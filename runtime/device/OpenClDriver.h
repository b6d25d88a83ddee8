// Part of Maek, under the MIT licence; see LICENSE.
// The part of OpenCL that we use, found at run time: a program runs where
// there is no OpenCL. Names and numbers are those of its specification.
#ifndef MAEK_RUNTIME_DEVICE_OPENCLDRIVER_H
#define MAEK_RUNTIME_DEVICE_OPENCLDRIVER_H

#include "runtime/core/Error.h"
#include <cstddef>
#include <cstdint>

// NOLINTBEGIN(readability-identifier-naming, bugprone-macro-parentheses)
namespace maek::opencl {

using cl_int = int32_t;
using cl_uint = uint32_t;
using cl_ulong = uint64_t;
using cl_bool = cl_uint;
using cl_bitfield = cl_ulong;
using cl_properties = intptr_t;
using cl_platform_id = struct _cl_platform_id *;
using cl_device_id = struct _cl_device_id *;
using cl_context = struct _cl_context *;
using cl_command_queue = struct _cl_command_queue *;
using cl_program = struct _cl_program *;
using cl_kernel = struct _cl_kernel *;
using cl_event = struct _cl_event *;

inline constexpr cl_int CL_SUCCESS = 0;
inline constexpr cl_int CL_DEVICE_NOT_FOUND = -1;
inline constexpr cl_int CL_DEVICE_NOT_AVAILABLE = -2;
inline constexpr cl_int CL_MEM_OBJECT_ALLOCATION_FAILURE = -4;
inline constexpr cl_int CL_OUT_OF_RESOURCES = -5;
inline constexpr cl_int CL_OUT_OF_HOST_MEMORY = -6;
inline constexpr cl_int CL_BUILD_PROGRAM_FAILURE = -11;
inline constexpr cl_int CL_INVALID_COMMAND_QUEUE = -36;
inline constexpr cl_int CL_INVALID_KERNEL_NAME = -46;
inline constexpr cl_int CL_INVALID_WORK_GROUP_SIZE = -54;
inline constexpr cl_int CL_PLATFORM_NOT_FOUND_KHR = -1001;

inline constexpr cl_bitfield CL_DEVICE_TYPE_CPU = 1 << 1;
inline constexpr cl_bitfield CL_DEVICE_TYPE_ALL = 0xFFFFFFFF;
inline constexpr cl_uint CL_DEVICE_TYPE = 0x1000;
inline constexpr cl_uint CL_DEVICE_GLOBAL_MEM_SIZE = 0x101F;
inline constexpr cl_uint CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE = 0x1020;
inline constexpr cl_uint CL_DEVICE_MAX_CONSTANT_ARGS = 0x1021;
inline constexpr cl_uint CL_DEVICE_NAME = 0x102B;
inline constexpr cl_uint CL_DEVICE_VERSION = 0x102F;
inline constexpr cl_uint CL_DEVICE_SVM_CAPABILITIES = 0x1053;
inline constexpr cl_bitfield CL_DEVICE_SVM_COARSE_GRAIN_BUFFER = 1;
inline constexpr cl_bitfield CL_MEM_READ_WRITE = 1;
inline constexpr cl_uint CL_PROGRAM_BUILD_LOG = 0x1183;

#define MAEK_OPENCL_FUNCTIONS                                                  \
  MAEK_OPENCL_FUNCTION(                                                        \
      cl_int, clGetPlatformIDs,                                                \
      (cl_uint most, cl_platform_id * found, cl_uint * count))                 \
  MAEK_OPENCL_FUNCTION(cl_int, clGetDeviceIDs,                                 \
                       (cl_platform_id platform, cl_bitfield type,             \
                        cl_uint most, cl_device_id * found, cl_uint * count))  \
  MAEK_OPENCL_FUNCTION(cl_int, clGetDeviceInfo,                                \
                       (cl_device_id device, cl_uint what, size_t room,        \
                        void *value, size_t *bytes))                           \
  MAEK_OPENCL_FUNCTION(                                                        \
      cl_context, clCreateContext,                                             \
      (const cl_properties *properties, cl_uint count,                         \
       const cl_device_id *devices,                                            \
       void (*notify)(const char *, const void *, size_t, void *), void *data, \
       cl_int *error))                                                         \
  MAEK_OPENCL_FUNCTION(cl_int, clReleaseContext, (cl_context context))         \
  MAEK_OPENCL_FUNCTION(cl_command_queue, clCreateCommandQueueWithProperties,   \
                       (cl_context context, cl_device_id device,               \
                        const cl_ulong *properties, cl_int *error))            \
  MAEK_OPENCL_FUNCTION(cl_int, clReleaseCommandQueue,                          \
                       (cl_command_queue queue))                               \
  MAEK_OPENCL_FUNCTION(cl_int, clFlush, (cl_command_queue queue))              \
  MAEK_OPENCL_FUNCTION(cl_int, clFinish, (cl_command_queue queue))             \
  MAEK_OPENCL_FUNCTION(void *, clSVMAlloc,                                     \
                       (cl_context context, cl_bitfield flags, size_t bytes,   \
                        cl_uint alignment))                                    \
  MAEK_OPENCL_FUNCTION(void, clSVMFree, (cl_context context, void *memory))    \
  MAEK_OPENCL_FUNCTION(cl_int, clEnqueueSVMMemcpy,                             \
                       (cl_command_queue queue, cl_bool waits, void *to,       \
                        const void *from, size_t bytes, cl_uint count,         \
                        const cl_event *behind, cl_event *event))              \
  MAEK_OPENCL_FUNCTION(cl_int, clEnqueueSVMMemFill,                            \
                       (cl_command_queue queue, void *at, const void *pattern, \
                        size_t patternBytes, size_t bytes, cl_uint count,      \
                        const cl_event *behind, cl_event *event))              \
  MAEK_OPENCL_FUNCTION(cl_int, clWaitForEvents,                                \
                       (cl_uint count, const cl_event *events))                \
  MAEK_OPENCL_FUNCTION(cl_int, clReleaseEvent, (cl_event event))               \
  MAEK_OPENCL_FUNCTION(cl_program, clCreateProgramWithSource,                  \
                       (cl_context context, cl_uint count, const char **parts, \
                        const size_t *lengths, cl_int *error))                 \
  MAEK_OPENCL_FUNCTION(cl_int, clBuildProgram,                                 \
                       (cl_program program, cl_uint count,                     \
                        const cl_device_id *devices, const char *options,      \
                        void (*notify)(cl_program, void *), void *data))       \
  MAEK_OPENCL_FUNCTION(cl_int, clGetProgramBuildInfo,                          \
                       (cl_program program, cl_device_id device, cl_uint what, \
                        size_t room, void *value, size_t *bytes))              \
  MAEK_OPENCL_FUNCTION(cl_int, clReleaseProgram, (cl_program program))         \
  MAEK_OPENCL_FUNCTION(cl_kernel, clCreateKernel,                              \
                       (cl_program program, const char *name, cl_int *error))  \
  MAEK_OPENCL_FUNCTION(cl_int, clReleaseKernel, (cl_kernel kernel))            \
  MAEK_OPENCL_FUNCTION(                                                        \
      cl_int, clSetKernelArg,                                                  \
      (cl_kernel kernel, cl_uint index, size_t bytes, const void *value))      \
  MAEK_OPENCL_FUNCTION(cl_int, clSetKernelArgSVMPointer,                       \
                       (cl_kernel kernel, cl_uint index, const void *address)) \
  MAEK_OPENCL_FUNCTION(                                                        \
      cl_int, clEnqueueNDRangeKernel,                                          \
      (cl_command_queue queue, cl_kernel kernel, cl_uint axes,                 \
       const size_t *offset, const size_t *items, const size_t *groupItems,    \
       cl_uint count, const cl_event *behind, cl_event *event))

struct Driver {
#define MAEK_OPENCL_FUNCTION(type, name, parameters)                           \
  type(*name) parameters = nullptr;
  MAEK_OPENCL_FUNCTIONS
#undef MAEK_OPENCL_FUNCTION
};

/// OpenCL's loader, loaded at the first call and kept to the program's end.
/// MAEK_DEVICE_ERROR if there is none, or one before OpenCL 2.0.
runtime::Expected<const Driver *> loadDriver();

} // namespace maek::opencl
// NOLINTEND(readability-identifier-naming, bugprone-macro-parentheses)

#endif // MAEK_RUNTIME_DEVICE_OPENCLDRIVER_H
