// Part of Maek, under the MIT licence; see LICENSE.
// The characters of model files: UTF-8, which characters a name may have, and
// the ASCII spelling that stands for the same name (β₁ is beta1).
#ifndef MAEK_DSL_UNICODE_H
#define MAEK_DSL_UNICODE_H

#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace maek::dsl {

/// Reads one code point at `it` and moves past it; nothing, and `it` stays,
/// where the bytes are no UTF-8.
std::optional<uint32_t> decodeUtf8(const char *&it, const char *end);

bool isNameStart(uint32_t codePoint);
bool isNamePart(uint32_t codePoint);

/// The name that `spelling` stands for: Greek letters are written out, marks
/// and subscripts become suffixes. `σ` alone is sigmoid, `Σ` alone is sum.
std::string getCanonicalName(llvm::StringRef spelling);

/// The value of a superscript digit, 10 for a plus, 11 for a minus.
std::optional<unsigned> getSuperscript(uint32_t codePoint);

/// Columns on a terminal. Bytes that are no UTF-8 count as one each.
unsigned displayWidth(llvm::StringRef text);

} // namespace maek::dsl

#endif // MAEK_DSL_UNICODE_H
