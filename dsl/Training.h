// Part of Maek, under the MIT licence; see LICENSE.
// The settings of a train block: which there are, and what they may hold.
#ifndef MAEK_DSL_TRAINING_H
#define MAEK_DSL_TRAINING_H

#include "dsl/NameChecker.h"

namespace maek::dsl {
class Diagnostics;
class Program;

/// The schedule's first formals, which the compiler supplies: step, steps.
inline constexpr unsigned kScheduleGiven = 2;

/// Names, duplicates and arguments of one block.
void checkTrain(const Train &train, const Program &program,
                Diagnostics &diagnostics, Uses &uses);

/// The names in one weights block.
void checkWeights(const Weights &weights, const Program &program,
                  Diagnostics &diagnostics, Uses &uses);

/// The setting of that name, or null.
const TrainItem *findItem(const Train &train, llvm::StringRef keyword);

/// The definition that `cosine(warmup = 200)` or `cosine` calls, and its
/// arguments; null if the name is none of `kind`.
const Definition *findCalled(const Expr &value, const Program &program,
                             DefinitionKind kind,
                             llvm::ArrayRef<Argument> &arguments);

} // namespace maek::dsl

#endif // MAEK_DSL_TRAINING_H
