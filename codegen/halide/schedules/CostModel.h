// Part of Maek, under the MIT licence; see LICENSE.
// What a tile of sums costs, by the throughput of the processor's units: the
// numbers that products, convolutions and gradients choose their tiles by. See
// docs/rationale/schedules.md.
#ifndef MAEK_CODEGEN_HALIDE_SCHEDULES_COSTMODEL_H
#define MAEK_CODEGEN_HALIDE_SCHEDULES_COSTMODEL_H

#include "codegen/halide/HalideTarget.h"

#include <string>
#include <vector>

namespace maek::halide {

/// Sums that stay in registers: for each of `rows` numbers of one operand
/// `vectors` of the other one, of each of `gates`.
struct Tile {
  int rows = 1, vectors = 1, gates = 1;
  /// Whether the numbers are words, each a pair of bf16.
  bool arePairs = false;
  int sums() const { return rows * vectors * gates; }
};

/// Whether the registers hold the tile's sums. Its numbers may be of a file:
/// any above 0.
bool fitsRegisters(const Tile &tile, const Machine &machine);

/// Cycles that one step of the summed axis takes: of the units that multiply
/// and add; until a sum may be added to again; to read the vectors from the
/// second cache; to fill vectors with words of the rows.
struct TileCost {
  TileCost(const Tile &tile, const Machine &machine);
  double cycles() const;
  /// The unit that a step waits for, for a remark.
  std::string bound() const;

  double multiplyAdds, latency, reads, fills;
};

/// The share of the FMA peak that the tile reaches over `rows` by `vectors` of
/// them, whose last tiles compute what is not needed; 0 rows are so many that
/// this does not matter.
double getEfficiency(const Tile &tile, const Machine &machine, int64_t rows,
                     int64_t vectors);

/// Of `tiles` the one that reaches most; of those alike the one with the most
/// sums, then the fewest reads.
Tile pickTile(llvm::ArrayRef<Tile> tiles, const Machine &machine, int64_t rows,
              int64_t vectors);

/// "16 vectors of sums of the 28 that registers hold, a step in 8 cycles by its
/// multiply-adds".
std::string describeTile(const Tile &tile, const Machine &machine);

/// The same tiles, best first, without those that reach less than half of what
/// the best one does.
std::vector<Tile> rankTiles(llvm::ArrayRef<Tile> tiles, const Machine &machine,
                            int64_t rows, int64_t vectors);

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_SCHEDULES_COSTMODEL_H
