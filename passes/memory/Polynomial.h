// Part of Maek, under the MIT licence; see LICENSE.
// Sizes and offsets in memory: polynomials in the symbols that extents name,
// and in the steps of the loops around.
#ifndef MAEK_PASSES_MEMORY_POLYNOMIAL_H
#define MAEK_PASSES_MEMORY_POLYNOMIAL_H

#include "ir/Extent.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace maek {

/// A sum of integers times products of symbols: 96*B*T + 24*B - 1.
class Polynomial {
public:
  /// A product of symbols, sorted by name.
  using Monomial = std::vector<std::string>;

  Polynomial(int64_t constant = 0);
  Polynomial(const Extent &extent);
  static Polynomial symbol(llvm::StringRef name);

  Polynomial operator+(const Polynomial &other) const;
  Polynomial operator-(const Polynomial &other) const;
  Polynomial operator*(const Polynomial &other) const;
  bool operator==(const Polynomial &other) const {
    return terms == other.terms;
  }
  bool operator!=(const Polynomial &other) const { return !(*this == other); }
  bool isZero() const { return terms.empty(); }

  /// The number, if no symbol stands in it.
  std::optional<int64_t> getConstant() const;
  /// No coefficient is 0.
  const std::map<Monomial, int64_t> &getTerms() const { return terms; }
  /// Whether this is certainly >= `other` for all symbols >= 1. May say no
  /// where it is.
  bool isAtLeast(const Polynomial &other) const;
  int64_t evaluate(llvm::function_ref<int64_t(llvm::StringRef)> value) const;
  /// "96*B*T + 24*B - 1", higher powers first.
  std::string str() const;

private:
  void add(const Monomial &monomial, int64_t coefficient);

  std::map<Monomial, int64_t> terms;
};

} // namespace maek

#endif // MAEK_PASSES_MEMORY_POLYNOMIAL_H
