// Part of Maek, under the MIT licence; see LICENSE.
#include "ir/Segments.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace maek {

// No model can name a size so.
static constexpr StringLiteral kNumber = "segments$", kLength = "length$",
                               kSteps = "steps$";

bool canSegment(const Extent &steps) {
  return steps.isStatic() || (steps.factor == 1 && steps.symbols.size() == 1 &&
                              !parseSegmentSymbol(steps.symbols.front()));
}

Extent getNumSegments(const Extent &steps) {
  return Extent::symbol(kNumber.str() + steps.str());
}

Extent getSegmentLength(const Extent &steps) {
  return Extent::symbol(kLength.str() + steps.str());
}

Extent getSegmentSteps(const Extent &steps) {
  return Extent::symbol(kSteps.str() + steps.str());
}

std::optional<SegmentSymbol> parseSegmentSymbol(StringRef symbol) {
  using Kind = SegmentSymbol::Kind;
  std::optional<Kind> kind;
  if (symbol.consume_front(kNumber))
    kind = Kind::Number;
  else if (symbol.consume_front(kLength))
    kind = Kind::Length;
  else if (symbol.consume_front(kSteps))
    kind = Kind::Steps;
  std::optional<Extent> steps = kind ? Extent::parse(symbol) : std::nullopt;
  if (!steps || !canSegment(*steps))
    return std::nullopt;
  return SegmentSymbol{*kind, *steps};
}

Extent getLongestSegment(const Extent &extent) {
  Extent longest(extent.factor);
  for (const std::string &symbol : extent.symbols) {
    std::optional<SegmentSymbol> known = parseSegmentSymbol(symbol);
    longest = longest * (known && known->kind == SegmentSymbol::Kind::Steps
                             ? getSegmentLength(known->steps)
                             : Extent::symbol(symbol));
  }
  return longest;
}

int64_t chooseSegmentLength(int64_t steps) {
  int64_t length = 1;
  while (length * length < steps)
    ++length;
  return length;
}

int64_t evaluateSymbol(StringRef symbol,
                       function_ref<int64_t(StringRef)> value) {
  std::optional<SegmentSymbol> known = parseSegmentSymbol(symbol);
  if (!known)
    return value(symbol);
  int64_t steps = known->steps.isStatic() ? known->steps.factor
                                          : value(known->steps.symbols.front());
  int64_t length = chooseSegmentLength(steps);
  return known->kind == SegmentSymbol::Kind::Number
             ? int64_t(llvm::divideCeil(steps, length))
             : length;
}

} // namespace maek
