// Part of Maek, under the MIT licence; see LICENSE.
// What holds where neither the model nor the command line says otherwise.
// Nothing that must be linked, so that the compiler has the same; see
// docs/rationale/shared-headers.md.
#ifndef MAEK_RUNTIME_CORE_DEFAULTS_H
#define MAEK_RUNTIME_CORE_DEFAULTS_H

#include <cstdint>

namespace maek::runtime {

/// Examples at a time.
inline constexpr int64_t kDefaultBatch = 32;

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_DEFAULTS_H
