// Part of Maek, under the MIT licence; see LICENSE.
#include "ir/EinsumEquation.h"

#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace maek {

static Error checkTerm(StringRef term) {
  for (auto [i, letter] : llvm::enumerate(term)) {
    if (!isAlpha(letter))
      return createStringError("'" + Twine(letter) + "' is not a letter");
    if (term.find(letter, i + 1) != StringRef::npos)
      return createStringError("letter '" + Twine(letter) +
                               "' stands twice in the term '" + term + "'");
  }
  return Error::success();
}

Expected<EinsumEquation> EinsumEquation::parse(StringRef text) {
  auto [operands, result] = text.split("->");
  auto [lhs, rhs] = operands.split(',');
  if (!text.contains("->") || !operands.contains(','))
    return createStringError("expected 'lhs,rhs->result', found '" + text +
                             "'");
  for (StringRef term : {lhs, rhs, result})
    if (Error error = checkTerm(term))
      return error;
  for (char letter : result)
    if (!lhs.contains(letter) && !rhs.contains(letter))
      return createStringError("letter '" + Twine(letter) +
                               "' of the result is in no operand");
  EinsumEquation equation;
  equation.lhs = lhs.str();
  equation.rhs = rhs.str();
  equation.result = result.str();
  return equation;
}

std::string EinsumEquation::contracted() const {
  std::string letters;
  for (char letter : lhs + rhs)
    if (!inResult(letter) && letters.find(letter) == std::string::npos)
      letters += letter;
  return letters;
}

char EinsumEquation::freshLetter() const {
  const std::string used = str();
  for (char letter : StringRef("tabcdefghijklmnopqrsuvwxyzABCDEFGHIJKLMNOPQRST"
                               "UVWXYZ"))
    if (used.find(letter) == std::string::npos)
      return letter;
  return '?';
}

} // namespace maek
