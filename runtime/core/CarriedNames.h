// Part of Maek, under the MIT licence; see LICENSE.
// Names of what an entry that goes on with a text takes beside the text: what
// its latest call left, and where in the text it stands. Nothing that must be
// linked, so that the compiler has the same; see
// docs/rationale/shared-headers.md.
#ifndef MAEK_RUNTIME_CORE_CARRIEDNAMES_H
#define MAEK_RUNTIME_CORE_CARRIEDNAMES_H

namespace maek::runtime {

/// All of them begin so.
inline constexpr char kCarriedPrefix[] = "state.";
/// The input that is above 0 for the examples whose text begins.
inline constexpr char kBeginsName[] = "state.begins";
/// The input that counts the steps before this call.
inline constexpr char kPositionName[] = "state.position";

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_CARRIEDNAMES_H
