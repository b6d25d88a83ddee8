// Part of Maek, under the MIT licence; see LICENSE.
// What a model is built for: a processor, and devices beside it.
#ifndef MAEK_CODEGEN_HOST_TARGETS_H
#define MAEK_CODEGEN_HOST_TARGETS_H

#include "passes/Pipelines.h"

#include "mlir/IR/Location.h"
#include "mlir/Support/LLVM.h"
#include <string>

namespace maek {

/// A processor, or a device with the processor that drives it.
struct BuildTarget {
  /// As the kernel compiler knows it, with all features.
  std::string full;
  /// The interface of the device, "cuda" or "opencl"; empty for a processor.
  std::string device;
  /// The least compute capability that a CUDA device needs, 80 for 8.0; 0 for
  /// others.
  int capability = 0;

  bool isDevice() const { return !device.empty(); }
  /// Whether both have the same code.
  bool operator==(const BuildTarget &other) const {
    return device == other.device && capability == other.capability;
  }
  /// "cuda_80" or "opencl"; empty for a processor.
  std::string getDeviceName() const;
  /// What tells the symbols of this target from others': ".cuda_80"; empty for
  /// the processor.
  std::string getSuffix() const {
    return isDevice() ? "." + getDeviceName() : "";
  }
};

/// Reads `host`, `cuda-sm_80`, or a list of at most one processor and any
/// devices with commas between. The processor comes first, which is this one if
/// none is named; the devices have the order of the list.
mlir::FailureOr<llvm::SmallVector<BuildTarget>>
parseTargets(llvm::StringRef list, mlir::Location location);

/// What the target asks of the passes, given what products multiply.
void setTarget(PipelineOptions &options, const BuildTarget &target);

} // namespace maek

#endif // MAEK_CODEGEN_HOST_TARGETS_H
