// Part of Maek, under the MIT licence; see LICENSE.
// The sizes of a sequence that a loop takes in segments. They are symbols whose
// names say what they are of, so that nobody has to be told their values.
#ifndef MAEK_IR_SEGMENTS_H
#define MAEK_IR_SEGMENTS_H

#include "ir/Extent.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace maek {

/// Whether sequences of so many steps can be cut: a number or one symbol.
bool canSegment(const Extent &steps);

/// `segments$T`: the number of segments of T steps.
Extent getNumSegments(const Extent &steps);
/// `length$T`: the steps of each segment but the last, which may have fewer.
Extent getSegmentLength(const Extent &steps);
/// `steps$T`: the steps of the segment that a loop is at; known in its body.
Extent getSegmentSteps(const Extent &steps);

/// What a symbol is if it is one of those.
struct SegmentSymbol {
  enum class Kind { Number, Length, Steps };
  Kind kind;
  Extent steps;
};
std::optional<SegmentSymbol> parseSegmentSymbol(llvm::StringRef symbol);

/// `extent` with the most steps that a segment has in place of those that it
/// has.
Extent getLongestSegment(const Extent &extent);

/// The least whole number whose square is at least `steps`: then the states
/// between segments and the steps of one segment are about as many.
int64_t chooseSegmentLength(int64_t steps);

/// `value` for all symbols: of its own ones it is asked, and the others are
/// computed from those. The steps of a segment are the most that it may have.
int64_t evaluateSymbol(llvm::StringRef symbol,
                       llvm::function_ref<int64_t(llvm::StringRef)> value);

} // namespace maek

#endif // MAEK_IR_SEGMENTS_H
