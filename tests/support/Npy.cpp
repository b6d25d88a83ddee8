// Part of Maek, under the MIT licence; see LICENSE.
#include "tests/support/Npy.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>

using namespace llvm;

namespace maek::test {

static constexpr StringLiteral kMagic("\x93NUMPY");

/// The text after `'key':` in a header.
static StringRef getField(StringRef header, StringRef key) {
  return header.split(("'" + key + "':").str()).second.ltrim();
}

/// "(2, 3, )" as numbers.
static bool parseShape(StringRef text, Shape &shape) {
  if (!text.consume_front("(") || !text.contains(')'))
    return false;
  SmallVector<StringRef> parts;
  text.split(')').first.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    part = part.trim();
    if (!part.empty() && part.getAsInteger(10, shape.emplace_back()))
      return false;
  }
  return true;
}

template <typename T>
static double readElement(const char *bytes) {
  T number;
  std::memcpy(&number, bytes, sizeof(T));
  return double(number);
}

Expected<Tensor> readNpy(StringRef path) {
  auto file = MemoryBuffer::getFile(path, /*IsText=*/false);
  if (!file)
    return createStringError(path + ": " + file.getError().message());
  StringRef bytes = (*file)->getBuffer();
  if (!bytes.consume_front(kMagic) || bytes.size() < 4 || bytes[0] != 1)
    return createStringError(path + ": not a version 1 npy file");
  size_t headerSize = support::endian::read16le(bytes.data() + 2);
  StringRef header = bytes.substr(4, headerSize);
  bytes = bytes.substr(4 + headerSize);
  StringRef kind = getField(header, "descr").split(',').first.trim("' ");
  Shape shape;
  if (!parseShape(getField(header, "shape"), shape))
    return createStringError(path + ": no shape");
  if (!getField(header, "fortran_order").starts_with("False"))
    return createStringError(path + ": not in C order");
  double (*read)(const char *) = kind == "<f4"   ? readElement<float>
                                 : kind == "<f8" ? readElement<double>
                                 : kind == "<i4" ? readElement<int32_t>
                                 : kind == "<i8" ? readElement<int64_t>
                                 : kind == "|b1" ? readElement<uint8_t>
                                                 : nullptr;
  if (!read)
    return createStringError(path + ": elements of type " + kind);
  size_t width = kind.back() - '0';
  std::optional<int64_t> count = countElements(shape);
  if (!count || bytes.size() != *count * width)
    return createStringError(path + ": the size does not fit the shape");
  Tensor tensor(shape);
  for (auto [i, element] : llvm::enumerate(tensor.elements))
    element = read(bytes.data() + i * width);
  return tensor;
}

Error writeNpy(StringRef path, const Tensor &tensor) {
  std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (";
  for (int64_t size : tensor.shape)
    header += std::to_string(size) + ",";
  header += "), }";
  // The data starts at a multiple of 64 bytes, the header ends in a line feed.
  constexpr size_t prefix = 10;
  header.resize(alignTo(prefix + header.size() + 1, 64) - prefix - 1, ' ');
  header += '\n';
  std::error_code error;
  raw_fd_ostream stream(path, error);
  if (error)
    return createStringError(path + ": " + error.message());
  char size[2];
  support::endian::write16le(size, uint16_t(header.size()));
  stream << kMagic << '\x01' << '\x00' << StringRef(size, 2) << header;
  stream.write(reinterpret_cast<const char *>(tensor.elements.data()),
               tensor.elements.size() * sizeof(double));
  return Error::success();
}

} // namespace maek::test
