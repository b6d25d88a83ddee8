// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/ShapeTable.h"

#include "dsl/Instance.h"
#include "dsl/Unicode.h"

#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace maek::dsl {

/// As the file would write it: [28, H], class(10), a number.
static std::string spell(const Value &value) {
  switch (value.kind) {
  case ValueKind::Poison:
    return "?";
  case ValueKind::Number:
    return formatNumber(value.number);
  case ValueKind::Size:
    return value.size.str();
  case ValueKind::Instance:
    return value.instance->definition->name.name.str();
  case ValueKind::Tensor:
    break;
  }
  std::string shape = value.axes.empty() ? "[]" : describeShape(value.axes);
  if (value.element != Element::Class)
    return shape;
  return (value.axes.empty() ? "" : shape + " of ") + "class(" +
         value.classes.size.str() + ")";
}

size_t ShapeTable::begin(SMLoc loc, const Twine &name) {
  rows.push_back({loc, std::string(2 * depth, ' ') + name.str(), ""});
  ++depth;
  return rows.size() - 1;
}

void ShapeTable::end(size_t row, const Value &value) {
  --depth;
  rows[row].shape = spell(value);
}

void ShapeTable::print(raw_ostream &os, const SourceMgr &sources) const {
  std::vector<std::string> places;
  unsigned placeWidth = 0, nameWidth = 0;
  for (const Row &row : rows) {
    unsigned id = sources.FindBufferContainingLoc(row.loc);
    places.push_back((sources.getMemoryBuffer(id)->getBufferIdentifier() + ":" +
                      Twine(sources.getLineAndColumn(row.loc, id).first))
                         .str());
    placeWidth = std::max(placeWidth, unsigned(displayWidth(places.back())));
    nameWidth = std::max(nameWidth, unsigned(displayWidth(row.name)));
  }
  auto column = [&](StringRef text, unsigned width) {
    os << text;
    os.indent(width + 2 - unsigned(displayWidth(text)));
  };
  for (auto [row, place] : llvm::zip(rows, places)) {
    column(place, placeWidth);
    column(row.name, nameWidth);
    os << row.shape << "\n";
  }
}

} // namespace maek::dsl
