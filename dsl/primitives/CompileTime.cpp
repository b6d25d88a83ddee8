// Part of Maek, under the MIT licence; see LICENSE.
// Primitives that are the compiler's business, not a kernel's: numbers,
// requirements, gradients.
#include "dsl/primitives/PrimitiveCall.h"
#include "dsl/primitives/Tables.h"

#include "dsl/Diagnostics.h"

#include <cmath>
#include <limits>

using namespace llvm;

namespace maek::dsl {

static double getPi(const Evaluator &) { return M_PI; }

static double getInfinity(const Evaluator &) {
  return std::numeric_limits<double>::infinity();
}

static double getTraining(const Evaluator &evaluator) {
  return evaluator.trainsHere();
}

/// The value itself. A condition that only a run knows is not looked at.
static Value evaluateRequire(PrimitiveCall &call) {
  Value value = call.evaluate(0);
  if (value.isPoison())
    return {};
  Value holds = call.evaluate(1);
  if (holds.isPoison())
    return {};
  if (!holds.is(ValueKind::Number) || holds.number != 0)
    return value;
  call.moveToCall();
  std::string found = value.is(ValueKind::Number) ? formatNumber(value.number)
                                                  : describe(value);
  Diagnostic &error = call.tensors.error("what is required of " + found +
                                         " here does not hold");
  if (value.origin.isValid() && value.origin != call.tensors.where)
    error.note(value.origin, found + " comes from here");
  return {};
}

ArrayRef<Primitive> getCompileTimePrimitives() {
  static constexpr Primitive primitives[] = {
      {"require", 2, 2, evaluateRequire},
      {"gradient", 2, 2, evaluateWith<&TensorBuilder::gradient>},
      {"pi", 0, 0, nullptr, "", false, getPi},
      {"inf", 0, 0, nullptr, "", false, getInfinity},
      {"training", 0, 0, nullptr, "", false, getTraining},
  };
  return primitives;
}

} // namespace maek::dsl
