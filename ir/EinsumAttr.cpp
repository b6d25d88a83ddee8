// Part of Maek, under the MIT licence; see LICENSE.
// #maek.einsum: which axes a contraction multiplies and sums over.
#include "ir/MaekDialect.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace maek;
using llvm::createStringError;
using llvm::Error;

static Error checkTerm(StringRef term) {
  for (auto [i, letter] : llvm::enumerate(term)) {
    if (!llvm::isAlpha(letter))
      return createStringError("'" + Twine(letter) + "' is not a letter");
    if (term.find(letter, i + 1) != StringRef::npos)
      return createStringError("letter '" + Twine(letter) +
                               "' stands twice in the term '" + term + "'");
  }
  return Error::success();
}

static Error checkTerms(StringRef lhs, StringRef rhs, StringRef result) {
  for (StringRef term : {lhs, rhs, result})
    if (Error error = checkTerm(term))
      return error;
  for (char letter : result)
    if (!lhs.contains(letter) && !rhs.contains(letter))
      return createStringError("letter '" + Twine(letter) +
                               "' of the result is in no operand");
  return Error::success();
}

LogicalResult EinsumAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 StringRef lhs, StringRef rhs,
                                 StringRef result) {
  if (Error error = checkTerms(lhs, rhs, result))
    return emitError() << llvm::toString(std::move(error));
  return success();
}

llvm::Expected<EinsumAttr> EinsumAttr::fromText(MLIRContext *context,
                                                StringRef text) {
  auto [operands, result] = text.split("->");
  auto [lhs, rhs] = operands.split(',');
  if (!text.contains("->") || !operands.contains(','))
    return createStringError("expected 'lhs,rhs->result', found '" + text +
                             "'");
  if (Error error = checkTerms(lhs, rhs, result))
    return error;
  return get(context, lhs, rhs, result);
}

std::string EinsumAttr::str() const {
  return (getLhs() + "," + getRhs() + "->" + getResult()).str();
}

Attribute EinsumAttr::parse(AsmParser &parser, Type) {
  std::string text;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseString(&text))
    return {};
  llvm::Expected<EinsumAttr> equation = fromText(parser.getContext(), text);
  if (!equation) {
    parser.emitError(loc, llvm::toString(equation.takeError()));
    return {};
  }
  return *equation;
}

void EinsumAttr::print(AsmPrinter &printer) const {
  printer.printString(str());
}

std::string EinsumAttr::getContracted() const {
  std::string letters;
  for (StringRef term : {getLhs(), getRhs()})
    for (char letter : term)
      if (!inResult(letter) && !StringRef(letters).contains(letter))
        letters += letter;
  return letters;
}

std::optional<char> EinsumAttr::getFreshLetter() const {
  for (char letter : StringRef("tabcdefghijklmnopqrsuvwxyzABCDEFGHIJKLMNOPQRST"
                               "UVWXYZ"))
    if (!inLhs(letter) && !inRhs(letter))
      return letter;
  return std::nullopt;
}

EinsumAttr EinsumAttr::getSwapped() const {
  return get(getContext(), getRhs(), getLhs(), getResult());
}

EinsumAttr EinsumAttr::getCanonical() const {
  static constexpr StringRef alphabet =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::string seen;
  auto rename = [&](StringRef term) {
    std::string renamed;
    for (char letter : term) {
      if (!StringRef(seen).contains(letter))
        seen += letter;
      renamed += alphabet[seen.find(letter)];
    }
    return renamed;
  };
  std::string lhs = rename(getLhs()), rhs = rename(getRhs());
  return get(getContext(), lhs, rhs, rename(getResult()));
}
