// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/HalideTarget.h"

#include "codegen/halide/HalideGuard.h"
#include "codegen/halide/Kernels.h"

#include "runtime/core/Processor.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace maek::halide {

namespace {

/// A name for the host's processor with a device beside it.
struct DeviceName {
  llvm::StringLiteral name;
  std::vector<Halide::Target::Feature> features;
};

} // namespace

/// Halide 21 writes PTX for capabilities up to 8.6; a driver compiles that of
/// 8.0 for any newer device as well.
static ArrayRef<DeviceName> getDeviceNames() {
  using Target = Halide::Target;
  static const DeviceName names[] = {
      {"cuda", {Target::CUDA, Target::CUDACapability80}},
      {"cuda-sm_75", {Target::CUDA, Target::CUDACapability75}},
      {"cuda-sm_80", {Target::CUDA, Target::CUDACapability80}},
      {"cuda-sm_86", {Target::CUDA, Target::CUDACapability86}},
      {"cuda-sm_89", {Target::CUDA, Target::CUDACapability80}},
      {"cuda-sm_90", {Target::CUDA, Target::CUDACapability80}},
      {"cuda-sm_100", {Target::CUDA, Target::CUDACapability80}},
      {"cuda-sm_120", {Target::CUDA, Target::CUDACapability80}},
      {"opencl", {Target::OpenCL, Target::CLDoubles}},
  };
  return names;
}

/// This processor with what the system lets programs use. Halide 21 asks the
/// processor alone, which may have vectors that a virtual machine does not
/// switch on.
static Halide::Target getHostTarget() {
  std::string all = Halide::get_host_target().to_string();
  SmallVector<StringRef> parts;
  StringRef(all).split(parts, '-');
  llvm::erase_if(parts,
                 [](StringRef part) { return !runtime::processorRuns(part); });
  return Halide::Target(llvm::join(parts, "-"));
}

/// Nothing if it is no name of a device.
static std::optional<Halide::Target> getDeviceTarget(StringRef name) {
  const auto *found =
      llvm::find_if(getDeviceNames(), [&](const DeviceName &device) {
        return device.name == name;
      });
  if (found == getDeviceNames().end())
    return std::nullopt;
  Halide::Target target = getHostTarget();
  for (Halide::Target::Feature feature : found->features)
    target.set_feature(feature);
  return target;
}

/// Whether the target has no device, or one of those above.
static bool isOfKnownDevice(const Halide::Target &target) {
  for (const DeviceName &device : getDeviceNames()) {
    bool hasAll =
        llvm::all_of(device.features, [&](Halide::Target::Feature feature) {
          return target.has_feature(feature);
        });
    Halide::Target rest = target;
    for (Halide::Target::Feature feature : device.features)
      rest.set_feature(feature, false);
    if (hasAll && !rest.has_gpu_feature())
      return true;
  }
  return !target.has_gpu_feature();
}

Halide::Target getKernelTarget(const Halide::Target &target, bool asserts) {
  Halide::Target kernel = target.with_feature(Halide::Target::NoRuntime);
  if (asserts)
    return kernel;
  return kernel.with_feature(Halide::Target::NoAsserts)
      .with_feature(Halide::Target::NoBoundsQuery);
}

} // namespace maek::halide

namespace maek {

std::string getHalideVersion() {
  return std::to_string(HALIDE_VERSION_MAJOR) + "." +
         std::to_string(HALIDE_VERSION_MINOR) + "." +
         std::to_string(HALIDE_VERSION_PATCH);
}

bool sumsGatesApart(StringRef target) {
  // A product of one gate has nothing to set apart.
  constexpr int fewestGates = 2;
  Halide::Target full =
      target == "host" ? halide::getHostTarget() : Halide::Target(target.str());
  return !halide::Machine(full).holdsGates(fewestGates);
}

bool runsOnDevice(StringRef target) {
  return Halide::Target(target.str()).has_gpu_feature();
}

FailureOr<std::string> resolveTarget(StringRef name, Location location) {
  std::string text = name.str(), message, resolved;
  LogicalResult parsed = halide::guardHalide(message, [&] {
    if (std::optional<Halide::Target> device = halide::getDeviceTarget(name)) {
      resolved = device->to_string();
      return;
    }
    if (text != "host" && !Halide::Target::validate_target_string(text))
      return;
    Halide::Target target =
        text == "host" ? halide::getHostTarget() : Halide::Target(text);
    if (target.has_unknowns())
      return;
    resolved = target.to_string();
    if (target.os != Halide::Target::Linux ||
        target.arch != Halide::Target::X86 || target.bits != 64 ||
        !halide::isOfKnownDevice(target))
      message = "only x86-64-linux with features of its processors, so far";
  });
  if (!message.empty())
    parsed = failure();
  if (failed(parsed)) {
    emitError(location) << "target '" << name << "': " << message;
    return failure();
  }
  if (resolved.empty()) {
    emitError(location) << "unknown target '" << name
                        << "', expected 'host' or a Halide target such as "
                           "'x86-64-linux-avx2-fma-f16c-sse41'";
    return failure();
  }
  return resolved;
}

} // namespace maek
