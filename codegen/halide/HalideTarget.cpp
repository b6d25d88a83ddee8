// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/HalideTarget.h"

#include "codegen/halide/HalideGuard.h"
#include "codegen/halide/Kernels.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;

namespace maek::halide {

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
  return !halide::Machine(Halide::Target(target.str())).holdsGates(fewestGates);
}

FailureOr<std::string> resolveTarget(StringRef name, Location location) {
  std::string text = name.str(), message, resolved;
  LogicalResult parsed = halide::guardHalide(message, [&] {
    if (text != "host" && !Halide::Target::validate_target_string(text))
      return;
    Halide::Target target =
        text == "host" ? Halide::get_host_target() : Halide::Target(text);
    if (target.has_unknowns())
      return;
    resolved = target.to_string();
    if (target.os != Halide::Target::Linux ||
        target.arch != Halide::Target::X86 || target.bits != 64 ||
        target.has_gpu_feature())
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
