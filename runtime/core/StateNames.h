// Part of Maek, under the MIT licence; see LICENSE.
// Names of the states that training keeps beside an optimizer's. Nothing that
// must be linked, so that the compiler has the same; see
// docs/rationale/shared-headers.md.
#ifndef MAEK_RUNTIME_CORE_STATENAMES_H
#define MAEK_RUNTIME_CORE_STATENAMES_H

namespace maek::runtime {

/// The gradients of several batches are summed in this with the parameter's
/// name.
inline constexpr char kSumPrefix[] = "accumulated.";
/// How many examples these are of.
inline constexpr char kSumOfExamples[] = "accumulated_examples";
/// A parameter's average is this with its name.
inline constexpr char kAveragePrefix[] = "average.";

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_STATENAMES_H
