// Part of Maek, under the MIT licence; see LICENSE.
// A tile of sums stays in registers over the whole contraction, and the
// epilogue is computed from there: with four gates, the tile holds all gates of
// 16 units and the cell update needs no memory in between. Where there are too
// few registers for that, a tile's gates are summed one after another.
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
    int gates = first.numGates * products.size();
    if (machine.holdsGates(gates))
      heldGates = gates;
    if (products.size() == 1 && first.gates.size() == 1 &&
        contains(letters, first.gates.front()))
      partGates();
    panelWidth = machine.panelVectors() * lanes;
    hasPaddedTail =
        panelWidth > lanes && first.numColumns % panelWidth &&
        llvm::all_of(products, [&](const ProductShape &product) {
          return product.isPacked() && product.panelWidth % panelWidth == 0;
        });
  }

  void run();

private:
  Var outVar(char letter) const {
    return KernelAlgorithm::var(letters.size(), letters.find(letter));
  }
  bool isTogether() const { return heldGates > 1 || first.numGates == 1; }
  void partGates();
  int getVectors(int rows) const;
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
  /// Gates whose sums are in registers at once: all, if that leaves room for
  /// enough rows of a whole panel, otherwise one.
  int heldGates = 1;
  /// Whether these are a part of one gate axis of the result.
  bool hasParts = false;
  /// Columns of a panel of packed weights.
  int panelWidth;
  /// Whether the last tile is as wide as a panel, whose padding it reads.
  bool hasPaddedTail;
  Var xo{"xo"}, xi{"xi"}, yo{"yo"}, yi{"yi"}, task{"task"}, part{"part"};
};

/// Of gates that the result keeps as an axis, so that nothing needs them all at
/// once, a tile holds as many as leave room for four rows: with two rows, the
/// panels of eight gates come from the second cache as fast as that gives them.
void ProductScheduler::partGates() {
  constexpr int rows = 4;
  int most = machine.accumulators() / (rows * machine.panelVectors());
  if (heldGates <= most)
    return;
  for (int part = most; part > 1; --part)
    if (first.numGates % part == 0) {
      heldGates = part;
      hasParts = true;
      return;
    }
}

/// Vectors of columns beside one another in a tile of `rows` rows: as many as
/// fill the accumulators, of those that divide the columns.
int ProductScheduler::getVectors(int rows) const {
  if (hasPaddedTail)
    return panelWidth / lanes;
  int most =
      std::min(machine.chains(), machine.accumulators() / (rows * heldGates));
  for (int count = most; count > 1; --count)
    if (first.numColumns % (int64_t(count) * lanes) == 0)
      return count;
  return 1;
}

/// As many that a task is worth handing to a thread; all if there is no more
/// than that to do.
Expr ProductScheduler::getTilesPerTask(const Expr &numTiles) const {
  Expr work = first.countMultiplyAdds(kernel) * float(products.size());
  Expr tasks = Halide::clamp(work / float(minTaskMultiplyAdds), 1.0f,
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
                heldGates);
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
    if (heldGates > 1)
      order.insert(order.end(), gates.begin(), gates.end());
    order.push_back(row);
    order.insert(order.end(), summed.begin(), summed.end());
    if (heldGates == 1)
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

void ProductScheduler::run() {
  Expr rows = kernel.extent(first.extent(first.rows.back()));
  SmallVector<int> tiles;
  for (int tile : machine.tileRows())
    if (tile <= machine.accumulators() / heldGates)
      tiles.push_back(tile);
  for (auto [i, tile] : llvm::enumerate(tiles)) {
    Expr fits = rows >= tile;
    // Rows that two of the next smaller tiles hold and two of these exceed.
    if (i + 1 < tiles.size() && tile < 2 * tiles[i + 1])
      fits = rows == tile || rows > 2 * tiles[i + 1];
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

bool scheduleProduct(KernelAlgorithm &kernel, const Machine &machine) {
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
  ProductScheduler(kernel, machine, products, *letters).run();
  return true;
}

} // namespace maek::halide
