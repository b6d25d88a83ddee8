// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/memory/Polynomial.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace maek {

Polynomial::Polynomial(int64_t constant) { add({}, constant); }

Polynomial::Polynomial(const Extent &extent) {
  add(Monomial(extent.symbols.begin(), extent.symbols.end()), extent.factor);
}

Polynomial Polynomial::symbol(StringRef name) {
  Polynomial result;
  result.add({name.str()}, 1);
  return result;
}

void Polynomial::add(const Monomial &monomial, int64_t coefficient) {
  int64_t &sum = terms[monomial];
  sum += coefficient;
  if (sum == 0)
    terms.erase(monomial);
}

Polynomial Polynomial::operator+(const Polynomial &other) const {
  Polynomial sum = *this;
  for (const auto &[monomial, coefficient] : other.terms)
    sum.add(monomial, coefficient);
  return sum;
}

Polynomial Polynomial::operator-(const Polynomial &other) const {
  Polynomial difference = *this;
  for (const auto &[monomial, coefficient] : other.terms)
    difference.add(monomial, -coefficient);
  return difference;
}

Polynomial Polynomial::operator*(const Polynomial &other) const {
  Polynomial product;
  for (const auto &[left, leftCoefficient] : terms)
    for (const auto &[right, rightCoefficient] : other.terms) {
      Monomial monomial = left;
      llvm::append_range(monomial, right);
      llvm::sort(monomial);
      product.add(monomial, leftCoefficient * rightCoefficient);
    }
  return product;
}

std::optional<int64_t> Polynomial::getConstant() const {
  if (terms.empty())
    return 0;
  if (terms.size() == 1 && terms.begin()->first.empty())
    return terms.begin()->second;
  return std::nullopt;
}

bool Polynomial::isAtLeast(const Polynomial &other) const {
  // With every symbol written as 1 + s, s >= 0, the difference is certainly
  // not negative if no coefficient is.
  Polynomial shifted;
  for (const auto &[monomial, coefficient] : (*this - other).terms) {
    Polynomial term(coefficient);
    for (const std::string &name : monomial)
      term = term * (symbol(name) + 1);
    shifted = shifted + term;
  }
  return llvm::all_of(shifted.terms,
                      [](const auto &term) { return term.second >= 0; });
}

int64_t Polynomial::evaluate(function_ref<int64_t(StringRef)> value) const {
  int64_t sum = 0;
  for (const auto &[monomial, coefficient] : terms) {
    int64_t term = coefficient;
    for (const std::string &name : monomial)
      term *= value(name);
    sum += term;
  }
  return sum;
}

std::string Polynomial::str() const {
  if (terms.empty())
    return "0";
  std::vector<std::pair<Monomial, int64_t>> sorted(terms.begin(), terms.end());
  llvm::stable_sort(sorted, [](const auto &a, const auto &b) {
    return a.first.size() > b.first.size();
  });
  std::string text;
  for (const auto &[monomial, coefficient] : sorted) {
    int64_t magnitude = coefficient;
    if (!text.empty() || coefficient < 0)
      text += text.empty() ? "-" : coefficient < 0 ? " - " : " + ";
    if (coefficient < 0)
      magnitude = -coefficient;
    std::string term =
        magnitude == 1 && !monomial.empty() ? "" : std::to_string(magnitude);
    for (const std::string &name : monomial)
      term += (term.empty() ? "" : "*") + name;
    text += term;
  }
  return text;
}

} // namespace maek
