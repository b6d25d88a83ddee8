// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/Targets.h"

#include "codegen/halide/Kernels.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace maek {

std::string BuildTarget::getDeviceName() const {
  return capability > 0 ? device + "_" + std::to_string(capability) : device;
}

namespace {
/// A resolved name in two: a processor's features, and a device's.
struct SplitName {
  explicit SplitName(StringRef full);

  SmallVector<StringRef> processor, device;
  BuildTarget target;
};
} // namespace

SplitName::SplitName(StringRef full) {
  SmallVector<StringRef> parts;
  full.split(parts, '-');
  for (StringRef part : parts) {
    StringRef number = part;
    if (number.consume_front("cuda_capability_"))
      number.getAsInteger(10, target.capability);
    else if (part == "cuda" || part == "opencl")
      target.device = part.str();
    else if (!part.starts_with("cl_")) {
      processor.push_back(part);
      continue;
    }
    device.push_back(part);
  }
}

FailureOr<SmallVector<BuildTarget>> parseTargets(StringRef list,
                                                 Location location) {
  std::string processor;
  SmallVector<std::pair<BuildTarget, std::string>> devices;
  SmallVector<StringRef> names;
  list.split(names, ',');
  for (StringRef name : names) {
    FailureOr<std::string> full = resolveTarget(name.trim(), location);
    if (failed(full))
      return failure();
    SplitName split(*full);
    if (split.target.isDevice()) {
      // A full name says for which processor, too.
      if (name.contains("x86") && processor.empty())
        processor = llvm::join(split.processor, "-");
      devices.emplace_back(split.target, llvm::join(split.device, "-"));
    } else if (processor.empty()) {
      processor = *full;
    } else {
      return emitError(location)
             << "target '" << list << "': a model is built for one processor";
    }
  }
  if (processor.empty()) {
    FailureOr<std::string> host = resolveTarget("host", location);
    if (failed(host))
      return failure();
    processor = *host;
  }
  SmallVector<BuildTarget> targets{BuildTarget{processor, "", 0}};
  for (auto &[device, features] : devices) {
    if (llvm::is_contained(targets, device))
      return emitError(location)
             << "target '" << list << "': two devices take the same code";
    device.full = processor + "-" + features;
    targets.push_back(device);
  }
  return targets;
}

void setTarget(PipelineOptions &options, const BuildTarget &target) {
  options.sumsInnermost = sumsGatesApart(target.full);
  // A device's blocks of threads read weights as they are, into memory that
  // they share, and need tiles of attention to share out, not leading axes.
  if (target.isDevice())
    options.disable.insert(options.disable.end(),
                           {"prepack-weights", "join-attention-gradients"});
  options.singleQueries = target.isDevice();
  // Halide's kernels use no tensor cores.
  options.library =
      target.device == "cuda" && (options.factors == Factors::BFloat16 ||
                                  options.factors == Factors::TF32);
}

} // namespace maek
