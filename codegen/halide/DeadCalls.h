// Part of Maek, under the MIT licence; see LICENSE.
// Functions that a pipeline calls, though not for its results: 0 * f(x).
#ifndef MAEK_CODEGEN_HALIDE_DEADCALLS_H
#define MAEK_CODEGEN_HALIDE_DEADCALLS_H

#include "Halide.h"
#include <map>
#include <string>
#include <vector>

namespace maek::halide {

/// By name.
using Functions = std::map<std::string, Halide::Internal::Function>;

// Halide lists a pipeline's functions, then simplifies the definitions that
// have specializations, then infers what is needed of each function of the
// list. One that is computed and loses its last caller on the way, while it
// reads what others read, too, makes Halide 21 follow a null pointer.

/// Before the schedule: takes out of the definitions the calls that Halide
/// would. Gives the functions that are still called.
Functions dropDeadCalls(const std::vector<Halide::Func> &outputs);

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_DEADCALLS_H
