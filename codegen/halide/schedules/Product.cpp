// Part of Maek, under the MIT licence; see LICENSE.
// A tile of sums stays in registers over the whole contraction, and the
// epilogue is computed from there: with four gates, the tile holds all gates of
// 16 units and the cell update needs no memory in between. Where there are too
// few registers for that, a tile's gates are summed one after another.
#include "codegen/halide/schedules/Choices.h"
#include "codegen/halide/schedules/CostModel.h"
#include "codegen/halide/schedules/Parallel.h"
#include "codegen/halide/schedules/ProductShape.h"
#include "codegen/halide/schedules/Schedule.h"

#include "ir/MaekOps.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using Halide::Expr;
using Halide::TailStrategy;
using Halide::Var;

namespace maek::halide {
namespace {

class ProductScheduler {
public:
  ProductScheduler(KernelAlgorithm &kernel, const Machine &machine,
                   ArrayRef<ProductShape> products, const std::string &letters)
      : kernel(kernel), products(products), first(products.front()),
        letters(letters), machine(machine),
        out(kernel.getOutputs().front().func),
        lanes(machine.lanes(first.reduction->func.types().front())),
        isHeavy(hasCostlyOp(kernel)) {
    panelWidth = machine.panelVectors() * lanes;
    hasPaddedTail =
        panelWidth > lanes && first.numColumns % panelWidth &&
        llvm::all_of(products, [&](const ProductShape &product) {
          return product.isPacked() && product.panelWidth % panelWidth == 0;
        });
  }

  void run(Decision &decision);

private:
  Var outVar(char letter) const {
    return KernelAlgorithm::var(letters.size(), letters.find(letter));
  }
  bool isTogether() const { return choice.gates > 1 || first.numGates == 1; }
  int countGates() const {
    return std::max(1, int(first.numGates * products.size()));
  }
  bool canPartGates() const;
  int pickGates() const;
  bool fitsVectors(int vectors) const;
  std::vector<Tile> getTiles(int rows, int gates, int most) const;
  ProductChoice pick() const;
  bool fits(const ProductChoice &other) const;
  void offerOthers(Decision &decision) const;
  std::string explain() const;
  int getVectors(int rows) const;
  int getMostRows(int less, int more) const;
  void scheduleTile(Halide::Stage stage, int rows, TailStrategy tail);
  Expr getTilesPerTask(const Expr &numTiles) const;
  void scheduleShared(Halide::Func func);
  void boundColumns(Halide::Func sums, const ProductShape &product) const;
  void scheduleSums(const ProductShape &product);
  void scheduleStage(Halide::Stage stage, const ProductShape &product,
                     bool isUpdate);

  KernelAlgorithm &kernel;
  ArrayRef<ProductShape> products;
  const ProductShape &first;
  std::string letters;
  const Machine &machine;
  Halide::Func out;
  int lanes;
  /// Whether the epilogue is long: it is then a loop over the tile's rows that
  /// reads the sums from memory, since its code, once per row and tile size,
  /// took most of the time to compile.
  bool isHeavy;
  ProductChoice choice = {};
  /// Whether the gates held at once are a part of one gate axis of the result.
  bool hasParts = false;
  /// Columns of a panel of packed weights.
  int panelWidth;
  /// Whether the last tile is as wide as a panel, whose padding it reads.
  bool hasPaddedTail;
  Var xo{"xo"}, xi{"xi"}, yo{"yo"}, yi{"yi"}, task{"task"}, part{"part"};
};

/// Whether the result keeps the gates as an axis, so that nothing needs them
/// all at once.
bool ProductScheduler::canPartGates() const {
  return products.size() == 1 && first.gates.size() == 1 &&
         contains(letters, first.gates.front());
}

/// Gates whose sums are in registers at once: all, if that leaves room for
/// enough rows of a whole panel, otherwise one. Of gates that can be parted as
/// many as leave room for four rows: with two rows, the panels of eight gates
/// come from the second cache as fast as that gives them.
int ProductScheduler::pickGates() const {
  int all = countGates();
  if (!machine.holdsGates(all))
    return 1;
  constexpr int rows = 4;
  int most = machine.accumulators() / (rows * machine.panelVectors());
  if (all > most && canPartGates())
    for (int part = most; part > 1; --part)
      if (all % part == 0)
        return part;
  return all;
}

/// Whether tiles so wide are whole, or one is as wide as a panel with its
/// padding.
bool ProductScheduler::fitsVectors(int vectors) const {
  if (hasPaddedTail)
    return vectors == panelWidth / lanes;
  return vectors == 1 || first.numColumns % (int64_t(vectors) * lanes) == 0;
}

/// Tiles of `rows` rows that `most` accumulators hold; at least one.
std::vector<Tile> ProductScheduler::getTiles(int rows, int gates,
                                             int most) const {
  std::vector<Tile> tiles;
  for (int vectors = 1; vectors <= machine.chains(); ++vectors)
    if (fitsVectors(vectors) &&
        (hasPaddedTail || vectors == 1 || rows * gates * vectors <= most))
      tiles.push_back({rows, vectors, gates, first.isOfPairs()});
  return tiles;
}

/// Of the machine's numbers of rows alone: how many rows there are only a run
/// knows, and others would leave more of a tile idle.
ProductChoice ProductScheduler::pick() const {
  int gates = pickGates(), most = machine.accumulators();
  std::vector<Tile> tiles;
  for (int rows : machine.tileRows())
    if (rows <= most / gates)
      llvm::append_range(tiles, getTiles(rows, gates, most));
  if (tiles.empty())
    tiles = getTiles(1, gates, most);
  Tile tile = pickTile(tiles, machine, 0, 0);
  return {tile.rows, tile.vectors, gates, int(minTaskMultiplyAdds / 1000)};
}

bool ProductScheduler::fits(const ProductChoice &other) const {
  int all = countGates();
  bool areGates =
      other.gates == 1 || other.gates == all ||
      (canPartGates() && other.gates < all && all % other.gates == 0);
  return areGates && fitsVectors(other.vectors) &&
         fitsRegisters({other.rows, other.vectors, other.gates}, machine) &&
         other.task <= 1'000'000;
}

void ProductScheduler::offerOthers(Decision &decision) const {
  std::vector<Tile> tiles;
  for (int rows : {14, 12, 10, 8, 6, 5, 4, 3, 2})
    for (const Tile &tile :
         getTiles(rows, choice.gates, machine.mostAccumulators()))
      if (fitsRegisters(tile, machine))
        tiles.push_back(tile);
  if (tiles.empty())
    return;
  auto offer = [&](ProductChoice other) {
    if (fits(other))
      decision.offer(other);
  };
  constexpr size_t numFirst = 4;
  for (auto [i, tile] : llvm::enumerate(rankTiles(tiles, machine, 0, 0))) {
    if (i == numFirst)
      for (int task : {choice.task / 2, choice.task * 2})
        offer({choice.rows, choice.vectors, choice.gates, std::max(task, 1)});
    offer({tile.rows, tile.vectors, choice.gates, choice.task});
  }
  for (int gates = 1; gates <= std::min(countGates(), machine.accumulators());
       ++gates)
    if (gates != choice.gates)
      offer({std::min(choice.rows, machine.accumulators() / gates),
             choice.vectors, gates, choice.task});
}

std::string ProductScheduler::explain() const {
  std::string gates;
  if (countGates() > 1)
    gates = choice.gates == 1
                ? ", gates one after another"
                : ", " + std::to_string(choice.gates) + " of " +
                      std::to_string(countGates()) + " gates at once";
  return "tiles of " + std::to_string(choice.rows) + " x " +
         std::to_string(choice.vectors * lanes) + " of " +
         std::to_string(first.numColumns) + " columns" + gates + ": " +
         describeTile(
             {choice.rows, choice.vectors, choice.gates, first.isOfPairs()},
             machine) +
         (first.isPacked() ? "; weights in panels of " +
                                 std::to_string(first.panelWidth) + " columns"
                           : "; weights as they lie") +
         "; tasks of " + std::to_string(choice.task) +
         " thousand multiply-adds or more";
}

/// Vectors of columns beside one another in a tile of `rows` rows: as many as
/// fill the accumulators, of those that divide the columns.
int ProductScheduler::getVectors(int rows) const {
  if (rows == choice.rows)
    return choice.vectors;
  return pickTile(getTiles(rows, choice.gates, machine.accumulators()), machine,
                  0, 0)
      .vectors;
}

/// Up to how many rows above `more` tiles of `less` rows take a tenth less time
/// than those of `more`, whose last one hangs over: 12 in three of four rather
/// than in two of eight.
int ProductScheduler::getMostRows(int less, int more) const {
  auto getCost = [&](int count, int tile) {
    return count / getEfficiency({tile, getVectors(tile), choice.gates,
                                  first.isOfPairs()},
                                 machine, count, 0);
  };
  int count = more;
  while (count < 2 * more &&
         getCost(count + 1, less) < 0.9 * getCost(count + 1, more))
    ++count;
  return count;
}

/// As many that a task is worth handing to a thread; all if there is no more
/// than that to do.
Expr ProductScheduler::getTilesPerTask(const Expr &numTiles) const {
  Expr work = first.countMultiplyAdds(kernel) * float(products.size());
  Expr tasks = Halide::clamp(work / float(1000.0 * choice.task), 1.0f,
                             Halide::cast<float>(numTiles));
  tasks = Halide::cast<int>(tasks);
  return (numTiles + tasks - 1) / tasks;
}

void ProductScheduler::scheduleTile(Halide::Stage stage, int rows,
                                    TailStrategy tail) {
  int width = getVectors(rows) * lanes;
  TailStrategy columnTail =
      first.numColumns % width ? TailStrategy::GuardWithIf : TailStrategy::Auto;
  stage.split(outVar(first.column), xo, xi, width, columnTail);
  std::vector<Halide::VarOrRVar> order{xi};
  if (hasParts)
    stage.split(outVar(first.gates.front()), part, outVar(first.gates.front()),
                choice.gates);
  for (char gate : llvm::reverse(first.gates))
    if (contains(letters, gate))
      order.push_back(outVar(gate));
  char row = first.rows.back();
  stage.split(outVar(row), yo, yi, rows, tail);
  // Blocks of columns: each thread then reads its own part of the weights. Only
  // where there is one block are the rows shared out.
  int numBlocks = int((first.numColumns + width - 1) / width);
  Expr numTiles = numBlocks;
  if (numBlocks == 1)
    numTiles =
        Halide::max((kernel.extent(first.extent(row)) + rows - 1) / rows, 1);
  const Var &shared = numBlocks > 1 ? xo : yo;
  stage.split(shared, task, shared, getTilesPerTask(numTiles),
              TailStrategy::GuardWithIf);
  order.insert(order.end(), {yi, yo});
  if (numBlocks == 1)
    order.push_back(task);
  for (char outer : llvm::reverse(StringRef(first.rows).drop_back()))
    order.push_back(outVar(outer));
  if (hasParts)
    order.push_back(part);
  order.push_back(xo);
  if (numBlocks > 1)
    order.push_back(task);
  for (char batch : llvm::reverse(first.batches))
    order.push_back(outVar(batch));
  stage.reorder(order).vectorize(xi, lanes);
  if (!isHeavy)
    stage.unroll(xi).unroll(yi);
  for (char gate : first.gates)
    if (contains(letters, gate))
      stage.unroll(outVar(gate));
  stage.parallel(task);
}

void ProductScheduler::scheduleStage(Halide::Stage stage,
                                     const ProductShape &product,
                                     bool isUpdate) {
  Var column = product.var(product.column),
      row = product.var(product.rows.back());
  if (isUpdate) {
    std::vector<Halide::VarOrRVar> gates, order{column}, summed;
    for (char gate : llvm::reverse(product.gates))
      gates.push_back(product.var(gate));
    for (Halide::RVar r : llvm::reverse(product.reduction->domain))
      summed.push_back(r);
    if (choice.gates > 1)
      order.insert(order.end(), gates.begin(), gates.end());
    order.push_back(row);
    order.insert(order.end(), summed.begin(), summed.end());
    if (choice.gates == 1)
      order.insert(order.end(), gates.begin(), gates.end());
    stage.reorder(order);
  }
  stage.vectorize(column, lanes).unroll(column).unroll(row);
  if (isTogether())
    for (char gate : product.gates)
      stage.unroll(product.var(gate));
}

/// The sums of the last tile's columns that are none are computed, too.
void ProductScheduler::boundColumns(Halide::Func sums,
                                    const ProductShape &product) const {
  if (hasPaddedTail)
    sums.bound_extent(product.var(product.column), panelWidth);
  else if (product.numColumns % lanes)
    sums.bound_extent(product.var(product.column), lanes);
}

void ProductScheduler::scheduleSums(const ProductShape &product) {
  Halide::Func sums = product.reduction->func;
  sums.compute_at(out, yo);
  boundColumns(sums, product);
  scheduleStage(sums, product, /*isUpdate=*/false);
  scheduleStage(sums.update(), product, /*isUpdate=*/true);
  if (!isHeavy || !isTogether())
    return;
  Halide::Func held = sums.in();
  held.compute_at(out, yo);
  boundColumns(held, product);
  scheduleStage(held, product, /*isUpdate=*/false);
}

/// Whether a product is made of `value`: it is needed far from the results,
/// too.
static bool isSummed(Value value) {
  llvm::SmallVector<Value> pending{value};
  llvm::DenseSet<Value> seen;
  while (!pending.empty()) {
    Value next = pending.pop_back_val();
    if (!seen.insert(next).second)
      continue;
    for (Operation *user : next.getUsers()) {
      if (isa<EinsumOp>(user))
        return true;
      llvm::append_range(pending, user->getResults());
    }
  }
  return false;
}

/// A value that several results need is computed once for each vector of them.
void ProductScheduler::scheduleShared(Halide::Func func) {
  if (func.dimensions() == int(letters.size()))
    func.compute_at(out, xi).vectorize(func.args().front(), lanes);
}

void ProductScheduler::run(Decision &decision) {
  choice = decision.settle<ProductChoice>(
      first.reduction->op, pick(),
      [&](const ProductChoice &other) { return fits(other); });
  hasParts = choice.gates > 1 && choice.gates < countGates();
  decision.reason = explain();
  offerOthers(decision);
  Expr rows = kernel.extent(first.extent(first.rows.back()));
  SmallVector<int> tiles;
  if (choice.rows > 1)
    tiles.push_back(choice.rows);
  for (int tile : machine.tileRows())
    if (tile < choice.rows && tile <= machine.accumulators() / choice.gates)
      tiles.push_back(tile);
  for (auto [i, tile] : llvm::enumerate(tiles)) {
    Expr fits = rows >= tile;
    if (i + 1 < tiles.size())
      if (int most = getMostRows(tiles[i + 1], tile); most > tile)
        fits = rows == tile || rows > most;
    scheduleTile(out.specialize(fits), tile, TailStrategy::ShiftInwards);
  }
  scheduleTile(out, 1, TailStrategy::Auto);
  for (const ProductShape &product : products)
    scheduleSums(product);
  // Past the last column there is nothing that a shared value could read.
  if (first.numColumns % lanes == 0 && !hasPaddedTail)
    for (auto [value, func] : kernel.getShared())
      if (!isSummed(value))
        scheduleShared(func);
}

} // namespace

bool scheduleProduct(KernelAlgorithm &kernel, const Machine &machine,
                     Decision &decision) {
  std::vector<ProductShape> products;
  for (Reduction &reduction : kernel.getReductions()) {
    std::optional<ProductShape> product = ProductShape::match(reduction);
    if (!product || product->rows.empty() || product->numColumns == 0 ||
        !product->isStatic(product->gates))
      return false;
    products.push_back(*product);
  }
  if (products.empty())
    return false;
  std::optional<std::string> letters = matchEpilogue(kernel, products);
  if (!letters)
    return false;
  ProductScheduler(kernel, machine, products, *letters).run(decision);
  return true;
}

} // namespace maek::halide
