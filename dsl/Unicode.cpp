// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/Unicode.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Unicode.h"

using namespace llvm;

namespace maek::dsl {

std::optional<uint32_t> decodeUtf8(const char *&it, const char *end) {
  auto byte = [](char c) { return static_cast<unsigned char>(c); };
  unsigned char lead = byte(*it);
  if (lead < 0x80) {
    ++it;
    return lead;
  }
  unsigned length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || end - it < ptrdiff_t(length))
    return std::nullopt;
  uint32_t value = lead & (0x7F >> length);
  for (unsigned i = 1; i < length; ++i) {
    if ((byte(it[i]) & 0xC0) != 0x80)
      return std::nullopt;
    value = value << 6 | (byte(it[i]) & 0x3F);
  }
  static constexpr uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < smallest[length] || value > 0x10FFFF ||
      (value >= 0xD800 && value <= 0xDFFF))
    return std::nullopt;
  it += length;
  return value;
}

namespace {
struct Range {
  uint32_t first, last;
};
} // namespace

static bool contains(ArrayRef<Range> ranges, uint32_t c) {
  return llvm::any_of(ranges,
                      [&](Range r) { return r.first <= c && c <= r.last; });
}

/// Letters of the living scripts that mathematics borrows from. `ℝ` (U+211D)
/// is no letter here: it may stand before a shape.
static constexpr Range letters[] = {
    {0xAA, 0xAA},     {0xB5, 0xB5},     {0xBA, 0xBA},     {0xC0, 0xD6},
    {0xD8, 0xF6},     {0xF8, 0x2AF},    {0x370, 0x374},   {0x376, 0x37D},
    {0x37F, 0x386},   {0x388, 0x3FF},   {0x400, 0x52F},   {0x531, 0x587},
    {0x5D0, 0x5EA},   {0x620, 0x64A},   {0x904, 0x939},   {0xE01, 0xE30},
    {0x1E00, 0x1FFF}, {0x2100, 0x211C}, {0x211E, 0x214F}, {0x3041, 0x30FF},
    {0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xAC00, 0xD7A3}, {0x1D400, 0x1D7FF},
};

/// Combining marks, primes, subscript digits and letters.
static constexpr Range continuations[] = {
    {0x300, 0x36F},   {0x20D0, 0x20FF}, {0x2032, 0x2034}, {0x2080, 0x2089},
    {0x2090, 0x209C}, {0x1D62, 0x1D6A}, {0x2C7C, 0x2C7C},
};

bool isNameStart(uint32_t c) {
  if (c < 0x80)
    return isAlpha(char(c)) || c == '_';
  return contains(letters, c);
}

bool isNamePart(uint32_t c) {
  return isNameStart(c) || (c < 0x80 && isDigit(char(c))) ||
         contains(continuations, c);
}

namespace {
struct Spelling {
  uint32_t codePoint;
  StringLiteral text;
};
} // namespace

static constexpr Spelling greek[] = {
    {0x3B1, "alpha"},   {0x3B2, "beta"},    {0x3B3, "gamma"},
    {0x3B4, "delta"},   {0x3B5, "epsilon"}, {0x3B6, "zeta"},
    {0x3B7, "eta"},     {0x3B8, "theta"},   {0x3B9, "iota"},
    {0x3BA, "kappa"},   {0x3BB, "lambda"},  {0x3BC, "mu"},
    {0x3BD, "nu"},      {0x3BE, "xi"},      {0x3BF, "omicron"},
    {0x3C0, "pi"},      {0x3C1, "rho"},     {0x3C2, "sigma"},
    {0x3C3, "sigma"},   {0x3C4, "tau"},     {0x3C5, "upsilon"},
    {0x3C6, "phi"},     {0x3C7, "chi"},     {0x3C8, "psi"},
    {0x3C9, "omega"},   {0x3D1, "theta"},   {0x3D5, "phi"},
    {0x3F5, "epsilon"}, {0xB5, "mu"},       {0x391, "Alpha"},
    {0x392, "Beta"},    {0x393, "Gamma"},   {0x394, "Delta"},
    {0x395, "Epsilon"}, {0x396, "Zeta"},    {0x397, "Eta"},
    {0x398, "Theta"},   {0x399, "Iota"},    {0x39A, "Kappa"},
    {0x39B, "Lambda"},  {0x39C, "Mu"},      {0x39D, "Nu"},
    {0x39E, "Xi"},      {0x39F, "Omicron"}, {0x3A0, "Pi"},
    {0x3A1, "Rho"},     {0x3A3, "Sigma"},   {0x3A4, "Tau"},
    {0x3A5, "Upsilon"}, {0x3A6, "Phi"},     {0x3A7, "Chi"},
    {0x3A8, "Psi"},     {0x3A9, "Omega"},
};

/// Marks above and behind a letter, and the letters that Unicode also has in
/// one piece with such a mark.
static constexpr Spelling marks[] = {
    {0x302, "_hat"},     {0x303, "_tilde"},   {0x304, "_bar"},
    {0x305, "_bar"},     {0x307, "_dot"},     {0x308, "_ddot"},
    {0x20D7, "_vec"},    {0x2032, "_prime"},  {0xE2, "a_hat"},
    {0x109, "c_hat"},    {0xEA, "e_hat"},     {0x11D, "g_hat"},
    {0x125, "h_hat"},    {0xEE, "i_hat"},     {0x135, "j_hat"},
    {0xF4, "o_hat"},     {0x15D, "s_hat"},    {0xFB, "u_hat"},
    {0x175, "w_hat"},    {0x177, "y_hat"},    {0x1E91, "z_hat"},
    {0xE3, "a_tilde"},   {0x1EBD, "e_tilde"}, {0x129, "i_tilde"},
    {0xF1, "n_tilde"},   {0xF5, "o_tilde"},   {0x169, "u_tilde"},
    {0x1E7D, "v_tilde"}, {0x1EF9, "y_tilde"}, {0x101, "a_bar"},
    {0x113, "e_bar"},    {0x12B, "i_bar"},    {0x14D, "o_bar"},
    {0x16B, "u_bar"},    {0x233, "y_bar"},
};

static constexpr Spelling subscripts[] = {
    {0x2080, "0"},  {0x2081, "1"},  {0x2082, "2"},  {0x2083, "3"},
    {0x2084, "4"},  {0x2085, "5"},  {0x2086, "6"},  {0x2087, "7"},
    {0x2088, "8"},  {0x2089, "9"},  {0x2090, "_a"}, {0x2091, "_e"},
    {0x2092, "_o"}, {0x2093, "_x"}, {0x2095, "_h"}, {0x2096, "_k"},
    {0x2097, "_l"}, {0x2098, "_m"}, {0x2099, "_n"}, {0x209A, "_p"},
    {0x209B, "_s"}, {0x209C, "_t"}, {0x1D62, "_i"}, {0x1D63, "_r"},
    {0x1D64, "_u"}, {0x1D65, "_v"}, {0x2C7C, "_j"},
};

static StringRef lookUp(ArrayRef<Spelling> table, uint32_t codePoint) {
  for (const Spelling &entry : table)
    if (entry.codePoint == codePoint)
      return entry.text;
  return {};
}

std::string getCanonicalName(StringRef spelling) {
  if (spelling == "σ")
    return "sigmoid";
  if (spelling == "Σ")
    return "sum";
  std::string name;
  const char *it = spelling.begin();
  while (it != spelling.end()) {
    const char *start = it;
    std::optional<uint32_t> codePoint = decodeUtf8(it, spelling.end());
    if (!codePoint) {
      name += *it++;
      continue;
    }
    StringRef text;
    if (*codePoint >= 0x80)
      for (ArrayRef<Spelling> table :
           {ArrayRef(greek), ArrayRef(marks), ArrayRef(subscripts)})
        if (text.empty())
          text = lookUp(table, *codePoint);
    name += text.empty() ? StringRef(start, it - start) : text;
  }
  return name;
}

std::optional<unsigned> getSuperscript(uint32_t codePoint) {
  switch (codePoint) {
  case 0x2070:
    return 0;
  case 0xB9:
    return 1;
  case 0xB2:
    return 2;
  case 0xB3:
    return 3;
  case 0x207A:
    return 10;
  case 0x207B:
    return 11;
  default:
    if (codePoint >= 0x2074 && codePoint <= 0x2079)
      return codePoint - 0x2070;
    return std::nullopt;
  }
}

unsigned displayWidth(StringRef text) {
  unsigned width = 0;
  const char *it = text.begin();
  while (it != text.end()) {
    const char *start = it;
    if (!decodeUtf8(it, text.end())) {
      ++it;
      ++width;
      continue;
    }
    int columns = sys::unicode::columnWidthUTF8(StringRef(start, it - start));
    width += columns < 0 ? 0 : unsigned(columns);
  }
  return width;
}

} // namespace maek::dsl
