// Part of Maek, under the MIT licence; see LICENSE.
// Products that read an image through windows. The windows are never stored:
// the image is copied with the zeros around it, block by block, and the loop
// over the contraction reads the copy where the window lies.
#include "codegen/halide/WindowChain.h"
#include "codegen/halide/schedules/CostModel.h"
#include "codegen/halide/schedules/Parallel.h"
#include "codegen/halide/schedules/ProductShape.h"
#include "codegen/halide/schedules/Schedule.h"

#include "ir/MaekOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using Halide::TailStrategy;
using Halide::Var;

namespace maek::halide {
namespace {

/// A product whose activations are windows.
struct Convolution {
  ProductShape product;
  /// The letters of the windows, and of the places within them.
  std::string windows, places;
  /// The image with zeros around it.
  Halide::Func padded;
};

std::optional<Convolution> match(KernelAlgorithm &kernel) {
  if (kernel.getReductions().size() != 1 || kernel.getOutputs().size() != 1)
    return std::nullopt;
  std::optional<ProductShape> product =
      ProductShape::match(kernel.getReductions().front());
  if (!product || product->numColumns == 0)
    return std::nullopt;
  auto einsum = cast<EinsumOp>(product->reduction->op);
  unsigned side = product->equation.inRhs(product->column) ? 0 : 1;
  Value operand = einsum->getOperand(side);
  StringRef term = product->equation.getTerm(side);
  auto outermost = operand.getDefiningOp<WindowOp>();
  if (!outermost)
    return std::nullopt;
  WindowChain chain(outermost);
  Convolution found{*product, "", "", {}};
  for (auto [i, axis] : llvm::enumerate(chain.getResultAxes()))
    (i % 2 ? found.places : found.windows) += term[axis];
  for (const PaddedSource &source : kernel.getPaddedSources())
    if (source.value == chain.getSource())
      found.padded = source.func;
  return found;
}

/// The largest divisor of `size` that is not above `most`.
int64_t getDivisor(int64_t size, int64_t most) {
  for (int64_t count = std::min(size, most); count > 1; --count)
    if (size % count == 0)
      return count;
  return 1;
}

/// Copies the image in vectors of channels, or of pixels if there are few
/// channels.
void scheduleCopy(Halide::Func padded, int64_t channels, int lanes) {
  std::vector<Var> vars = padded.args();
  Var inner = vars.front();
  if (channels < lanes && vars.size() > 1) {
    padded.reorder(vars[1], inner);
    inner = vars[1];
  }
  padded.vectorize(inner, lanes, TailStrategy::GuardWithIf);
}

/// The product's result and what is made of it: tiles of pixels by output
/// channels stay in registers over the whole window.
class ResultScheduler {
public:
  ResultScheduler(KernelAlgorithm &kernel, const Machine &machine,
                  const Convolution &convolution, const std::string &letters)
      : kernel(kernel), machine(machine), convolution(convolution),
        product(convolution.product), letters(letters),
        out(kernel.getOutputs().front().func),
        lanes(machine.lanes(product.reduction->func.types().front())),
        isHeavy(hasCostlyOp(kernel)) {}

  /// Whether the loops are all there and of known length.
  bool fits() const;
  void run(Decision &decision);

private:
  Var outVar(char letter) const {
    return KernelAlgorithm::var(letters.size(), letters.find(letter));
  }
  char getRow() const { return product.rows.back(); }
  /// The axis that blocks are cut from.
  char getTall() const { return product.rows[product.rows.size() - 2]; }
  int64_t getSize(char letter) const { return product.extent(letter).factor; }
  int64_t countVectors() const {
    return (product.numColumns + lanes - 1) / lanes;
  }
  std::vector<Tile> getTiles(int most) const;
  ConvolutionChoice pick() const;
  bool fits(const ConvolutionChoice &other) const;
  void offerOthers(Decision &decision) const;
  std::string explain() const;
  int64_t pickBlock() const;
  void scheduleTile(Halide::Stage stage, bool isParallel);
  void scheduleStage(Halide::Stage stage, bool isUpdate);

  KernelAlgorithm &kernel;
  const Machine &machine;
  const Convolution &convolution;
  const ProductShape &product;
  std::string letters;
  Halide::Func out;
  int lanes;
  /// The epilogue is then a loop over the tile's pixels: unrolled, its code
  /// takes most of the time to compile.
  bool isHeavy;
  ConvolutionChoice choice = {};
  Var xo{"xo"}, xi{"xi"}, yo{"yo"}, yi{"yi"}, ho{"ho"}, hi{"hi"}, task{"task"};
};

bool ResultScheduler::fits() const {
  return product.rows.size() >= 3 && product.gates.empty() &&
         product.batches.empty() &&
         (product.isPacked() ||
          (product.isColumnInnermost && product.numColumns % lanes == 0)) &&
         product.extent(getRow()).isStatic() &&
         product.extent(getTall()).isStatic() &&
         llvm::all_of(convolution.windows,
                      [&](char letter) {
                        return contains(
                            product.rows.substr(product.rows.size() - 2),
                            letter);
                      }) &&
         llvm::all_of(product.reduction->extents,
                      [](const Extent &extent) { return extent.isStatic(); });
}

std::vector<Tile> ResultScheduler::getTiles(int most) const {
  std::vector<Tile> tiles;
  for (int vectors = 1; vectors <= std::min<int64_t>(countVectors(), 4);
       ++vectors)
    for (int rows = 1; rows <= std::min<int64_t>(getSize(getRow()), 14); ++rows)
      if (countVectors() % vectors == 0 && rows * vectors <= most)
        tiles.push_back({rows, vectors, 1, product.isOfPairs()});
  return tiles;
}

/// As few pixels computed twice as possible, then as many sums as the registers
/// hold.
ConvolutionChoice ResultScheduler::pick() const {
  Tile tile = pickTile(getTiles(machine.accumulators()), machine,
                       getSize(getRow()), countVectors());
  return {tile.rows, tile.vectors, int(pickBlock())};
}

bool ResultScheduler::fits(const ConvolutionChoice &other) const {
  return fitsRegisters({other.rows, other.vectors}, machine) &&
         other.rows <= getSize(getRow()) &&
         countVectors() % other.vectors == 0 &&
         getSize(getTall()) % other.block == 0;
}

void ResultScheduler::offerOthers(Decision &decision) const {
  auto offer = [&](const ConvolutionChoice &other) {
    if (fits(other))
      decision.offer(other);
  };
  int64_t tall = getSize(getTall());
  int64_t less = getDivisor(tall, choice.block - 1), more = choice.block + 1;
  while (more < tall && tall % more != 0)
    ++more;
  constexpr size_t numFirst = 4;
  for (auto [i, tile] :
       llvm::enumerate(rankTiles(getTiles(machine.mostAccumulators()), machine,
                                 getSize(getRow()), countVectors()))) {
    if (i == numFirst)
      for (int64_t block : {more, less})
        offer({choice.rows, choice.vectors, int(block)});
    offer({tile.rows, tile.vectors, choice.block});
  }
  for (int64_t block : {more, less})
    offer({choice.rows, choice.vectors, int(block)});
}

std::string ResultScheduler::explain() const {
  return "tiles of " + std::to_string(choice.rows) + " of " +
         std::to_string(getSize(getRow())) + " pixels x " +
         std::to_string(choice.vectors * lanes) + " of " +
         std::to_string(product.numColumns) + " channels: " +
         describeTile({choice.rows, choice.vectors, 1, product.isOfPairs()},
                      machine) +
         "; tasks of " + std::to_string(choice.block) + " of " +
         std::to_string(getSize(getTall())) +
         " rows, whose part of the image is copied with its padding";
}

/// Rows of pixels in one block: what of the image they read fits in the cache
/// beside the weights.
int64_t ResultScheduler::pickBlock() const {
  constexpr int64_t blockElements = 16384;
  int64_t channels = product.reduction->extents.back().factor;
  int64_t most =
      blockElements / std::max<int64_t>(1, getSize(getRow()) * channels);
  return getDivisor(getSize(getTall()), std::max<int64_t>(most, 1));
}

void ResultScheduler::scheduleTile(Halide::Stage stage, bool isParallel) {
  int width = choice.vectors * lanes;
  stage
      .split(outVar(product.column), xo, xi, width,
             product.numColumns % width ? TailStrategy::GuardWithIf
                                        : TailStrategy::Auto)
      .split(outVar(getRow()), yo, yi, choice.rows, TailStrategy::ShiftInwards)
      .split(outVar(getTall()), ho, hi, choice.block);
  std::vector<Halide::VarOrRVar> order{xi, yi, yo, hi, xo, ho};
  for (char outer : llvm::reverse(StringRef(product.rows).drop_back(2)))
    order.push_back(outVar(outer));
  stage.reorder(order).vectorize(xi, lanes);
  if (!isHeavy)
    stage.unroll(xi).unroll(yi);
  stage.fuse(ho, outVar(product.rows[product.rows.size() - 3]), task);
  if (isParallel)
    stage.parallel(task);
}

void ResultScheduler::scheduleStage(Halide::Stage stage, bool isUpdate) {
  Var column = product.var(product.column), row = product.var(getRow());
  if (isUpdate) {
    std::vector<Halide::VarOrRVar> order{column, row};
    for (const Halide::RVar &r : llvm::reverse(product.reduction->domain))
      order.push_back(r);
    stage.reorder(order);
  }
  stage.vectorize(column, lanes).unroll(column).unroll(row);
}

void ResultScheduler::run(Decision &decision) {
  choice = decision.settle<ConvolutionChoice>(
      product.reduction->op, pick(),
      [&](const ConvolutionChoice &other) { return fits(other); });
  decision.reason = explain();
  offerOthers(decision);
  scheduleTile(out.specialize(product.countMultiplyAdds(kernel) >=
                              float(minParallelMultiplyAdds)),
               /*isParallel=*/true);
  scheduleTile(out, /*isParallel=*/false);
  Halide::Func sums = product.reduction->func;
  sums.compute_at(out, yo);
  scheduleStage(sums, /*isUpdate=*/false);
  scheduleStage(sums.update(), /*isUpdate=*/true);
  std::vector<Halide::Func> tiles{sums};
  if (isHeavy) {
    Halide::Func held = sums.in();
    held.compute_at(out, yo);
    scheduleStage(held, /*isUpdate=*/false);
    tiles.push_back(held);
  }
  if (product.numColumns % (int64_t(choice.vectors) * lanes))
    for (Halide::Func tile : tiles)
      tile.bound_extent(product.var(product.column), choice.vectors * lanes);
  Halide::Func padded = convolution.padded;
  padded.compute_at(out, task);
  scheduleCopy(padded, product.reduction->extents.back().factor, lanes);
}

/// The gradient by the weights: the sums over one image stay in registers and
/// are then added to the result.
class WeightScheduler {
public:
  WeightScheduler(const Machine &machine, const Convolution &convolution)
      : machine(machine), convolution(convolution),
        product(convolution.product),
        lanes(machine.lanes(product.reduction->func.types().front())) {}

  bool fits() const;
  void run(Decision &decision);

private:
  int64_t countChannels() const {
    return product.extent(product.rows.back()).factor;
  }
  int64_t countVectors() const {
    return (product.numColumns + lanes - 1) / lanes;
  }
  WindowGradientChoice pick() const;
  bool fits(const WindowGradientChoice &other) const;
  WindowGradientChoice decide(Decision &decision) const;

  const Machine &machine;
  const Convolution &convolution;
  const ProductShape &product;
  int lanes;
};

/// "bhwo,bhiwjc->ijco": the innermost row is a channel, the others are places
/// in the window; images are the outermost summed axis.
bool WeightScheduler::fits() const {
  return product.rows.size() >= 2 && product.gates.empty() &&
         product.batches.empty() && !product.isPacked() &&
         product.isColumnInnermost && product.isStatic(product.rows) &&
         product.reduction->domain.size() >= 2 &&
         !llvm::is_contained(convolution.places, product.rows.back()) &&
         llvm::all_of(StringRef(product.rows).drop_back(), [&](char letter) {
           return llvm::is_contained(convolution.places, letter);
         });
}

/// A task computes up to sixteen channels, with one copy of their image.
WindowGradientChoice WeightScheduler::pick() const {
  int64_t chunk = getDivisor(countChannels(), 16);
  return {int(getDivisor(chunk, 8)), countVectors() % 2 ? 1 : 2, int(chunk)};
}

bool WeightScheduler::fits(const WindowGradientChoice &other) const {
  return fitsRegisters({other.rows, other.vectors}, machine) &&
         countChannels() % other.block == 0 && other.block % other.rows == 0 &&
         countVectors() % other.vectors == 0;
}

WindowGradientChoice WeightScheduler::decide(Decision &decision) const {
  auto choice = decision.settle<WindowGradientChoice>(
      product.reduction->op, pick(),
      [&](const WindowGradientChoice &other) { return fits(other); });
  decision.reason =
      "tiles of " + std::to_string(choice.rows) + " x " +
      std::to_string(choice.vectors * lanes) + " of " +
      std::to_string(product.numColumns) + " channels: " +
      describeTile({choice.rows, choice.vectors, 1, product.isOfPairs()},
                   machine) +
      "; tasks of " + std::to_string(choice.block) + " of " +
      std::to_string(countChannels()) +
      " channels, whose part of the image is copied with its padding";
  auto offer = [&](int64_t rows, int64_t vectors, int64_t block) {
    WindowGradientChoice other = {int(rows), int(vectors), int(block)};
    if (fits(other))
      decision.offer(other);
  };
  for (int64_t block : {choice.block * 2, choice.block / 2})
    if (block > 0)
      offer(getDivisor(block, choice.rows), choice.vectors, block);
  for (int rows : {12, 8, 6, 4, 2})
    for (int vectors : {1, 2, 3, 4})
      offer(rows, vectors, choice.block);
  return choice;
}

void WeightScheduler::run(Decision &decision) {
  WindowGradientChoice choice = decide(decision);
  Halide::Func sums = product.reduction->func;
  Var column = product.var(product.column);
  Var channel = product.var(product.rows.back());
  char inner = product.rows[product.rows.size() - 2];
  Var place = product.var(inner);
  int width = choice.vectors * lanes;
  // With few channels the places beside one another fill the registers.
  bool unrollsPlaces = choice.rows < 4 && product.extent(inner).factor <= 8;
  Var xo("xo"), xi("xi"), cb("cb"), ct("ct"), ci("ci"), image("image");

  sums.compute_root().vectorize(column, lanes, TailStrategy::GuardWithIf);
  Halide::RVar images = product.reduction->domain.front();
  Halide::Func partial = sums.update().rfactor(images, image);
  Halide::Stage update = sums.update();
  update
      .split(column, xo, xi, width,
             product.numColumns % width ? TailStrategy::GuardWithIf
                                        : TailStrategy::Auto)
      .split(channel, cb, ci, choice.block)
      .split(ci, ct, ci, choice.rows);
  std::vector<Halide::VarOrRVar> order{xi, ci};
  if (unrollsPlaces)
    order.push_back(place);
  order.insert(order.end(), {ct, xo});
  if (!unrollsPlaces)
    order.push_back(place);
  order.insert(order.end(), {images, cb});
  for (char outer : llvm::reverse(StringRef(product.rows).drop_back(2)))
    order.push_back(product.var(outer));
  update.reorder(order).vectorize(xi, lanes).unroll(xi).unroll(ci);
  if (unrollsPlaces)
    update.unroll(place);
  update.parallel(cb);
  for (char outer : StringRef(product.rows).drop_back(2))
    update.parallel(product.var(outer));

  partial.compute_at(sums, ct);
  partial.bound_extent(column, width);
  for (Halide::Stage stage : {Halide::Stage(partial), partial.update()}) {
    stage.vectorize(column, lanes).unroll(column).unroll(channel);
    if (unrollsPlaces)
      stage.unroll(place);
  }
  std::vector<Halide::VarOrRVar> inside{column, channel};
  if (unrollsPlaces)
    inside.push_back(place);
  for (const Halide::RVar &r :
       llvm::reverse(llvm::drop_begin(product.reduction->domain)))
    inside.push_back(r);
  partial.update().reorder(inside);
  Halide::Func padded = convolution.padded;
  padded.compute_at(sums, images);
  scheduleCopy(padded, choice.block, lanes);
}

} // namespace

bool scheduleConvolution(KernelAlgorithm &kernel, const Machine &machine,
                         Decision &decision) {
  std::optional<Convolution> convolution = match(kernel);
  if (!convolution)
    return false;
  if (WeightScheduler weights(machine, *convolution); weights.fits()) {
    weights.run(decision);
    scheduleElements(kernel, kernel.getOutputs().front(), machine);
    return true;
  }
  std::optional<std::string> letters =
      matchEpilogue(kernel, convolution->product);
  if (!letters)
    return false;
  ResultScheduler result(kernel, machine, *convolution, *letters);
  if (!result.fits())
    return false;
  result.run(decision);
  return true;
}

} // namespace maek::halide
