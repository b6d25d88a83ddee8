// Part of Maek, under the MIT licence; see LICENSE.
// The names of the data sets, which the compiler checks, too.
#ifndef MAEK_RUNTIME_DATA_DATASETNAMES_H
#define MAEK_RUNTIME_DATA_DATASETNAMES_H

#include <string_view>

namespace maek::runtime {

/// What loadDataset takes.
inline constexpr std::string_view datasetNames[] = {
    "fashion_mnist", "mnist", "npy",     "text",
    "adding",        "copy",  "reverse", "sort"};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DATA_DATASETNAMES_H
