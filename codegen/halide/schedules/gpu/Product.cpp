// Part of Maek, under the MIT licence; see LICENSE.
// Products with what is made of them element by element. A block has a tile of
// rows by columns, of all gates if the epilogue needs them together. Its
// threads copy a step of the summed axis of both operands to shared memory,
// neighbours as they lie, and add the step's products to sums in registers:
// each number from shared memory serves as many sums as the thread has of the
// other operand. The epilogue goes on from the registers. See Note [Sums across
// barriers].
//
// Long sums of few elements, such as weight gradients, are cut into parts, one
// a block, which a second launch adds up: the same order every time.
#include "codegen/halide/schedules/ProductShape.h"
#include "codegen/halide/schedules/gpu/Gpu.h"
#include "codegen/halide/schedules/gpu/GpuSchedule.h"
#include "codegen/halide/schedules/gpu/ProductTile.h"

#include "ir/MaekOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using Halide::Func;
using Halide::RVar;
using Halide::TailStrategy;
using Halide::Var;
using Halide::VarOrRVar;

namespace maek::halide::gpu {
namespace {

/// Rows and columns of a block and, of these, of a thread.
struct Tile {
  int rows, columns;
  int threadRows, threadColumns;
  int width() const { return columns / threadColumns; }
  int height() const { return rows / threadRows; }
  int threads() const { return width() * height(); }
};

/// Gates that one thread has at most.
constexpr int64_t mostGates = 8;

class ProductScheduler {
public:
  ProductScheduler(KernelAlgorithm &kernel, ArrayRef<ProductShape> products,
                   const std::string &letters)
      : kernel(kernel), products(products), first(products.front()),
        letters(letters), tile(pickTile()) {}

  void run(Decision &decision);

private:
  bool areGatesTogether() const {
    return first.numGates <= mostGates ||
           !llvm::all_of(first.gates,
                         [&](char gate) { return contains(letters, gate); });
  }
  int countGates() const {
    return int(areGatesTogether() ? first.numGates : 1) * int(products.size());
  }
  /// Steps of the outermost summed axis of a block; 0 are all.
  int64_t countPartSteps() const {
    auto einsum = cast<EinsumOp>(first.reduction->op);
    if (products.size() > 1)
      return 0;
    return std::max(getPartLength(einsum), getPartExamples(einsum));
  }
  Tile pickTile() const;
  std::string explain() const;
  void scheduleResult(Func result, function_ref<Var(char)> var,
                      const std::string &axes, std::optional<Var> part);
  void scheduleWhole();
  void scheduleParts();
  void scheduleSums(Func sums, const ProductShape &product,
                    ArrayRef<RVar> domain, Func result);
  void splitTile(Halide::Stage stage, const ProductShape &product,
                 std::vector<VarOrRVar> &order);
  void stageOperand(Func operand, const ProductShape &product, Func sums,
                    const RVar &step, bool isWeights);

  KernelAlgorithm &kernel;
  ArrayRef<ProductShape> products;
  const ProductShape &first;
  std::string letters;
  Tile tile;
  Var block{"block"}, columnThread{"columnThread"}, rowThread{"rowThread"};
};

int64_t roundToPower(int64_t size, int64_t most) {
  int64_t power = 1;
  while (power < size && power < most)
    power *= 2;
  return power;
}

/// All of the gates of a column are one thread's: the columns are fewer by as
/// much. Rows that a run counts one by one, as the examples of a recurrent
/// step, come in half as many: the columns make the blocks then.
Tile ProductScheduler::pickTile() const {
  int64_t gates = roundToPower(countGates(), mostGates);
  int64_t columns = tileColumns / gates, rows = tileRows;
  if (first.numColumns)
    columns = roundToPower(first.numColumns, columns);
  Extent extent = first.extent(first.rows.back());
  bool areMany = extent.isStatic() || extent.factor > 1 ||
                 extent.symbols.size() > 1 || first.rows.size() > 1;
  if (extent.isStatic())
    rows = roundToPower(extent.factor, tileRows);
  else if (!areMany)
    rows = tileRows / 2;
  Tile tile = {int(rows), int(columns), 1, 1};
  // Up to 4 x 4 sums a thread, as long as a warp of threads is left.
  while (tile.threads() > blockThreads / 2 &&
         (tile.threadColumns * gates < 4 || tile.threadRows < 4)) {
    if (tile.threadColumns * gates < 4 && tile.threadColumns < tile.columns)
      tile.threadColumns *= 2;
    else if (tile.threadRows < 4 && tile.threadRows < tile.rows)
      tile.threadRows *= 2;
    else
      break;
  }
  while (tile.threads() > 2 * blockThreads && tile.threadRows < tile.rows)
    tile.threadRows *= 2;
  return tile;
}

std::string ProductScheduler::explain() const {
  int sums = tile.threadRows * tile.threadColumns * countGates();
  std::string gates =
      countGates() > 1 ? " x " + std::to_string(countGates()) + " gates" : "";
  int64_t part = countPartSteps();
  return "blocks of " + std::to_string(tile.threads()) + " threads: tiles of " +
         std::to_string(tile.rows) + " x " + std::to_string(tile.columns) +
         gates + ", " + std::to_string(sums) +
         " sums a thread in registers; steps of " +
         std::to_string(productStep) + " of both operands in shared memory" +
         (part ? "; a block sums up " + std::to_string(part) +
                     " steps of the outermost axis, a second launch the parts"
               : "");
}

/// Blocks and threads of the function that is stored.
void ProductScheduler::scheduleResult(Func result, function_ref<Var(char)> var,
                                      const std::string &axes,
                                      std::optional<Var> part) {
  Var column = var(first.column), row = var(first.rows.back());
  Var columnBlock("columnBlock"), rowBlock("rowBlock");
  Halide::Stage stage = result;
  stage
      .split(column, columnBlock, column, tile.columns,
             TailStrategy::GuardWithIf)
      .split(column, columnThread, column, tile.threadColumns)
      .split(row, rowBlock, row, tile.rows, TailStrategy::GuardWithIf)
      .split(row, rowThread, row, tile.threadRows);
  std::vector<VarOrRVar> order{column, row};
  std::vector<Var> outer{columnBlock, rowBlock};
  for (char letter : llvm::reverse(axes)) {
    if (letter == first.column || letter == first.rows.back())
      continue;
    if (contains(first.gates, letter) && areGatesTogether()) {
      order.push_back(var(letter));
      stage.unroll(var(letter));
    } else {
      outer.push_back(var(letter));
    }
  }
  if (part)
    outer.push_back(*part);
  order.insert(order.end(), {columnThread, rowThread});
  order.insert(order.end(), outer.begin(), outer.end());
  stage.reorder(order).unroll(column).unroll(row);
  Var all = outer.front();
  for (size_t i = 1; i < outer.size(); ++i) {
    Var fused =
        i + 1 == outer.size() ? block : Var("blocks" + std::to_string(i));
    stage.fuse(all, outer[i], fused);
    all = fused;
  }
  stage.gpu_blocks(block).gpu_threads(columnThread, rowThread);
}

/// The tile's sums, shared out to threads as its results are.
void ProductScheduler::splitTile(Halide::Stage stage,
                                 const ProductShape &product,
                                 std::vector<VarOrRVar> &order) {
  Var column = product.var(product.column),
      row = product.var(product.rows.back());
  stage.split(column, columnThread, column, tile.threadColumns)
      .split(row, rowThread, row, tile.threadRows);
  order = {column, row};
  if (areGatesTogether())
    for (char gate : llvm::reverse(product.gates)) {
      order.push_back(product.var(gate));
      stage.unroll(product.var(gate));
    }
  stage.unroll(column).unroll(row);
}

void ProductScheduler::scheduleSums(Func sums, const ProductShape &product,
                                    ArrayRef<RVar> domain, Func result) {
  sums.compute_at(result, block)
      .store_in(Halide::MemoryType::Register)
      .bound_extent(product.var(product.column), tile.columns)
      .bound_extent(product.var(product.rows.back()), tile.rows);
  std::vector<VarOrRVar> order;
  splitTile(sums, product, order);
  order.insert(order.end(), {columnThread, rowThread});
  sums.reorder(order).gpu_threads(columnThread, rowThread);

  Halide::Stage update = sums.update();
  splitTile(update, product, order);
  RVar step("step"), inner("inner");
  update.split(domain.back(), step, inner, productStep,
               TailStrategy::GuardWithIf);
  order.insert(order.end(), {inner, columnThread, rowThread, step});
  for (const RVar &r : llvm::reverse(domain.drop_back()))
    order.push_back(r);
  update.reorder(order).unroll(inner).gpu_threads(columnThread, rowThread);
  stageOperand(product.activations, product, sums, step, false);
  stageOperand(product.weights, product, sums, step, true);
}

/// The copy lies with the summed axis outermost, then the axis across, then the
/// gates: a thread reads what it needs of a step with one instruction. Four
/// numbers of padding keep what neighbouring threads write in different banks.
void ProductScheduler::stageOperand(Func operand, const ProductShape &product,
                                    Func sums, const RVar &step,
                                    bool isWeights) {
  StringRef term = product.equation.getTerm(
      product.equation.inRhs(product.column) == isWeights);
  char across = isWeights ? product.column : product.rows.back();
  char summed = product.equation.getContracted().back();
  auto var = [&](char letter) { return product.operandVar(operand, letter); };
  // The innermost axis of memory is the fastest of the threads.
  std::vector<Var> axes, storage, others;
  int64_t gates = 1;
  for (char letter : llvm::reverse(term)) {
    bool isGate = contains(product.gates, letter) && areGatesTogether();
    if (letter == across || letter == summed || isGate)
      axes.push_back(var(letter));
    if (isGate) {
      gates *= product.extent(letter).factor;
      storage.push_back(var(letter));
    } else if (letter != across && letter != summed) {
      others.push_back(var(letter));
    }
  }
  storage.push_back(var(across));
  storage.insert(storage.end(), others.begin(), others.end());
  storage.push_back(var(summed));
  Func copy = operand.in(sums);
  copy.compute_at(sums, step);
  if (getSummedMultiple(cast<EinsumOp>(product.reduction->op)) > 1)
    copy.bound_extent(var(summed), productStep);
  copy.reorder_storage(storage);
  constexpr int64_t padding = 4;
  copy.align_storage(var(across),
                     (isWeights ? tile.columns : tile.rows) +
                         int(std::max<int64_t>(padding / gates, 1)));
  Var all = axes.front();
  for (size_t i = 1; i < axes.size(); ++i) {
    Var fused("fused" + std::to_string(i));
    copy.fuse(all, axes[i], fused);
    all = fused;
  }
  // All of a thread's loads are under way at once.
  Var turn("turn"), thread("thread"), high("high"), low("low");
  copy.split(all, turn, thread, tile.threads(), TailStrategy::GuardWithIf)
      .split(thread, high, low, tile.width())
      .reorder(turn, low, high)
      .unroll(turn)
      .gpu_threads(low, high);
}

void ProductScheduler::run(Decision &decision) {
  decision.op = first.reduction->op;
  decision.reason = explain();
  if (countPartSteps() == 0)
    scheduleWhole();
  else
    scheduleParts();
}

/// The result's own tiles.
void ProductScheduler::scheduleWhole() {
  Func out = kernel.getOutputs().front().func;
  auto var = [&](char letter) {
    return KernelAlgorithm::var(letters.size(), letters.find(letter));
  };
  scheduleResult(out, var, letters, std::nullopt);
  for (const ProductShape &product : products)
    scheduleSums(product.reduction->func, product, product.reduction->domain,
                 out);
}

/// Tiles of parts, which are stored, and added up with the epilogue.
void ProductScheduler::scheduleParts() {
  Func out = kernel.getOutputs().front().func, sums = first.reduction->func;
  RVar outer("parts"), inner("in_part");
  Var part("part");
  std::vector<RVar> domain = first.reduction->domain;
  sums.update().split(domain.front(), outer, inner, int(countPartSteps()),
                      TailStrategy::GuardWithIf);
  domain.front() = inner;
  Func parts = sums.update().rfactor(outer, part);
  Func stored = parts.in();
  stored.compute_root();
  auto var = [&](char letter) { return first.var(letter); };
  scheduleResult(stored, var, first.equation.getResult().str(), part);
  scheduleSums(parts, first, domain, stored);
  sums.compute_at(out, scheduleElements(out));
}

bool isProduct(const ProductShape &product) {
  // A few steps are not worth waiting for one another.
  constexpr int64_t fewSteps = 4;
  if (product.reduction->extents.empty())
    return false;
  const Extent &summed = product.reduction->extents.back();
  std::string contracted = product.equation.getContracted();
  return !product.rows.empty() && product.isStatic(product.gates) &&
         !(summed.isStatic() && summed.factor < fewSteps) &&
         product.equation.inLhs(contracted.back()) &&
         product.equation.inRhs(contracted.back());
}

} // namespace

bool scheduleProduct(KernelAlgorithm &kernel, Decision &decision) {
  std::vector<ProductShape> products;
  for (Reduction &reduction : kernel.getReductions()) {
    std::optional<ProductShape> product = ProductShape::match(reduction);
    if (!product || !isProduct(*product))
      return false;
    products.push_back(*product);
  }
  if (products.empty() ||
      llvm::any_of(products, [&](const ProductShape &product) {
        return product.gates != products.front().gates ||
               product.column != products.front().column;
      }))
    return false;
  std::optional<std::string> letters = matchEpilogue(kernel, products);
  if (!letters)
    return false;
  ProductScheduler(kernel, products, *letters).run(decision);
  return true;
}

} // namespace maek::halide::gpu
