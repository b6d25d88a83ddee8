// Part of Maek, under the MIT licence; see LICENSE.
// The parsed form of an einsum's equation, "bk,nk->bn".
#ifndef MAEK_IR_EINSUMEQUATION_H
#define MAEK_IR_EINSUMEQUATION_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace maek {

/// One letter an axis: lhs, rhs and result terms.
struct EinsumEquation {
  std::string lhs, rhs, result;

  /// Fails with the reason if `text` breaks a rule of maek.einsum.
  static llvm::Expected<EinsumEquation> parse(llvm::StringRef text);
  std::string str() const { return lhs + "," + rhs + "->" + result; }

  bool inLhs(char letter) const {
    return lhs.find(letter) != std::string::npos;
  }
  bool inRhs(char letter) const {
    return rhs.find(letter) != std::string::npos;
  }
  bool inResult(char letter) const {
    return result.find(letter) != std::string::npos;
  }
  /// Letters that are summed over, in lhs order, then rhs-only ones.
  std::string contracted() const;
  /// A letter that no term uses.
  char freshLetter() const;
};

} // namespace maek

#endif // MAEK_IR_EINSUMEQUATION_H
