// Part of Maek, under the MIT licence; see LICENSE.
// Semantics of the ops that sum or choose over axes.
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
  EinsumAttr equation = op.getEquation();
  const Tensor &lhs = frame[op.getLhs()], &rhs = frame[op.getRhs()];
  std::string letters = equation.getResult().str() + equation.getContracted();
  auto inLhs = locate(equation.getLhs(), letters);
  auto inRhs = locate(equation.getRhs(), letters);
  auto inResult = locate(equation.getResult(), letters);
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

static double combine(ReduceKind kind, double a, double b) {
  switch (kind) {
  case ReduceKind::Sum:
    return a + b;
  case ReduceKind::Max:
    return std::isnan(a) || a > b ? a : b;
  case ReduceKind::Min:
    return std::isnan(a) || a < b ? a : b;
  }
  llvm_unreachable("unknown kind");
}

/// What a reduction of no elements gives.
static double getNeutral(ReduceKind kind) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  switch (kind) {
  case ReduceKind::Sum:
    return 0;
  case ReduceKind::Max:
    return -infinity;
  case ReduceKind::Min:
    return infinity;
  }
  llvm_unreachable("unknown kind");
}

static FailureOr<Tensor> evaluate(ReduceOp op, Index shape, Frame &frame) {
  const Tensor &x = frame[op.getOperand()];
  Tensor result(shape, getNeutral(op.getKind()));
  SmallVector<size_t> kept;
  for (int64_t axis = 0; axis < x.rank(); ++axis)
    if (!llvm::is_contained(op.getDims(), axis))
      kept.push_back(axis);
  forEachIndex(x.shape, [&](Index i) {
    double &total = result[pick(i, kept)];
    total = combine(op.getKind(), total, x[i]);
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
