// Part of Maek, under the MIT licence; see LICENSE.
// A device of OpenCL. Its memory is shared virtual memory, so that addresses
// can be added to; what lacks it is refused.
#ifndef MAEK_RUNTIME_DEVICE_OPENCLDEVICE_H
#define MAEK_RUNTIME_DEVICE_OPENCLDEVICE_H

#include "runtime/device/Device.h"
#include "runtime/device/OpenClDriver.h"
#include <vector>

namespace maek::runtime {

class OpenClDevice final : public Device {
public:
  /// What there is, on all platforms.
  static Expected<std::vector<DeviceDescription>> list();
  static Expected<std::unique_ptr<Device>> open(int ordinal);
  ~OpenClDevice() override;

  Expected<DeviceAddress> allocate(size_t bytes,
                                   std::string_view what) override;
  void release(DeviceAddress address) override;
  Error download(void *to, DeviceAddress from, size_t bytes) override;
  Error copy(DeviceAddress to, DeviceAddress from, size_t bytes) override;
  Error clear(DeviceAddress at, size_t bytes) override;
  Error synchronize() override;
  Error load(const char *source) override;
  Error launch(const KernelLaunch &launch) override;

private:
  struct Kernel {
    std::string name;
    opencl::cl_kernel kernel;
  };
  struct Program {
    const char *source;
    opencl::cl_program program;
    std::vector<Kernel> kernels; ///< that were launched
  };

  OpenClDevice(DeviceDescription about, const opencl::Driver &driver,
               opencl::cl_device_id device)
      : Device(std::move(about)), driver(driver), device(device) {}
  Error begin();
  Error check(opencl::cl_int result, std::string_view doing) const;
  Program *find(const char *source);
  Expected<opencl::cl_kernel> findKernel(const char *source, const char *name);
  Error setArguments(opencl::cl_kernel kernel, const KernelLaunch &launch);
  std::string buildOptions() const;
  std::string buildLog(opencl::cl_program program) const;

  Error resizeSlot(Slot &slot, size_t bytes) override;
  Error queueUpload(Slot &slot, DeviceAddress to, size_t bytes) override;
  Error waitForSlot(Slot &slot) override;

  const opencl::Driver &driver;
  opencl::cl_device_id device;
  opencl::cl_context context = nullptr;
  opencl::cl_command_queue queue = nullptr;
  std::vector<Program> programs; ///< sorted by source
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DEVICE_OPENCLDEVICE_H
