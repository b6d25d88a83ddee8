// Part of Maek, under the MIT licence; see LICENSE.
// Kernels of a CUDA device: loaded from PTX, launched, recorded in graphs.
#include "runtime/device/CudaDevice.h"

#include <algorithm>
#include <functional>
#include <utility>

using namespace maek::runtime;
using namespace maek::cuda;

Error CudaDevice::explainModule(CUresult result, const char *log) const {
  std::string why = log[0] ? text(": ", log) : std::string();
  switch (result) {
  case CUDA_ERROR_UNSUPPORTED_PTX_VERSION:
    return makeError(MAEK_DEVICE_ERROR,
                     "the NVIDIA driver is too old for the "
                     "model's kernels; install a newer one, "
                     "or use --device cpu",
                     why);
  case CUDA_ERROR_NO_BINARY_FOR_GPU:
    return makeError(MAEK_DEVICE_ERROR, description().str(), " is of ",
                     description().capability,
                     ", older than the model's kernels are for; build it with "
                     "--target=host,cuda-",
                     description().capability, ", or use --device cpu", why);
  default:
    if (Error error = check(result, "the compilation of kernels"))
      return makeError(error.code(), error.message(), why);
    return Error::success();
  }
}

CudaDevice::Module *CudaDevice::find(const char *source) {
  auto at = std::lower_bound(modules.begin(), modules.end(), source,
                             [](const Module &module, const char *key) {
                               return std::less<>()(module.source, key);
                             });
  return at != modules.end() && at->source == source ? &*at : nullptr;
}

Error CudaDevice::load(const char *source) {
  if (find(source))
    return Error::success();
  Current current(*this);
  char log[1024] = "";
  int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, reinterpret_cast<void *>(sizeof(log))};
  CUmodule module = nullptr;
  CUresult result =
      driver.cuModuleLoadDataEx(&module, source, 2, options, values);
  if (Error error = explainModule(result, log))
    return error;
  auto at = std::upper_bound(modules.begin(), modules.end(), source,
                             [](const char *key, const Module &module) {
                               return std::less<>()(key, module.source);
                             });
  modules.insert(at, {source, module, {}});
  return Error::success();
}

Expected<CUfunction> CudaDevice::findKernel(const char *source,
                                            const char *name) {
  Module *module = find(source);
  if (!module)
    return makeError(MAEK_INTERNAL, "the kernel '", name, "' is not loaded");
  for (const Kernel &kernel : module->kernels)
    if (kernel.name == name)
      return kernel.function;
  CUfunction function = nullptr;
  if (Error error =
          check(driver.cuModuleGetFunction(&function, module->module, name),
                text("the kernel '", name, "'")))
    return error;
  module->kernels.push_back({name, function});
  return function;
}

Error CudaDevice::launch(const KernelLaunch &launch) {
  Current current(*this);
  Expected<CUfunction> function = findKernel(launch.source, launch.kernel);
  if (!function)
    return function.takeError();
  values.clear();
  for (const KernelArgument &argument : launch.arguments)
    values.push_back(const_cast<void *>(argument.value));
  CUresult result = driver.cuLaunchKernel(
      *function, launch.blocks[0], launch.blocks[1], launch.blocks[2],
      launch.threads[0], launch.threads[1], launch.threads[2],
      launch.sharedBytes, stream, values.data(), nullptr);
  if (result == CUDA_SUCCESS)
    return Error::success();
  return check(result, text("the kernel '", launch.kernel, "'"));
}

Expected<bool> CudaDevice::multiply(const MatrixProduct &product) {
  Current current(*this);
  if (!std::exchange(knowsCublas, true))
    cublas = Cublas::open();
  if (!cublas)
    return false;
  if (!workspace) {
    Expected<DeviceAddress> memory =
        allocate(Cublas::kWorkspaceBytes, "products of matrices");
    // Kernels need none.
    if (!memory)
      return false;
    workspace = *memory;
  }
  return cublas->multiply(product, workspace, stream);
}

namespace maek::runtime {
class CudaGraph final : public DeviceGraph {
public:
  CudaGraph(CudaDevice &device, CUgraphExec work) : device(device), work(work) {
    ++device.graphs;
  }
  ~CudaGraph() override {
    --device.graphs;
    CudaDevice::Current current(device);
    device.driver.cuGraphExecDestroy(work);
  }
  Error replay() override {
    CudaDevice::Current current(device);
    return device.check(device.driver.cuGraphLaunch(work, device.stream),
                        "recorded work");
  }

private:
  CudaDevice &device;
  CUgraphExec work;
};
} // namespace maek::runtime

Error CudaDevice::beginCapture() {
  Current current(*this);
  // Relaxed: what is not queued, such as an allocation, is done at once.
  Error error =
      check(driver.cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_RELAXED),
            "the begin of a recording");
  isRecording = !error;
  return error;
}

Expected<std::unique_ptr<DeviceGraph>> CudaDevice::endCapture() {
  Current current(*this);
  isRecording = false;
  CUgraph graph = nullptr;
  if (Error error = check(driver.cuStreamEndCapture(stream, &graph),
                          "the end of a recording"))
    return error;
  CUgraphExec work = nullptr;
  CUresult result = driver.cuGraphInstantiate(&work, graph, 0);
  driver.cuGraphDestroy(graph);
  if (Error error = check(result, "a recording"))
    return error;
  return std::unique_ptr<DeviceGraph>(new CudaGraph(*this, work));
}
