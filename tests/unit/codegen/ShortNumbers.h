// Part of Maek, under the MIT licence; see LICENSE.
// Kernels that multiply short numbers, on the machine's own target and on one
// without instructions for them.
#ifndef MAEK_TESTS_UNIT_CODEGEN_SHORTNUMBERS_H
#define MAEK_TESTS_UNIT_CODEGEN_SHORTNUMBERS_H

#include "tests/unit/codegen/KernelHarness.h"

namespace maek::test {

/// A target without instructions for words.
inline const char *const withoutWords = "x86-64-linux-avx2-fma-f16c-sse41";

/// The kernels of a text for one target, and what they need.
struct TargetKernels {
  TargetKernels(const std::string &text, const std::string &target,
                bool asserts);

  mlir::func::FuncOp get(llvm::StringRef name);
  std::vector<Tensor> interpret(mlir::func::FuncOp kernel,
                                llvm::ArrayRef<Tensor> arguments);

  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<LoadedKernels> kernels;
};

/// Every kernel of the text against the interpreter, for both targets, with
/// Halide's asserts and without, dense and with gaps. @pack's words, which must
/// be right to the bit, are the arguments of i32. Where f32 is rounded
/// otherwise, the last bit of a short number may be another one.
void checkShort(const std::string &text, const std::vector<Dims> &sizes,
                double tolerance = 1e-5);

std::string replaceAll(std::string text, const std::string &from,
                       const std::string &to);

} // namespace maek::test

#endif // MAEK_TESTS_UNIT_CODEGEN_SHORTNUMBERS_H
