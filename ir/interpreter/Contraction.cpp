// Part of Maek, under the MIT licence; see LICENSE.
// Semantics of the ops that sum or choose over axes.
#include "ir/EinsumEquation.h"
#include "ir/MaekOps.h"
#include "ir/interpreter/Interpretable.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace maek;

/// Where each letter of `term` stands in `letters`.
static SmallVector<size_t> locate(StringRef term, StringRef letters) {
  SmallVector<size_t> places;
  for (char letter : term)
    places.push_back(letters.find(letter));
  return places;
}

/// The numbers of `index` at `places`.
static Shape pick(Index index, ArrayRef<size_t> places) {
  Shape picked;
  for (size_t place : places)
    picked.push_back(index[place]);
  return picked;
}

// result[its letters] += lhs[its letters] * rhs[its letters], for each value of
// all letters.
static FailureOr<Tensor> evaluate(EinsumOp op, Index shape, Frame &frame) {
  llvm::Expected<EinsumEquation> equation =
      EinsumEquation::parse(op.getEquation());
  if (!equation)
    return op.emitOpError(llvm::toString(equation.takeError()));
  const Tensor &lhs = frame[op.getLhs()], &rhs = frame[op.getRhs()];
  std::string letters = equation->result + equation->contracted();
  auto inLhs = locate(equation->lhs, letters);
  auto inRhs = locate(equation->rhs, letters);
  auto inResult = locate(equation->result, letters);
  Shape sizes(letters.size());
  for (auto [axis, place] : llvm::enumerate(inLhs))
    sizes[place] = lhs.shape[axis];
  for (auto [axis, place] : llvm::enumerate(inRhs))
    sizes[place] = rhs.shape[axis];
  Tensor result(shape);
  forEachIndex(sizes, [&](Index i) {
    result[pick(i, inResult)] += lhs[pick(i, inLhs)] * rhs[pick(i, inRhs)];
  });
  return result;
}

static double combine(StringRef kind, double a, double b) {
  if (kind == "sum")
    return a + b;
  if (std::isnan(a) || std::isnan(b))
    return std::numeric_limits<double>::quiet_NaN();
  return kind == "max" ? std::max(a, b) : std::min(a, b);
}

static FailureOr<Tensor> evaluate(ReduceOp op, Index shape, Frame &frame) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const Tensor &x = frame[op.getOperand()];
  StringRef kind = op.getKind();
  Tensor result(shape, kind == "sum"   ? 0
                       : kind == "max" ? -infinity
                                       : infinity);
  SmallVector<size_t> kept;
  for (int64_t axis = 0; axis < x.rank(); ++axis)
    if (!llvm::is_contained(op.getDims(), axis))
      kept.push_back(axis);
  forEachIndex(x.shape, [&](Index i) {
    double &total = result[pick(i, kept)];
    total = combine(kind, total, x[i]);
  });
  return result;
}

static FailureOr<Tensor> evaluate(ArgmaxOp op, Index shape, Frame &frame) {
  const Tensor &x = frame[op.getOperand()];
  int64_t dim = op.getDim(), size = x.shape[dim];
  if (size == 0)
    return op.emitOpError("has no largest element of an empty axis");
  return Tensor::generate(shape, [&](Index i) {
    Shape best(i);
    best.insert(best.begin() + dim, 0);
    Shape next = best;
    while (++next[dim] < size)
      if (x[next] > x[best])
        best = next;
    return best[dim];
  });
}

template <typename... Ops>
static void attach(MLIRContext &context) {
  (Ops::template attachInterface<Evaluated<Ops, evaluate>>(context), ...);
}

void maek::attachContractionModels(MLIRContext &context) {
  attach<EinsumOp, ReduceOp, ArgmaxOp>(context);
}
