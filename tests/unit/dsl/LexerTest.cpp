// Part of Maek, under the MIT licence; see LICENSE.
// Tokens: both spellings of each symbol, names, numbers.
#include "dsl/Lexer.h"

#include "dsl/Diagnostics.h"
#include "dsl/Unicode.h"

#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

using namespace maek::dsl;

namespace {
struct Lexed {
  Diagnostics diagnostics;
  TokenList list;

  explicit Lexed(llvm::StringRef text) {
    auto buffer = llvm::MemoryBuffer::getMemBufferCopy(text, "test.maek");
    llvm::StringRef copy = buffer->getBuffer();
    diagnostics.sources.AddNewSourceBuffer(std::move(buffer), {});
    tokenize(copy, diagnostics, list);
  }
  std::vector<TokenKind> kinds() const {
    std::vector<TokenKind> result;
    for (const Token &token : list.tokens)
      result.push_back(token.kind);
    return result;
  }
};
} // namespace

TEST(Lexer, spellingsAreTheSameToken) {
  EXPECT_EQ(Lexed("σ(W · x) ⊙ √d → ≤ ≥ ≠ −").kinds(),
            Lexed("sigmoid(W dot x) * sqrt d -> <= >= != -").kinds());
}

TEST(Lexer, canonicalNames) {
  EXPECT_EQ(getCanonicalName("σ"), "sigmoid");
  EXPECT_EQ(getCanonicalName("Σ"), "sum");
  EXPECT_EQ(getCanonicalName("β1"), "beta1");
  EXPECT_EQ(getCanonicalName("β₁"), "beta1");
  EXPECT_EQ(getCanonicalName("hₜ"), "h_t");
  EXPECT_EQ(getCanonicalName("h\u0303"), "h_tilde");
  EXPECT_EQ(getCanonicalName("C\u0303"), "C_tilde");
  EXPECT_EQ(getCanonicalName("\u00F1"), getCanonicalName("n\u0303"));
  EXPECT_EQ(getCanonicalName("σ_x"), "sigma_x");
  EXPECT_EQ(getCanonicalName("W_f"), "W_f");
}

TEST(Lexer, marksBelongToTheName) {
  Lexed lexed("h\u0303 = x");
  ASSERT_EQ(lexed.list.tokens.size(), 4u);
  EXPECT_EQ(lexed.list.tokens[0].name, "h_tilde");
  EXPECT_EQ(lexed.list.tokens[0].text, "h\u0303");
}

TEST(Lexer, numbersAndRanges) {
  Lexed lexed("1..3 1.5 2e-3 1e3.5");
  ASSERT_GE(lexed.list.tokens.size(), 5u);
  EXPECT_EQ(lexed.list.tokens[0].value, 1);
  EXPECT_EQ(lexed.list.tokens[1].kind, TokenKind::Range);
  EXPECT_EQ(lexed.list.tokens[2].value, 3);
  EXPECT_EQ(lexed.list.tokens[3].value, 1.5);
  EXPECT_EQ(lexed.list.tokens[4].value, 2e-3);
  EXPECT_EQ(lexed.diagnostics.getNumErrors(), 1u);
}

TEST(Lexer, superscripts) {
  Lexed lexed("x² y⁻¹² z⁺");
  EXPECT_EQ(lexed.list.tokens[1].value, 2);
  EXPECT_EQ(lexed.list.tokens[3].value, -12);
  EXPECT_EQ(lexed.diagnostics.getNumErrors(), 1u);
}

TEST(Lexer, commentsAreKept) {
  Lexed lexed("# one\nx = 1 # two\n");
  ASSERT_EQ(lexed.list.comments.size(), 2u);
  EXPECT_EQ(lexed.list.comments[0].text, "# one");
  EXPECT_TRUE(lexed.list.comments[0].startsLine);
  EXPECT_FALSE(lexed.list.comments[1].startsLine);
  EXPECT_TRUE(lexed.list.tokens[0].startsLine);
}

TEST(Lexer, byteOrderMarkIsSkipped) {
  Lexed lexed("\xEF\xBB\xBFx");
  EXPECT_EQ(lexed.diagnostics.getNumErrors(), 0u);
  EXPECT_EQ(lexed.list.tokens[0].name, "x");
}

TEST(Lexer, errorsStopAtALimit) {
  Lexed lexed(std::string(1000, '@'));
  EXPECT_EQ(lexed.diagnostics.getNumErrors(), Diagnostics::maxErrors);
}

TEST(Unicode, decodesOnlyUtf8) {
  auto decode = [](llvm::StringRef text) {
    const char *it = text.begin();
    return decodeUtf8(it, text.end());
  };
  EXPECT_EQ(decode("\xE2\x82\xAC"), 0x20ACu);
  EXPECT_EQ(decode("\xF0\x9D\x90\x96"), 0x1D416u);
  for (llvm::StringRef wrong :
       {"\xFF", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
        "\xE2\x82", "\x80"})
    EXPECT_FALSE(decode(wrong)) << wrong.str();
}

TEST(Unicode, widthCountsColumns) {
  EXPECT_EQ(displayWidth("σ·x"), 3u);
  EXPECT_EQ(displayWidth("h\u0303"), 1u);
  EXPECT_EQ(displayWidth("\xFF"), 1u);
}

TEST(Diagnostics, nearestName) {
  EXPECT_EQ(findNearest("Linaer", {"LSTM", "Linear"}), "Linear");
  EXPECT_EQ(findNearest("x", {"y", "z"}), "");
  EXPECT_EQ(findNearest("h", {"H"}), "H");
  EXPECT_EQ(findNearest("completely", {"different"}), "");
}
