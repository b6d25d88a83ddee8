// Part of Maek, under the MIT licence; see LICENSE.
// The wrapped system calls. The names are the linker's.
#include "SystemCalls.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

maek::fake::Injection &maek::fake::injection() {
  static Injection injection;
  return injection;
}

// Whether this call is the one to fail; errno is set if so.
static bool mustFail(const char *name) {
  maek::fake::Injection &state = maek::fake::injection();
  ++state.calls;
  if (state.after < 0 || state.after-- != 0)
    return false;
  state.last = name;
  errno = state.error;
  return true;
}

// NOLINTBEGIN
extern "C" {
int __real_open(const char *path, int flags, ...);
ssize_t __real_write(int descriptor, const void *data, size_t size);
int __real_fsync(int descriptor);
int __real_rename(const char *from, const char *to);
int __real_close(int descriptor);
int __real_flock(int descriptor, int operation);

int __wrap_open(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  int mode = flags & O_CREAT ? va_arg(arguments, int) : 0;
  va_end(arguments);
  if (mustFail("open") && errno)
    return -1;
  return __real_open(path, flags, mode);
}

ssize_t __wrap_write(int descriptor, const void *data, size_t size) {
  if (!mustFail("write"))
    return __real_write(descriptor, data, size);
  return errno ? -1 : __real_write(descriptor, data, (size + 1) / 2);
}

int __wrap_fsync(int descriptor) {
  return mustFail("fsync") && errno ? -1 : __real_fsync(descriptor);
}

int __wrap_rename(const char *from, const char *to) {
  return mustFail("rename") && errno ? -1 : __real_rename(from, to);
}

int __wrap_close(int descriptor) {
  int result = __real_close(descriptor);
  return mustFail("close") && errno ? -1 : result;
}

int __wrap_flock(int descriptor, int operation) {
  if (auto before = std::exchange(maek::fake::injection().beforeLock, nullptr))
    before();
  return __real_flock(descriptor, operation);
}
}
// NOLINTEND
