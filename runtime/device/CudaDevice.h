// Part of Maek, under the MIT licence; see LICENSE.
// A device of CUDA's driver.
#ifndef MAEK_RUNTIME_DEVICE_CUDADEVICE_H
#define MAEK_RUNTIME_DEVICE_CUDADEVICE_H

#include "runtime/device/Cublas.h"
#include "runtime/device/CudaDriver.h"
#include "runtime/device/Device.h"
#include <vector>

namespace maek::runtime {

class CudaDevice final : public Device {
public:
  /// What there is.
  static Expected<std::vector<DeviceDescription>> list();
  static Expected<std::unique_ptr<Device>> open(int ordinal);
  ~CudaDevice() override;

  Expected<DeviceAddress> allocate(size_t bytes,
                                   std::string_view what) override;
  void release(DeviceAddress address) override;
  Error download(void *to, DeviceAddress from, size_t bytes) override;
  Error copy(DeviceAddress to, DeviceAddress from, size_t bytes) override;
  Error clear(DeviceAddress at, size_t bytes) override;
  Error synchronize() override;
  Error load(const char *source) override;
  Error launch(const KernelLaunch &launch) override;
  Expected<bool> multiply(const MatrixProduct &product) override;
  bool canCapture() const override { return true; }
  Error beginCapture() override;
  Expected<std::unique_ptr<DeviceGraph>> endCapture() override;

private:
  friend class CudaGraph;
  /// Makes the context the thread's own for a while: programs around us may
  /// have one, too.
  class Current {
  public:
    explicit Current(const CudaDevice &device)
        : driver(device.driver),
          result(driver.cuCtxPushCurrent(device.context)) {}
    Current(const Current &) = delete;
    Current &operator=(const Current &) = delete;
    ~Current() {
      cuda::CUcontext context;
      if (result == cuda::CUDA_SUCCESS)
        driver.cuCtxPopCurrent(&context);
    }

  private:
    const cuda::Driver &driver;
    cuda::CUresult result;
  };
  struct Kernel {
    std::string name;
    cuda::CUfunction function;
  };
  struct Module {
    const char *source;
    cuda::CUmodule module;
    std::vector<Kernel> kernels; ///< that were launched
  };

  CudaDevice(DeviceDescription about, const cuda::Driver &driver,
             cuda::CUdevice device)
      : Device(std::move(about)), driver(driver), device(device) {}
  Error begin();
  Error check(cuda::CUresult result, std::string_view doing) const;
  Error explainModule(cuda::CUresult result, const char *log) const;
  Module *find(const char *source);
  Expected<cuda::CUfunction> findKernel(const char *source, const char *name);

  Error resizeSlot(Slot &slot, size_t bytes) override;
  Error queueUpload(Slot &slot, DeviceAddress to, size_t bytes) override;
  Error waitForSlot(Slot &slot) override;

  const cuda::Driver &driver;
  cuda::CUdevice device;
  cuda::CUcontext context = nullptr;
  cuda::CUstream stream = nullptr;
  std::vector<Module> modules;    ///< sorted by source
  std::vector<void *> values;     ///< arguments of the latest launch
  std::unique_ptr<Cublas> cublas; ///< null if there is none
  bool knowsCublas = false;
  DeviceAddress workspace = 0; ///< of its products
  bool isRecording = false;
  size_t graphs = 0; ///< that are alive; they refer to scratch
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DEVICE_CUDADEVICE_H
