// Part of Maek, under the MIT licence; see LICENSE.
// Lets system calls of saving fail, or something happen before one. Linked with
// -Wl,--wrap=open,--wrap=write,--wrap=fsync,--wrap=rename,--wrap=close,
// --wrap=flock.
#ifndef MAEK_TESTS_UNIT_RUNTIME_SYSTEMCALLS_H
#define MAEK_TESTS_UNIT_RUNTIME_SYSTEMCALLS_H

#include <functional>

namespace maek::fake {

/// What the failing call does.
struct Injection {
  int error = 0;         ///< errno to fail with; 0: writes only half
  int after = -1;        ///< calls that still work; negative: all
  int calls = 0;         ///< calls made
  const char *last = ""; ///< name of the call that failed
  std::function<void()> beforeLock = nullptr; ///< called by the next flock
};
Injection &injection();

} // namespace maek::fake

#endif // MAEK_TESTS_UNIT_RUNTIME_SYSTEMCALLS_H
