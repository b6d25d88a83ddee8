// Part of Maek, under the MIT licence; see LICENSE.
// Kernels of an OpenCL device: built from their source, launched.
#include "runtime/device/OpenClDevice.h"

#include "runtime/device/KeepSignals.h"

#include <algorithm>
#include <functional>

using namespace maek::runtime;
using namespace maek::opencl;

OpenClDevice::Program *OpenClDevice::find(const char *source) {
  auto at = std::lower_bound(programs.begin(), programs.end(), source,
                             [](const Program &program, const char *key) {
                               return std::less<>()(program.source, key);
                             });
  return at != programs.end() && at->source == source ? &*at : nullptr;
}

// The macros that Halide's OpenCL sources ask for.
std::string OpenClDevice::buildOptions() const {
  cl_ulong bytes = 0;
  cl_uint count = 0;
  driver.clGetDeviceInfo(device, CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE,
                         sizeof(bytes), &bytes, nullptr);
  driver.clGetDeviceInfo(device, CL_DEVICE_MAX_CONSTANT_ARGS, sizeof(count),
                         &count, nullptr);
  return text("-D MAX_CONSTANT_BUFFER_SIZE=", bytes,
              " -D MAX_CONSTANT_ARGS=", count);
}

std::string OpenClDevice::buildLog(cl_program program) const {
  std::string log(1024, '\0');
  size_t bytes = 0;
  if (driver.clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0,
                                   nullptr, &bytes) != CL_SUCCESS)
    return "";
  log.resize(bytes);
  driver.clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, bytes,
                               log.data(), nullptr);
  log.resize(std::min(log.find('\0'), size_t{600}));
  return log;
}

Error OpenClDevice::load(const char *source) {
  if (find(source))
    return Error::success();
  KeepSignals signals;
  cl_int result = CL_SUCCESS;
  cl_program program =
      driver.clCreateProgramWithSource(context, 1, &source, nullptr, &result);
  if (Error error = check(result, "the compilation of kernels"))
    return error;
  result = driver.clBuildProgram(program, 1, &device, buildOptions().c_str(),
                                 nullptr, nullptr);
  if (Error error = check(result, "the compilation of kernels")) {
    std::string log = buildLog(program);
    driver.clReleaseProgram(program);
    return makeError(error.code(), error.message(), ": ", log);
  }
  auto at = std::upper_bound(programs.begin(), programs.end(), source,
                             [](const char *key, const Program &program) {
                               return std::less<>()(key, program.source);
                             });
  programs.insert(at, {source, program, {}});
  return Error::success();
}

Expected<cl_kernel> OpenClDevice::findKernel(const char *source,
                                             const char *name) {
  Program *program = find(source);
  if (!program)
    return makeError(MAEK_INTERNAL, "the kernel '", name, "' is not loaded");
  for (const Kernel &kernel : program->kernels)
    if (kernel.name == name)
      return kernel.kernel;
  cl_int result = CL_SUCCESS;
  cl_kernel kernel = driver.clCreateKernel(program->program, name, &result);
  if (result != CL_SUCCESS)
    return check(result, text("the kernel '", name, "'"));
  program->kernels.push_back({name, kernel});
  return kernel;
}

Error OpenClDevice::setArguments(cl_kernel kernel, const KernelLaunch &launch) {
  cl_uint index = 0;
  cl_int result = CL_SUCCESS;
  for (const KernelArgument &argument : launch.arguments) {
    if (argument.isAddress)
      result = driver.clSetKernelArgSVMPointer(
          kernel, index, *static_cast<void *const *>(argument.value));
    else
      result =
          driver.clSetKernelArg(kernel, index, argument.bytes, argument.value);
    if (result != CL_SUCCESS)
      return check(result, text("argument ", index, " of the kernel '",
                                launch.kernel, "'"));
    ++index;
  }
  // Each of Halide's kernels has it, and none may have no byte.
  result = driver.clSetKernelArg(kernel, index,
                                 std::max(launch.sharedBytes, 1u), nullptr);
  if (result != CL_SUCCESS)
    return check(result,
                 text("the shared memory of the kernel '", launch.kernel, "'"));
  return Error::success();
}

Error OpenClDevice::launch(const KernelLaunch &launch) {
  Expected<cl_kernel> kernel = findKernel(launch.source, launch.kernel);
  if (!kernel)
    return kernel.takeError();
  if (Error error = setArguments(*kernel, launch))
    return error;
  size_t items[3], groupItems[3];
  for (int axis = 0; axis < 3; ++axis) {
    groupItems[axis] = launch.threads[axis];
    items[axis] = groupItems[axis] * launch.blocks[axis];
  }
  cl_int result = driver.clEnqueueNDRangeKernel(
      queue, *kernel, 3, nullptr, items, groupItems, 0, nullptr, nullptr);
  if (result == CL_SUCCESS)
    return Error::success();
  return check(result, text("the kernel '", launch.kernel, "'"));
}
