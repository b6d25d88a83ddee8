// Part of Maek, under the MIT licence; see LICENSE.
// Primitives that make one number of many: of all own axes, of those that
// `axis` names, or of the batch.
#include "dsl/primitives/PrimitiveCall.h"
#include "dsl/primitives/Tables.h"

#include "dsl/Diagnostics.h"

using namespace llvm;

namespace maek::dsl {

namespace {
struct Reduced {
  Value value;
  SmallVector<unsigned> axes;
};
} // namespace

static std::optional<Reduced> evaluateReduced(PrimitiveCall &call) {
  Value value = call.evaluate(0);
  if (value.isPoison())
    return std::nullopt;
  auto axes = llvm::to_vector(llvm::seq<unsigned>(0, value.getRank()));
  if (const Expr *named = call.findNamed("axis")) {
    std::optional<SmallVector<unsigned>> given =
        call.evaluator.evaluateAxes(*named, value, call.frame);
    if (!given)
      return std::nullopt;
    axes = *given;
  }
  call.moveToCall();
  return Reduced{value, axes};
}

template <ReduceKind kind>
static Value evaluateReduce(PrimitiveCall &call) {
  std::optional<Reduced> reduced = evaluateReduced(call);
  return reduced ? call.tensors.reduce(kind, reduced->value, reduced->axes)
                 : Value();
}

static Value evaluateMean(PrimitiveCall &call) {
  std::optional<Reduced> reduced = evaluateReduced(call);
  return reduced ? call.tensors.mean(reduced->value, reduced->axes) : Value();
}

/// max and min: of one value along axes, or of two values.
template <ReduceKind kind, auto build>
static Value evaluateExtreme(PrimitiveCall &call) {
  if (call.size() == 1)
    return evaluateReduce<kind>(call);
  if (call.findNamed("axis")) {
    call.moveToCall();
    call.tensors.error("an axis goes with one value, found two");
    return {};
  }
  return evaluateWith<build>(call);
}

static Value evaluateArgmax(PrimitiveCall &call) {
  std::optional<Reduced> reduced = evaluateReduced(call);
  if (!reduced)
    return {};
  const auto &[value, axes] = *reduced;
  if (axes.empty()) {
    call.tensors.error("'argmax' needs an axis, found " + describe(value));
    return {};
  }
  if (call.findNamed("axis") && axes.size() > 1) {
    call.tensors.error("'argmax' is along one axis, found " +
                       Twine(axes.size()));
    return {};
  }
  return call.tensors.argmax(value, axes.back());
}

ArrayRef<Primitive> getReductionPrimitives() {
  using T = TensorBuilder;
  static constexpr Primitive primitives[] = {
      {"sum", 1, 1, evaluateReduce<ReduceKind::Sum>, "axis"},
      {"mean", 1, 1, evaluateMean, "axis"},
      {"max", 1, 2, evaluateExtreme<ReduceKind::Max, &T::max>, "axis"},
      {"min", 1, 2, evaluateExtreme<ReduceKind::Min, &T::min>, "axis"},
      {"argmax", 1, 1, evaluateArgmax, "axis"},
      {"batch_mean", 1, 1, evaluateWith<&T::batchMean>},
      {"batch_count", 1, 1, evaluateWith<&T::batchCount>},
  };
  return primitives;
}

} // namespace maek::dsl
