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
    return "";
  case ValueKind::Tensor:
    break;
  }
  std::string shape = value.axes.empty() ? "[]" : describeShape(value.axes);
  if (value.element != Element::Class)
    return shape;
  return (value.axes.empty() ? "" : shape + " of ") + "class(" +
         value.classes.size.str() + ")";
}

size_t ShapeTable::begin(SMLoc loc, StringRef loop, const Twine &name) {
  rows.push_back({loc, depth++, loop.str(), name.str(), ""});
  return rows.size() - 1;
}

/// With the hyperparameters that each use must give: Linear(28, 64).
size_t ShapeTable::begin(SMLoc loc, const Instance &instance) {
  const Definition &definition = *instance.definition;
  std::string numbers;
  for (const Formal &formal : definition.hyperparameters) {
    if (formal.defaultValue)
      continue;
    auto known = instance.hyperparameters.find(formal.name.name);
    numbers += numbers.empty() ? "" : ", ";
    numbers += known == instance.hyperparameters.end()
                   ? "?"
                   : formatNumber(known->second.number);
  }
  if (!numbers.empty())
    numbers = "(" + numbers + ")";
  return begin(loc, "", definition.name.name + numbers);
}

void ShapeTable::end(size_t row, const Value &value) {
  --depth;
  // A name for a layer: its rows are where it is applied.
  if (value.is(ValueKind::Instance))
    rows.resize(row);
  else
    rows[row].shape = spell(value);
}

void ShapeTable::beginLoop(StringRef outer) {
  Loop &loop = loops.emplace_back();
  loop.outer = outer.str();
  loop.depth = depth;
}

void ShapeTable::beginRound() { loops.back().current = rows.size(); }

void ShapeTable::endRound(int64_t number) {
  Loop &loop = loops.back();
  std::string round = loop.outer + std::to_string(number) + ".";
  ArrayRef<Row> all = rows;
  ArrayRef<Row> now = all.drop_front(loop.current);
  ArrayRef<Row> before = all.slice(loop.kept, loop.current - loop.kept);
  // Deeper rows are in loops of their own.
  auto rename = [&](Row row, StringRef from, StringRef to) {
    StringRef rest = row.loop;
    if (row.depth == loop.depth && rest.consume_front(from))
      row.loop = (to + rest).str();
    return row;
  };
  bool isSame = !loop.rounds.empty() &&
                llvm::equal(now, before, [&](const Row &a, const Row &b) {
                  return rename(a, round, loop.rounds) == b;
                });
  if (!isSame) {
    loop.kept = loop.current;
    loop.rounds = round;
    loop.first = number;
    return;
  }
  rows.resize(loop.current);
  std::string both = loop.outer + std::to_string(loop.first) + ".." +
                     std::to_string(number) + ".";
  for (size_t i = loop.kept; i < rows.size(); ++i)
    rows[i] = rename(rows[i], loop.rounds, both);
  loop.rounds = both;
}

void ShapeTable::print(raw_ostream &os, const SourceMgr &sources) const {
  std::vector<std::string> places, names;
  unsigned placeWidth = 0, nameWidth = 0;
  for (const Row &row : rows) {
    unsigned id = sources.FindBufferContainingLoc(row.loc);
    places.push_back((sources.getMemoryBuffer(id)->getBufferIdentifier() + ":" +
                      Twine(sources.getLineAndColumn(row.loc, id).first))
                         .str());
    placeWidth = std::max(placeWidth, unsigned(displayWidth(places.back())));
    names.push_back(std::string(2 * row.depth, ' ') + row.loop + row.name);
    nameWidth = std::max(nameWidth, unsigned(displayWidth(names.back())));
  }
  auto column = [&](StringRef text, unsigned width) {
    os << text;
    os.indent(width + 2 - unsigned(displayWidth(text)));
  };
  for (auto [row, place, name] : llvm::zip(rows, places, names)) {
    column(place, placeWidth);
    column(name, nameWidth);
    os << row.shape << "\n";
  }
}

} // namespace maek::dsl
