// Part of Maek, under the MIT licence; see LICENSE.
// "did you mean": the known name nearest to one that is not known.
#ifndef MAEK_RUNTIME_CORE_NAMES_H
#define MAEK_RUNTIME_CORE_NAMES_H

#include <span>
#include <string>
#include <string_view>

namespace maek::runtime {

/// "; did you mean 'x'?", or nothing if no name is near enough.
std::string suggest(std::string_view name,
                    std::span<const std::string_view> known);

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_NAMES_H
