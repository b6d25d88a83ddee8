// Part of Maek, under the MIT licence; see LICENSE.
// Lets system calls of saving fail. Linked with -Wl,--wrap=open,--wrap=write,
// --wrap=fsync,--wrap=rename,--wrap=close.
#ifndef MAEK_TESTS_UNIT_RUNTIME_SYSTEMCALLS_H
#define MAEK_TESTS_UNIT_RUNTIME_SYSTEMCALLS_H

namespace maek::fake {

/// What the failing call does.
struct Injection {
  int error = 0;         ///< errno to fail with; 0: writes only half
  int after = -1;        ///< calls that still work; negative: all
  int calls = 0;         ///< calls made
  const char *last = ""; ///< name of the call that failed
};
Injection &injection();

} // namespace maek::fake

#endif // MAEK_TESTS_UNIT_RUNTIME_SYSTEMCALLS_H
