// Part of Maek, under the MIT licence; see LICENSE.
// What the schedules need to know of the machine that kernels are made for.
#ifndef MAEK_CODEGEN_HALIDE_HALIDETARGET_H
#define MAEK_CODEGEN_HALIDE_HALIDETARGET_H

#include "Halide.h"

#include <array>

namespace maek::halide {

/// The vector unit of a target.
class Machine {
public:
  explicit Machine(const Halide::Target &target)
      : vectorBytes(target.natural_vector_size(Halide::UInt(8))),
        wide(vectorBytes >= 64),
        halved(target.has_feature(Halide::Target::AVX512_Zen4) &&
               !target.has_feature(Halide::Target::AVX512_Zen5)) {}

  /// Bytes of one vector register.
  int bytes() const { return vectorBytes; }
  /// Elements of one vector register.
  int lanes(Halide::Type type) const {
    return std::max(1, vectorBytes / type.bytes());
  }
  /// Vector registers that a tile's accumulators may take; the others hold
  /// operands. Half of AVX-512's 32, and 12 of AVX2's 16 where operands are
  /// read from memory by the FMA itself.
  int accumulators() const { return wide ? 16 : 12; }
  /// As many as ever fit beside two registers of operands and two to spare.
  int mostAccumulators() const { return wide ? 28 : 12; }
  /// Rows of the tiles of a product; the largest, two vectors wide, fills the
  /// accumulators.
  std::array<int, 3> tileRows() const {
    return wide ? std::array{8, 4, 2} : std::array{6, 4, 2};
  }

  /// FMAs of whole vectors that begin in a cycle: two, or one on Zen 4, whose
  /// units are half of a vector wide.
  int multiplyAddsPerCycle() const { return halved ? 1 : 2; }
  /// Sums that one row needs for an FMA to begin whenever one can: it takes
  /// four cycles. More would be more streams of weights for the memory to
  /// follow.
  int chains() const { return 4 * multiplyAddsPerCycle(); }

  /// Vectors of a panel of packed weights, which is 64 bytes wide.
  int panelVectors() const { return std::max(1, 64 / vectorBytes); }
  /// Whether so many gates' sums leave room for enough rows of a whole panel.
  /// With vectors of 32 bytes, a panel's lines come from the second cache in
  /// the time of two rows' sums; four rows were measured to be needed.
  bool holdsGates(int gates) const {
    return accumulators() >= gates * panelVectors() * (wide ? 2 : 4);
  }

private:
  int vectorBytes;
  bool wide, halved;
};

/// The target that kernels are compiled for: no runtime inside, and checks only
/// if asked for.
Halide::Target getKernelTarget(const Halide::Target &target, bool asserts);

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_HALIDETARGET_H
