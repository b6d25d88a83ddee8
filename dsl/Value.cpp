// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/Value.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace maek::dsl {

bool haveSameSizes(ArrayRef<Axis> a, ArrayRef<Axis> b) {
  return llvm::equal(
      a, b, [](const Axis &x, const Axis &y) { return x.size == y.size; });
}

std::string formatNumber(double number) {
  std::string text;
  raw_string_ostream(text) << format("%.10g", number);
  return text;
}

std::string describeShape(ArrayRef<Axis> axes) {
  if (axes.empty())
    return "a scalar";
  std::string text = "[";
  raw_string_ostream os(text);
  interleaveComma(axes, os, [&](const Axis &axis) { os << axis.size.str(); });
  os << "]";
  return text;
}

std::string describe(const Value &value) {
  switch (value.kind) {
  case ValueKind::Poison:
    return "nothing";
  case ValueKind::Number:
    return "the number " + formatNumber(value.number);
  case ValueKind::Size:
    return "the size " + value.size.str();
  case ValueKind::Instance:
    return "a layer";
  case ValueKind::Tensor:
    break;
  }
  if (value.element == Element::Class)
    return (value.axes.empty() ? "" : describeShape(value.axes) + " of ") +
           "class(" + value.classes.size.str() + ")";
  return describeShape(value.axes);
}

} // namespace maek::dsl
