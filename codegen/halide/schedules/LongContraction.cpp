// Part of Maek, under the MIT licence; see LICENSE.
// Products of two operands that are both read as they lie: weight gradients,
// "bn,bk->nk" with far more examples and steps than rows and columns, and
// products whose columns only a run counts. The summed axis is cut into blocks,
// so that a block of both operands stays in the cache while all tiles of the
// result use it; each tile's sums over one block stay in registers and are then
// added to the result.
#include "codegen/halide/schedules/CostModel.h"
#include "codegen/halide/schedules/ProductShape.h"
#include "codegen/halide/schedules/Schedule.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using Halide::RVar;
using Halide::TailStrategy;
using Halide::Var;

namespace maek::halide {
namespace {

/// Steps in a block. 256 were 2 to 7 % faster than 128: the sums in memory are
/// touched half as often.
constexpr int usualBlock = 256;
/// Vectors of columns that are copied together: the parts of a row that lie
/// side by side are read together.
constexpr int chunkVectors = 8;
/// Tiles of rows that one task computes, with one copy of their block: enough
/// to pay for copying the columns for each task again, few enough that their
/// block fits in the second cache; within these, so many tasks.
constexpr int leastTiles = 16, mostTiles = 64, chunksOfRows = 4;

/// Whether it sums over one axis of both operands.
bool isOfTwoRows(const ProductShape &product) {
  if (product.reduction->extents.size() != 1 || product.rows.empty() ||
      product.isPacked())
    return false;
  char letter = product.equation.getContracted().front();
  return product.equation.inLhs(letter) && product.equation.inRhs(letter);
}

bool isLong(const ProductShape &product) {
  const Extent &length = product.reduction->extents.front();
  return product.isStatic(product.rows + product.gates + product.column) &&
         product.batches.empty() &&
         (!length.isStatic() || length.factor >= int64_t(4) * usualBlock);
}

/// `size` is 0 if it is not known.
TailStrategy getTail(int64_t size, int factor) {
  return size == 0 || size % factor ? TailStrategy::GuardWithIf
                                    : TailStrategy::Auto;
}

bool fitsVectors(const ProductShape &product, int vectors, int lanes) {
  return vectors == 1 || product.numColumns % (int64_t(vectors) * lanes) == 0;
}

/// Tiles that `most` accumulators hold.
std::vector<Tile> getTiles(const ProductShape &product, ArrayRef<int> rows,
                           int most, int lanes) {
  std::vector<Tile> tiles;
  for (int count : rows)
    for (int vectors : {1, 2, 3, 4})
      if (fitsVectors(product, vectors, lanes) && count * vectors <= most)
        tiles.push_back({count, vectors, 1, product.isOfPairs()});
  return tiles;
}

/// Of two vectors at most, since each is copied: a tile of more would read less
/// of the rows, which are copied as well.
LongChoice pick(const ProductShape &product, const Machine &machine,
                int lanes) {
  std::vector<Tile> tiles = getTiles(product, {machine.tileRows().front(), 8},
                                     machine.accumulators(), lanes);
  llvm::erase_if(tiles, [](const Tile &tile) { return tile.vectors > 2; });
  Tile tile = pickTile(tiles, machine, 0, 0);
  return {tile.rows, tile.vectors, usualBlock, chunkVectors, chunksOfRows};
}

bool fits(const ProductShape &product, const LongChoice &choice,
          const Machine &machine, int lanes) {
  return fitsRegisters({choice.rows, choice.vectors}, machine) &&
         fitsVectors(product, choice.vectors, lanes) && choice.block <= 4096 &&
         choice.block % 8 == 0 && choice.chunk >= choice.vectors &&
         choice.chunk <= 64 && choice.tasks <= 1024;
}

void offerOthers(const ProductShape &product, const LongChoice &choice,
                 const Machine &machine, int lanes, Decision &decision) {
  auto offer = [&](const LongChoice &other) {
    if (fits(product, other, machine, lanes))
      decision.offer(other);
  };
  auto [rows, vectors, block, chunk, tasks] = choice;
  offer({rows, vectors, block * 2, chunk, tasks});
  offer({rows, vectors, block / 2, chunk, tasks});
  for (const Tile &tile : rankTiles(getTiles(product, {14, 12, 10, 8, 6, 5, 4},
                                             machine.mostAccumulators(), lanes),
                                    machine, 0, 0))
    offer({tile.rows, tile.vectors, block, chunk, tasks});
  offer({rows, vectors, block, chunk * 2, tasks});
  offer({rows, vectors, block, chunk / 2, tasks});
  offer({rows, vectors, block, chunk, tasks * 2});
  offer({rows, vectors, block, chunk, std::max(tasks / 2, 1)});
}

std::string explain(const ProductShape &product, const LongChoice &choice,
                    const Machine &machine, int lanes) {
  std::string columns = product.numColumns == 0
                            ? ""
                            : " of " + std::to_string(product.numColumns);
  return "tiles of " + std::to_string(choice.rows) + " x " +
         std::to_string(choice.vectors * lanes) + columns + " columns: " +
         describeTile({choice.rows, choice.vectors, 1, product.isOfPairs()},
                      machine) +
         "; blocks of " + std::to_string(choice.block) + " steps are copied, " +
         std::to_string(choice.chunk * lanes) + " columns at a time; up to " +
         std::to_string(choice.tasks) + " tasks of rows";
}

/// The copy of one block of an operand.
Halide::Func copyBlock(const ProductShape &product, Halide::Func operand,
                       Halide::Func user, int block) {
  Halide::Func copy = operand.in(user);
  // The last block may be shorter; its memory is not, and so needs no malloc.
  char length = product.equation.getContracted().front();
  copy.bound_storage(product.operandVar(operand, length), block);
  return copy;
}

void schedule(KernelAlgorithm &kernel, const ProductShape &product,
              const LongChoice &choice, int lanes) {
  Halide::Func sums = product.reduction->func;
  Var column = product.var(product.column);
  Var row = product.var(product.rows.back());
  Var xc("xc"), xo("xo"), xi("xi"), yo("yo"), yi("yi"), yc("yc"),
      blockVar("block");
  RVar ro("ro"), ri("ri");
  Extent rowExtent = product.extent(product.rows.back());
  int64_t numRows = rowExtent.isStatic() ? rowExtent.factor : 0;
  int block = choice.block, tileRows = choice.rows;
  int width = choice.vectors * lanes, mostRows = mostTiles * tileRows;
  Halide::Expr numTiles =
      (kernel.extent(rowExtent) + (tileRows - 1)) / tileRows;
  Halide::Expr tilesPerChunk =
      Halide::clamp(numTiles / choice.tasks, leastTiles, mostTiles);

  sums.compute_root().vectorize(column, lanes, TailStrategy::GuardWithIf);
  sums.update().split(product.reduction->domain.front(), ro, ri, block,
                      TailStrategy::GuardWithIf);
  Halide::Func partial = sums.update().rfactor(ro, blockVar);

  // Whole tiles of those that there are.
  int chunkWidth = choice.chunk / choice.vectors * width;
  while (product.numColumns && chunkWidth > width &&
         product.numColumns % chunkWidth != 0)
    chunkWidth -= width;

  Halide::Stage update = sums.update();
  update
      .split(column, xc, xi, chunkWidth,
             getTail(product.numColumns, chunkWidth))
      .split(xi, xo, xi, width, getTail(product.numColumns, width))
      .split(row, yo, yi, tileRows, getTail(numRows, tileRows))
      .split(yo, yc, yo, tilesPerChunk, TailStrategy::GuardWithIf);
  std::vector<Halide::VarOrRVar> order{xi, yi, yo, xo, xc, ro, yc};
  std::string outer = product.batches + product.gates + product.rows;
  for (char letter : llvm::reverse(StringRef(outer).drop_back()))
    order.push_back(product.var(letter));
  update.reorder(order).vectorize(xi, lanes).unroll(xi).unroll(yi);
  update.parallel(yc);

  // Copies without the operands' large strides, which make their rows share a
  // few cache sets: a panel of columns side by side, the rows an odd number of
  // vectors apart (4 to 6 % faster than an even one).
  Halide::Func rows = copyBlock(product, product.activations, partial, block);
  bool areRowsInnermost =
      product.operandVar(rows, product.rows.back()).name() ==
      rows.args().front().name();
  rows.compute_at(sums, ro)
      .bound_storage(product.operandVar(rows, product.rows.back()), mostRows)
      .align_storage(rows.args().front(),
                     (areRowsInnermost ? mostRows : block) + lanes)
      .vectorize(rows.args().front(), lanes, TailStrategy::GuardWithIf);
  Halide::Func columns = copyBlock(product, product.weights, partial, block);
  columns.compute_at(sums, xc)
      .align_storage(columns.args().front(), chunkWidth + lanes)
      .vectorize(columns.args().front(), lanes, TailStrategy::GuardWithIf);

  partial.compute_at(sums, yo);
  partial.bound_extent(column, width).bound_extent(row, tileRows);
  partial.vectorize(column, lanes).unroll(column).unroll(row);
  partial.update()
      .reorder(column, row, ri)
      .vectorize(column, lanes)
      .unroll(column)
      .unroll(row);
}

} // namespace

bool scheduleLongContraction(KernelAlgorithm &kernel, const Machine &machine,
                             Decision &decision) {
  if (kernel.getReductions().size() != 1 || kernel.getOutputs().size() != 1)
    return false;
  std::optional<ProductShape> product =
      ProductShape::match(kernel.getReductions().front());
  if (!product || !isOfTwoRows(*product) ||
      !(product->numColumns == 0 || isLong(*product)))
    return false;
  int lanes = machine.lanes(product->reduction->func.types().front());
  LongChoice choice = decision.settle<LongChoice>(
      product->reduction->op, pick(*product, machine, lanes),
      [&](const LongChoice &other) {
        return fits(*product, other, machine, lanes);
      });
  decision.reason = explain(*product, choice, machine, lanes);
  offerOthers(*product, choice, machine, lanes, decision);
  schedule(kernel, *product, choice, lanes);
  scheduleElements(kernel, kernel.getOutputs().front(), machine);
  return true;
}

} // namespace maek::halide
