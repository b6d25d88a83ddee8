// Part of Maek, under the MIT licence; see LICENSE.
// The safetensors format: a length (8 bytes, little endian), a JSON header of
// that length, then the tensors' bytes without a gap. Nothing in such a file
// is believed before it is checked.
#ifndef MAEK_RUNTIME_CORE_SAFETENSORS_H
#define MAEK_RUNTIME_CORE_SAFETENSORS_H

#include "runtime/core/Files.h"
#include "runtime/core/Model.h"

namespace maek::runtime {

/// A tensor in a file. `begin` and `end` are offsets into the data part.
struct FileTensor {
  std::string name;
  std::string dtype; ///< as in the file: "F32"
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;
};

/// A tensor of a file that has the needed shape and holds numbers of the needed
/// type, `dtype`, or ones that can be read as such (see canRead).
struct TensorRead {
  const FileTensor *tensor;
  maek_dtype_t dtype;
};

struct SafetensorsHeader {
  Metadata metadata;
  std::vector<FileTensor> tensors; ///< in the order of their bytes
  uint64_t dataOffset = 0;

  const FileTensor *find(std::string_view name) const;
  /// The value of that metadata key, or null.
  const std::string *findMetadata(std::string_view key) const;
};

/// How long the header is, from the first 8 bytes and the file's size.
Expected<uint64_t> readHeaderLength(std::span<const std::byte, 8> bytes,
                                    uint64_t fileSize);

/// Checks everything: known keys and types only, no tensor twice, sizes that
/// match shapes, and bytes that cover the file exactly. `header` is the JSON.
Expected<SafetensorsHeader> readSafetensorsHeader(std::string_view header,
                                                  uint64_t fileSize);

/// A checked file, its tensors ready to be read.
class SafetensorsFile {
public:
  /// Messages begin with the path.
  static Expected<SafetensorsFile> open(const std::string &path);

  const SafetensorsHeader &header() const { return content; }
  const std::string &path() const { return file.path(); }
  /// Reads all bytes of the tensor.
  Error read(const FileTensor &tensor, void *out) const;
  /// The numbers of the tensors, one tensor behind the other without a gap. A
  /// number that is too large for its new type is an error.
  Expected<Buffer> readAll(std::span<const TensorRead> tensors) const;
  /// Reads each tensor to its place. Whatever fails, the places are as they
  /// were.
  Error readInto(std::span<const TensorRead> tensors,
                 std::span<void *const> places) const;

private:
  Error readAs(const TensorRead &wanted, char *out) const;
  SafetensorsFile(InputFile file, SafetensorsHeader content)
      : file(std::move(file)), content(std::move(content)) {}
  InputFile file;
  SafetensorsHeader content;
};

/// The JSON of a file of these tensors in their order. An error, which begins
/// with the path, if readSafetensorsHeader would refuse it.
Expected<std::string>
makeSafetensorsHeader(const std::string &path,
                      std::span<const maek_tensor_t> tensors,
                      const Metadata &metadata);

/// Writes `tensors` under their names in their order, atomically.
Error writeSafetensors(const std::string &path,
                       std::span<const maek_tensor_t> tensors,
                       const Metadata &metadata);

/// Whether numbers of a file's type can be read as those of `needed`: floats of
/// all types as f32 and f64.
bool canRead(std::string_view dtype, maek_dtype_t needed);

/// "F32", "F64", "I32".
const char *safetensorsName(maek_dtype_t dtype);

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_SAFETENSORS_H
