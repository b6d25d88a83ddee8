// Part of Maek, under the MIT licence; see LICENSE.
// Every small damage of a file: all prefixes, all flipped bytes.
#ifndef MAEK_TESTS_UNIT_RUNTIME_MUTATIONS_H
#define MAEK_TESTS_UNIT_RUNTIME_MUTATIONS_H

#include <string>

namespace maek::fake {

/// Calls `check(content, what)` for each proper prefix of `good` and for each
/// of its bytes replaced by six others.
template <typename Check>
void forEachMutation(const std::string &good, Check check) {
  for (size_t length = 0; length < good.size(); ++length)
    check(good.substr(0, length), "first " + std::to_string(length));
  for (size_t at = 0; at < good.size(); ++at)
    for (int flip : {0x01, 0x10, 0x20, 0x80, 0xff, 0x5a}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      check(bad, "byte " + std::to_string(at) + " ^ " + std::to_string(flip));
    }
}

} // namespace maek::fake

#endif // MAEK_TESTS_UNIT_RUNTIME_MUTATIONS_H
