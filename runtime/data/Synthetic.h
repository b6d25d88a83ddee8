// Part of Maek, under the MIT licence; see LICENSE.
// Data sets that are computed, not read: the tasks by which sequence models
// are compared.
#ifndef MAEK_RUNTIME_DATA_SYNTHETIC_H
#define MAEK_RUNTIME_DATA_SYNTHETIC_H

#include "runtime/data/DataSpec.h"
#include "runtime/data/Dataset.h"

namespace maek::runtime {

/// adding, copy, reverse, sort.
std::span<const std::string_view> syntheticNames();

/// The data set of that spec, whose name is one of the above. Each example is
/// a function of the arguments, the split and its index alone.
Expected<Dataset> makeSynthetic(const DataSpec &spec, Split split);

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DATA_SYNTHETIC_H
