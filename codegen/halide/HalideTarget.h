// Part of Maek, under the MIT licence; see LICENSE.
// What the schedules need to know of the machine that kernels are made for.
#ifndef MAEK_CODEGEN_HALIDE_HALIDETARGET_H
#define MAEK_CODEGEN_HALIDE_HALIDETARGET_H

#include "Halide.h"

namespace maek::halide {

/// The vector unit of a target.
class Machine {
public:
  explicit Machine(const Halide::Target &target)
      : vectorBytes(target.natural_vector_size(Halide::UInt(8))),
        wide(vectorBytes >= 64) {}

  /// Elements of one vector register.
  int lanes(Halide::Type type) const {
    return std::max(1, vectorBytes / type.bytes());
  }
  /// Vector registers that a tile's accumulators may take; the others hold
  /// operands. Half of AVX-512's 32, and 12 of AVX2's 16 where operands are
  /// read from memory by the FMA itself.
  int accumulators() const { return wide ? 16 : 12; }

private:
  int vectorBytes;
  bool wide;
};

/// The target that kernels are compiled for: no runtime inside, and checks only
/// if asked for.
Halide::Target getKernelTarget(const Halide::Target &target, bool asserts);

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_HALIDETARGET_H
