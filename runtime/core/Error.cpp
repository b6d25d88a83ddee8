// Part of Maek, under the MIT licence; see LICENSE.
// The text of numbers. std::to_chars, because printf's decimal point depends
// on the locale of the program that uses the library.
#include "runtime/core/Error.h"

#include <charconv>

using namespace maek::runtime;

namespace {
template <typename T>
void appendNumber(std::string &out, T part) {
  char digits[32];
  auto [end, error] = std::to_chars(digits, digits + sizeof(digits), part);
  out.append(digits, end);
}
} // namespace

void maek::runtime::append(std::string &out, std::string_view part) {
  out.append(part);
}

void maek::runtime::append(std::string &out, char part) { out += part; }

void maek::runtime::append(std::string &out, long long part) {
  appendNumber(out, part);
}

void maek::runtime::append(std::string &out, unsigned long long part) {
  appendNumber(out, part);
}

void maek::runtime::append(std::string &out, double part) {
  appendNumber(out, part);
}
