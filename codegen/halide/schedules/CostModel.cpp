// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/schedules/CostModel.h"

#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>
#include <tuple>

namespace maek::halide {

/// Cycles from the beginning of an FMA to that of the next one of the same sum.
static constexpr double latencyCycles = 4;
/// Cycles in which a vector is filled with one word. The load of an FMA of f32
/// does that by the way; that of bf16's products is an instruction of its own,
/// of the kind for f32, which Zen 4 begins three of in four cycles.
static constexpr double fillCycles = 4.0 / 3;
/// Bytes that the second cache gives in a cycle.
static constexpr double bytesPerCycle = 32;

bool fitsRegisters(const Tile &tile, const Machine &machine) {
  int most = machine.mostAccumulators();
  return tile.rows <= most && tile.vectors <= most && tile.gates <= most &&
         tile.sums() <= most;
}

TileCost::TileCost(const Tile &tile, const Machine &machine)
    : multiplyAdds(double(tile.sums()) / machine.multiplyAddsPerCycle()),
      latency(latencyCycles), reads(double(tile.vectors) * tile.gates *
                                    machine.bytes() / bytesPerCycle),
      fills(tile.arePairs
                ? fillCycles * tile.rows / machine.multiplyAddsPerCycle()
                : 0) {}

double TileCost::cycles() const {
  return std::max({multiplyAdds, latency, reads, fills});
}

std::string TileCost::bound() const {
  double most = cycles();
  return most == multiplyAdds ? "multiply-adds"
         : most == latency    ? "latency of an addition"
         : most == fills      ? "words of rows, each filled into a vector"
                              : "vectors from the second cache";
}

/// The share that is needed of what whole tiles of `step` compute.
static double getUseful(int64_t size, int step) {
  return size == 0 ? 1 : double(size) / double((size + step - 1) / step * step);
}

double getEfficiency(const Tile &tile, const Machine &machine, int64_t rows,
                     int64_t vectors) {
  TileCost cost(tile, machine);
  return cost.multiplyAdds / cost.cycles() * getUseful(rows, tile.rows) *
         getUseful(vectors, tile.vectors);
}

std::vector<Tile> rankTiles(llvm::ArrayRef<Tile> tiles, const Machine &machine,
                            int64_t rows, int64_t vectors) {
  auto value = [&](const Tile &tile) {
    // Differences below a thousandth are none.
    double share = getEfficiency(tile, machine, rows, vectors);
    return std::tuple(std::lround(share * 1000), tile.sums(),
                      -tile.vectors * tile.gates);
  };
  std::vector<Tile> ranked(tiles.begin(), tiles.end());
  std::stable_sort(
      ranked.begin(), ranked.end(),
      [&](const Tile &a, const Tile &b) { return value(a) > value(b); });
  llvm::erase_if(ranked, [&, best = ranked.front()](const Tile &tile) {
    return 2 * std::get<0>(value(tile)) < std::get<0>(value(best));
  });
  return ranked;
}

Tile pickTile(llvm::ArrayRef<Tile> tiles, const Machine &machine, int64_t rows,
              int64_t vectors) {
  return rankTiles(tiles, machine, rows, vectors).front();
}

std::string describeTile(const Tile &tile, const Machine &machine) {
  TileCost cost(tile, machine);
  std::string cycles = std::to_string(std::lround(cost.cycles() * 10));
  std::string tenth = cycles.substr(cycles.size() - 1);
  cycles.pop_back();
  return std::to_string(tile.sums()) +
         (tile.sums() == 1 ? " vector" : " vectors") + " of sums of the " +
         std::to_string(machine.mostAccumulators()) +
         " that registers hold, a step in " + cycles +
         (tenth == "0" ? "" : "." + tenth) + " cycles by its " + cost.bound();
}

} // namespace maek::halide
