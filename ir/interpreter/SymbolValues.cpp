// Part of Maek, under the MIT licence; see LICENSE.
#include "ir/interpreter/SymbolValues.h"

#include "ir/Segments.h"

#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace maek;

LogicalResult SymbolValues::bind(const Extent &extent, int64_t value) {
  equations.emplace_back(extent, value);
  return solve();
}

void SymbolValues::set(const Extent &symbol, int64_t value) {
  values[symbol.symbols.front()] = value;
}

/// A symbol's value; of a sequence's segments also where they are not known but
/// the sequence's steps are.
std::optional<int64_t> SymbolValues::find(StringRef symbol) const {
  if (auto known = values.find(symbol.str()); known != values.end())
    return known->second;
  std::optional<SegmentSymbol> of = parseSegmentSymbol(symbol);
  if (!of || of->kind == SegmentSymbol::Kind::Steps || !evaluate(of->steps))
    return std::nullopt;
  return evaluateSymbol(symbol,
                        [&](StringRef) { return *evaluate(of->steps); });
}

void SymbolValues::addMissing(const SymbolValues &other) {
  for (const auto &[symbol, value] : other.values)
    if (!evaluate(Extent::symbol(symbol)))
      values.emplace(symbol, value);
}

/// The whole number whose `power` is `number`, if there is one.
static std::optional<int64_t> getRoot(int64_t number, size_t power) {
  auto root = int64_t(std::llround(std::pow(double(number), 1.0 / power)));
  int64_t product = 1;
  for (size_t i = 0; i < power; ++i)
    if (llvm::MulOverflow(product, root, product))
      return std::nullopt;
  return product == number ? std::optional(root) : std::nullopt;
}

// Uses each equation with one unknown symbol until none is left.
LogicalResult SymbolValues::solve() {
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto &[extent, value] : equations) {
      int64_t product = extent.factor;
      std::string unknown;
      size_t power = 0, others = 0;
      for (const std::string &symbol : extent.symbols) {
        if (auto known = values.find(symbol); known != values.end()) {
          if (llvm::MulOverflow(product, known->second, product))
            return failure();
        } else if (unknown.empty() || unknown == symbol) {
          unknown = symbol;
          ++power;
        } else {
          ++others;
        }
      }
      if (unknown.empty()) {
        if (product != value)
          return failure();
        continue;
      }
      if (others != 0)
        continue;
      if (product == 0) {
        if (value != 0)
          return failure();
        continue;
      }
      std::optional<int64_t> root = getRoot(value / product, power);
      if (value % product != 0 || !root)
        return failure();
      values[unknown] = *root;
      changed = true;
    }
  }
  return success();
}

std::optional<int64_t> SymbolValues::evaluate(const Extent &extent) const {
  Extent rest = extent;
  int64_t product = extent.factor;
  auto multiply = [&](int64_t value) {
    return !llvm::MulOverflow(product, value, product);
  };
  llvm::erase_if(rest.symbols, [&](const std::string &symbol) {
    std::optional<int64_t> known = find(symbol);
    return known && multiply(*known);
  });
  if (rest.symbols.empty())
    return product;
  for (const auto &[part, value] : equations) {
    if (part.symbols.empty() || value % part.factor != 0 ||
        !std::includes(rest.symbols.begin(), rest.symbols.end(),
                       part.symbols.begin(), part.symbols.end()))
      continue;
    Extent remaining(1);
    std::set_difference(rest.symbols.begin(), rest.symbols.end(),
                        part.symbols.begin(), part.symbols.end(),
                        std::back_inserter(remaining.symbols));
    std::optional<int64_t> other = evaluate(remaining);
    if (other && multiply(value / part.factor) && multiply(*other))
      return product;
  }
  return std::nullopt;
}
