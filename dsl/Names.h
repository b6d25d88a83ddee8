// Part of Maek, under the MIT licence; see LICENSE.
// Checks that need no sizes: names, duplicates, arguments of calls, recursion,
// and what the train blocks say.
#ifndef MAEK_DSL_NAMES_H
#define MAEK_DSL_NAMES_H

#include "llvm/ADT/ArrayRef.h"
#include <string>

namespace maek::dsl {
class Diagnostics;
class Program;

/// False if there is recursion, which no later stage would come back from.
/// Other errors only leave holes that later stages step over in silence.
bool checkNames(const Program &program, Diagnostics &diagnostics);

} // namespace maek::dsl

#endif // MAEK_DSL_NAMES_H
