// Part of Maek, under the MIT licence; see LICENSE.
// IDX, the format of MNIST and its kin, plain or compressed with gzip.
#ifndef MAEK_RUNTIME_DATA_IDX_H
#define MAEK_RUNTIME_DATA_IDX_H

#include "runtime/core/Error.h"
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace maek::runtime {

/// An array of bytes.
struct IdxArray {
  std::vector<int64_t> shape;
  std::vector<std::byte> data;
};

/// Reads a whole file's content. Memory grows with the bytes that are there,
/// not with what the header says. Only unsigned bytes with 1 to 4 axes.
Expected<IdxArray> readIdx(std::span<const std::byte> content);

/// Messages begin with the path.
Expected<IdxArray> readIdxFile(const std::string &path);

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DATA_IDX_H
