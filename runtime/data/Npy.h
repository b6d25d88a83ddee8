// Part of Maek, under the MIT licence; see LICENSE.
// NumPy's .npy format, versions 1 to 3, for the element types of the runtime.
#ifndef MAEK_RUNTIME_DATA_NPY_H
#define MAEK_RUNTIME_DATA_NPY_H

#include "runtime/core/ModuleInfo.h"
#include "runtime/core/Tensor.h"
#include <vector>

namespace maek::runtime {

/// An element type of files.
struct NpyType {
  std::string_view descr; ///< in the header
  std::string_view name;  ///< NumPy's
  size_t bytes;           ///< of an element in the file
  maek_dtype_t dtype;     ///< in memory
};

struct NpyHeader {
  const NpyType *type = nullptr;
  std::vector<int64_t> shape;
  uint64_t dataOffset = 0;
};

/// An array in memory, row-major.
struct NpyArray {
  maek_dtype_t dtype = MAEK_F32;
  std::vector<int64_t> shape;
  std::vector<std::byte> data;
  bool isBytes = false;       ///< one for each element, to be made numbers of
  std::string_view type = {}; ///< NumPy's name of the file's type
};

/// The longest beginning of a file that readNpyHeader looks at.
inline constexpr uint64_t maxNpyHeader = uint64_t{64} << 10;

/// Reads and checks the header at the beginning of a file of `fileSize` bytes;
/// `start` is all of it or its first maxNpyHeader bytes. The data must fill
/// the rest of the file exactly.
Expected<NpyHeader> readNpyHeader(std::span<const std::byte> start,
                                  uint64_t fileSize);

/// Messages begin with the path. An int64 that is no int32 is an error; a bool
/// is 0 or 1.
Expected<NpyArray> readNpy(const std::string &path);

/// "; save x.astype("float32")".
std::string castHint(maek_dtype_t needed);

/// What bytes stand for depends on where they go: in numbers with two axes or
/// more behind the batch they are pixels, v / 255, elsewhere v.
bool arePixels(const PortInfo &port);
/// Fails where the bytes are 0 and 1 alone: those are numbers, no picture.
Error checkPixels(const std::string &path, const NpyArray &array);
/// Bytes as int32.
void widenBytes(NpyArray &array);

/// The bytes of a file before its data, as NumPy writes them.
std::string makeNpyHeader(maek_dtype_t dtype, std::span<const int64_t> shape);

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DATA_NPY_H
