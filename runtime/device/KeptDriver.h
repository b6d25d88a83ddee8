// Part of Maek, under the MIT licence; see LICENSE.
// A driver that is loaded once.
#ifndef MAEK_RUNTIME_DEVICE_KEPTDRIVER_H
#define MAEK_RUNTIME_DEVICE_KEPTDRIVER_H

#include "runtime/core/Error.h"

namespace maek::runtime {

/// The driver, which `load` fills in at the first call, kept to the program's
/// end; or each time the reason why there is none.
template <typename Driver>
Expected<const Driver *> keepDriver(Error (*load)(Driver &)) {
  struct Loaded {
    Driver driver;
    Error error;
    explicit Loaded(Error (*load)(Driver &)) : error(load(driver)) {}
  };
  static const Loaded loaded(load);
  if (loaded.error)
    return makeError(loaded.error.code(), loaded.error.message());
  return &loaded.driver;
}

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DEVICE_KEPTDRIVER_H
