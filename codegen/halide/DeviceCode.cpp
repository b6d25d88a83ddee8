// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/DeviceCode.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"

using namespace Halide::Internal;

namespace maek::halide {

namespace {

/// The calls that launch kernels.
class Launches : public IRGraphVisitor {
public:
  std::string text;

private:
  using IRGraphVisitor::visit;
  void visit(const Call *call) override {
    IRGraphVisitor::visit(call);
    // The state, the name, blocks, threads, shared memory, ...
    constexpr size_t name = 1, threads = 5, shared = 8;
    if (call->name != "halide_cuda_run" && call->name != "halide_opencl_run")
      return;
    text += "// launch " + call->args[name].as<StringImm>()->value + ":";
    const char *separator = " ";
    for (size_t axis = threads; axis < shared; ++axis) {
      auto size = as_const_int(simplify(call->args[axis]));
      if (size == 1 && axis > threads)
        continue;
      text += separator + (size ? std::to_string(*size) : "?");
      separator = " x ";
    }
    auto bytes = as_const_int(simplify(call->args[shared]));
    text += " threads, " + (bytes ? std::to_string(*bytes) : "?") +
            " bytes of shared memory\n";
  }
};

} // namespace

std::string getDeviceCode(const Halide::Module &module) {
  // One of the module's constants, with the 0 that ends a string in C.
  for (const auto &buffer : module.buffers()) {
    if (!llvm::StringRef(buffer.name()).contains("_gpu_source_kernels"))
      continue;
    llvm::StringRef code(static_cast<const char *>(buffer.data()),
                         size_t(buffer.size_in_bytes()));
    Launches launches;
    for (const auto &function : module.functions())
      function.body.accept(&launches);
    return code.rtrim('\0').str() + launches.text;
  }
  throw Halide::CompileError("the kernel has no code for a device");
}

} // namespace maek::halide
