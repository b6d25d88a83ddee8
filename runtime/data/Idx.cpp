// Part of Maek, under the MIT licence; see LICENSE.
// IDX from memory, through zlib where the content is compressed.
#include "runtime/data/Idx.h"
#include "runtime/core/Files.h"
#include "runtime/core/Tensor.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <zlib.h>

using namespace maek::runtime;

namespace {
/// Bytes in order, from plain or compressed memory.
class Source {
public:
  explicit Source(std::span<const std::byte> content) : rest(content) {}
  ~Source() {
    if (isCompressed)
      inflateEnd(&stream);
  }
  Source(const Source &) = delete;
  Source &operator=(const Source &) = delete;

  /// Begins to decompress if the content has gzip's signature.
  Error open();
  /// Fills `out` as far as the content goes; `got` is how far.
  Error read(std::span<std::byte> out, size_t &got);

private:
  std::span<const std::byte> rest;
  bool isCompressed = false, atEnd = false;
  z_stream stream = {};
};
} // namespace

Error Source::open() {
  bool hasSignature = rest.size() >= 2 && rest[0] == std::byte{0x1f} &&
                      rest[1] == std::byte{0x8b};
  if (!hasSignature)
    return Error::success();
  constexpr int gzipWindow = 16 + MAX_WBITS;
  if (inflateInit2(&stream, gzipWindow) != Z_OK)
    return makeError(MAEK_OUT_OF_MEMORY, "no memory to decompress");
  isCompressed = true;
  return Error::success();
}

Error Source::read(std::span<std::byte> out, size_t &got) {
  got = 0;
  if (!isCompressed) {
    got = std::min(out.size(), rest.size());
    if (got > 0)
      std::memcpy(out.data(), rest.data(), got);
    rest = rest.subspan(got);
    return Error::success();
  }
  while (got < out.size() && !atEnd) {
    constexpr size_t most = size_t{1} << 30;
    auto available = static_cast<uInt>(std::min(rest.size(), most));
    auto wanted = static_cast<uInt>(std::min(out.size() - got, most));
    stream.next_in =
        reinterpret_cast<Bytef *>(const_cast<std::byte *>(rest.data()));
    stream.avail_in = available;
    stream.next_out = reinterpret_cast<Bytef *>(out.data() + got);
    stream.avail_out = wanted;
    int status = inflate(&stream, Z_NO_FLUSH);
    rest = rest.subspan(available - stream.avail_in);
    got += wanted - stream.avail_out;
    atEnd = status == Z_STREAM_END;
    if (status == Z_MEM_ERROR)
      return makeError(MAEK_OUT_OF_MEMORY, "no memory to decompress");
    if (status == Z_BUF_ERROR ||
        (status == Z_OK && rest.empty() && stream.avail_out > 0))
      return makeError(MAEK_BAD_FILE, "the compressed data ends too early");
    if (status != Z_OK && !atEnd)
      return makeError(MAEK_BAD_FILE, "the compressed data is damaged");
  }
  return Error::success();
}

static Error readHeader(Source &source, std::vector<int64_t> &shape) {
  uint8_t start[4];
  size_t got;
  if (Error error = source.read(std::as_writable_bytes(std::span(start)), got))
    return error;
  if (got < sizeof(start) || start[0] != 0 || start[1] != 0)
    return makeError(MAEK_BAD_FILE,
                     "not an IDX file: it does not begin with two zeros");
  constexpr uint8_t unsignedByte = 0x08;
  if (start[2] != unsignedByte)
    return makeError(MAEK_BAD_FILE, "element type ", start[2],
                     " of IDX is not read; needed 8, unsigned bytes");
  constexpr uint8_t maxRank = 4;
  if (start[3] < 1 || start[3] > maxRank)
    return makeError(MAEK_BAD_FILE, "IDX with ", start[3],
                     " axes is not read; needed 1 to 4");
  for (int axis = 0; axis < start[3]; ++axis) {
    uint8_t size[4];
    if (Error error = source.read(std::as_writable_bytes(std::span(size)), got))
      return error;
    if (got < sizeof(size))
      return makeError(MAEK_BAD_FILE, "ends inside the header");
    shape.push_back(int64_t{size[0]} << 24 | size[1] << 16 | size[2] << 8 |
                    size[3]);
  }
  return Error::success();
}

Expected<IdxArray> maek::runtime::readIdx(std::span<const std::byte> content) {
  Source source(content);
  IdxArray array;
  if (Error error = source.open())
    return error;
  if (Error error = readHeader(source, array.shape))
    return error;
  std::optional<int64_t> count = countElements(array.shape);
  if (!count)
    return makeError(MAEK_BAD_FILE, "shape ", shapeText(array.shape),
                     " is too large to address");
  auto needed = static_cast<size_t>(*count);
  constexpr size_t firstChunk = size_t{1} << 20;
  size_t filled = 0;
  while (filled < needed) {
    size_t room = std::min(needed, std::max(firstChunk, 2 * filled));
    array.data.resize(room);
    size_t got;
    if (Error error = source.read(std::span(array.data).subspan(filled), got))
      return error;
    filled += got;
    if (filled < room)
      return makeError(MAEK_BAD_FILE, "shape ", shapeText(array.shape),
                       " needs ", needed, " bytes of data, found ", filled);
  }
  std::byte extra;
  size_t got;
  if (Error error = source.read({&extra, 1}, got))
    return error;
  if (got > 0)
    return makeError(MAEK_BAD_FILE, "shape ", shapeText(array.shape), " needs ",
                     needed, " bytes of data, found more");
  return array;
}

Expected<IdxArray> maek::runtime::readIdxFile(const std::string &path) {
  Expected<std::vector<std::byte>> content = InputFile::readAll(path);
  if (!content)
    return content.takeError();
  Expected<IdxArray> array = readIdx(*content);
  if (!array) {
    Error error = array.takeError();
    return makeError(error.code(), path, ": ", error.message());
  }
  return array;
}
