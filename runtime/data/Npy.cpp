// Part of Maek, under the MIT licence; see LICENSE.
// The header of an .npy file is a Python dictionary in source form; the small
// reader here takes what NumPy writes and nothing more.
#include "runtime/data/Npy.h"
#include "runtime/core/Files.h"

#include <algorithm>
#include <charconv>
#include <cstring>

using namespace maek::runtime;

static constexpr std::string_view magic = "\x93NUMPY";

static constexpr NpyType types[] = {
    {"<f4", "float32", 4, MAEK_F32}, {"<f8", "float64", 8, MAEK_F64},
    {"<i4", "int32", 4, MAEK_I32},   {"<i8", "int64", 8, MAEK_I32},
    {"|u1", "uint8", 1, MAEK_I32},   {"|b1", "bool", 1, MAEK_I32}};

// The type of arrays that are written.
static const NpyType &typeOf(maek_dtype_t dtype) {
  return *std::find_if(
      std::begin(types), std::end(types),
      [&](const NpyType &type) { return type.dtype == dtype; });
}

std::string maek::runtime::castHint(maek_dtype_t needed) {
  return text("; save x.astype(\"", typeOf(needed).name, "\")");
}

namespace {
/// Reads {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
class DictionaryReader {
public:
  DictionaryReader(std::string_view text, size_t offset)
      : rest(text), whole(text.size()), offset(offset) {}

  Error read(NpyHeader &out);

private:
  template <typename... Parts>
  Error bad(const Parts &...parts) const {
    return makeError(MAEK_BAD_FILE, "header at byte ",
                     offset + whole - rest.size(), ": ", parts...);
  }
  void skipSpace() {
    while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\n'))
      rest.remove_prefix(1);
  }
  bool take(std::string_view token) {
    skipSpace();
    if (!rest.starts_with(token))
      return false;
    rest.remove_prefix(token.size());
    return true;
  }
  bool takeString(std::string_view &out);
  Error readShape(std::vector<int64_t> &out);
  Error readValue(std::string_view key, NpyHeader &out);

  std::string_view rest;
  size_t whole, offset;
};
} // namespace

bool DictionaryReader::takeString(std::string_view &out) {
  skipSpace();
  if (rest.empty() || (rest.front() != '\'' && rest.front() != '"'))
    return false;
  size_t end = rest.find(rest.front(), 1);
  if (end == std::string_view::npos)
    return false;
  out = rest.substr(1, end - 1);
  rest.remove_prefix(end + 1);
  return out.find('\\') == std::string_view::npos;
}

Error DictionaryReader::readShape(std::vector<int64_t> &out) {
  constexpr size_t maxRank = 16;
  if (!take("("))
    return bad("expected a tuple as shape");
  while (!take(")")) {
    if (out.size() == maxRank)
      return bad("more than 16 axes");
    skipSpace();
    int64_t size;
    auto [end, status] =
        std::from_chars(rest.data(), rest.data() + rest.size(), size);
    if (status != std::errc() || size < 0)
      return bad("expected a size");
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    out.push_back(size);
    if (!take(",") && !rest.starts_with(')'))
      return bad("expected ',' or ')' after a size");
  }
  return Error::success();
}

Error DictionaryReader::readValue(std::string_view key, NpyHeader &out) {
  if (key == "shape")
    return readShape(out.shape);
  if (key == "fortran_order") {
    if (take("False"))
      return Error::success();
    if (take("True"))
      return bad("the array is in Fortran order; save "
                 "numpy.ascontiguousarray(x)");
    return bad("expected True or False");
  }
  if (key != "descr")
    return bad("unknown key '", key, "'");
  std::string_view descr;
  if (!takeString(descr))
    return bad("expected a plain element type");
  for (const NpyType &type : types)
    if (type.descr == descr) {
      out.type = &type;
      return Error::success();
    }
  // "<f2" and ">f4" are floats, "<i2" and "<u4" whole numbers.
  char kind = descr.size() > 1 ? descr[1] : 'O';
  return bad("element type '", descr, "' is not read",
             kind == 'f'                  ? castHint(MAEK_F32)
             : kind == 'i' || kind == 'u' ? castHint(MAEK_I32)
                                          : "; needed float32, float64, int32, "
                                            "int64, uint8 or bool");
}

Error DictionaryReader::read(NpyHeader &out) {
  constexpr std::string_view keys[] = {"descr", "fortran_order", "shape"};
  bool seen[std::size(keys)] = {};
  if (!take("{"))
    return bad("expected '{'");
  while (!take("}")) {
    std::string_view key;
    if (!takeString(key) || !take(":"))
      return bad("expected a key and ':'");
    if (Error error = readValue(key, out))
      return error;
    size_t which =
        static_cast<size_t>(std::find(keys, std::end(keys), key) - keys);
    if (which == std::size(keys))
      return bad("unknown key '", key, "'");
    if (std::exchange(seen[which], true))
      return bad("'", key, "' comes twice");
    if (!take(",") && !rest.starts_with('}'))
      return bad("expected ',' or '}' after a value");
  }
  for (size_t i = 0; i < std::size(keys); ++i)
    if (!seen[i])
      return bad("no '", keys[i], "'");
  skipSpace();
  return rest.empty() ? Error::success() : bad("text after the dictionary");
}

Expected<NpyHeader>
maek::runtime::readNpyHeader(std::span<const std::byte> start,
                             uint64_t fileSize) {
  std::string_view bytes(reinterpret_cast<const char *>(start.data()),
                         start.size());
  auto byteAt = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (bytes.size() < 10 || !bytes.starts_with(magic))
    return makeError(MAEK_BAD_FILE,
                     "not a .npy file: it does not begin with \\x93NUMPY");
  unsigned major = byteAt(6), minor = byteAt(7);
  if (major < 1 || major > 3 || minor != 0)
    return makeError(MAEK_BAD_FILE, "version ", major, '.', minor,
                     " of .npy is not read; needed 1.0, 2.0 or 3.0");
  size_t prefix = major == 1 ? 10 : 12;
  if (bytes.size() < prefix)
    return makeError(MAEK_BAD_FILE, "ends inside the header");
  uint64_t length = byteAt(8) | uint64_t{byteAt(9)} << 8;
  if (major > 1)
    length |= uint64_t{byteAt(10)} << 16 | uint64_t{byteAt(11)} << 24;
  if (length > maxNpyHeader - prefix)
    return makeError(MAEK_BAD_FILE, "the header has ", length,
                     " bytes, more than the permitted ", maxNpyHeader - prefix);
  if (length > bytes.size() - prefix)
    return makeError(MAEK_BAD_FILE, "the header has ", length,
                     " bytes, but only ", bytes.size() - prefix, " follow");
  NpyHeader header;
  if (Error error =
          DictionaryReader(bytes.substr(prefix, length), prefix).read(header))
    return error;
  header.dataOffset = prefix + length;
  std::optional<int64_t> needed = countElements(header.shape);
  if (needed)
    needed = multiplyChecked(*needed, static_cast<int64_t>(header.type->bytes));
  if (!needed)
    return makeError(MAEK_BAD_FILE, "shape ", shapeText(header.shape),
                     " is too large to address");
  uint64_t found = fileSize - header.dataOffset;
  if (static_cast<uint64_t>(*needed) != found)
    return makeError(MAEK_BAD_FILE, header.type->name, shapeText(header.shape),
                     " needs ", *needed, " bytes of data, found ", found);
  return header;
}

// int64 to int32, in place; the first that is too large is an error.
static Error narrow(std::vector<std::byte> &data) {
  size_t count = data.size() / sizeof(int64_t);
  for (size_t i = 0; i < count; ++i) {
    int64_t wide;
    std::memcpy(&wide, &data[i * sizeof(wide)], sizeof(wide));
    auto value = static_cast<int32_t>(wide);
    if (value != wide)
      return makeError(MAEK_BAD_FILE, wide, " at index ", i,
                       " does not fit into int32");
    std::memcpy(&data[i * sizeof(value)], &value, sizeof(value));
  }
  data.resize(count * sizeof(int32_t));
  return Error::success();
}

Expected<NpyArray> maek::runtime::readNpy(const std::string &path) {
  Expected<InputFile> file = InputFile::open(path);
  if (!file)
    return file.takeError();
  std::vector<std::byte> start(std::min(file->size(), maxNpyHeader));
  if (Error error = file->read(0, start))
    return error;
  Expected<NpyHeader> header = readNpyHeader(start, file->size());
  if (!header) {
    Error error = header.takeError();
    return makeError(error.code(), path, ": ", error.message());
  }
  const NpyType &type = *header->type;
  NpyArray array{
      type.dtype, std::move(header->shape), {}, type.bytes == 1, type.name};
  array.data.resize(file->size() - header->dataOffset);
  if (Error error = file->read(header->dataOffset, array.data))
    return error;
  if (type.name == "bool")
    widenBytes(array);
  if (type.name == "int64")
    if (Error error = narrow(array.data))
      return makeError(error.code(), path, ": ", error.message());
  return array;
}

bool maek::runtime::arePixels(const PortInfo &port) {
  constexpr size_t pictureRank = 3; // the batch, height, width
  return port.dtype != MAEK_I32 && port.shape.size() >= pictureRank;
}

Error maek::runtime::checkPixels(const std::string &path,
                                 const NpyArray &array) {
  if (array.data.empty() ||
      std::ranges::max(array.data) != std::byte{1}) // a picture may be black
    return Error::success();
  return makeError(MAEK_BAD_FILE, path,
                   ": has bytes of 0 and 1, which as pixels would stand for 0 "
                   "and 1/255; for numbers save x.astype(\"float32\")");
}

void maek::runtime::widenBytes(NpyArray &array) {
  std::vector<std::byte> wide(array.data.size() * sizeof(int32_t));
  for (size_t i = 0; i < array.data.size(); ++i) {
    auto value = static_cast<int32_t>(array.data[i]);
    std::memcpy(&wide[i * sizeof(value)], &value, sizeof(value));
  }
  array.data = std::move(wide);
  array.isBytes = false;
}

std::string maek::runtime::makeNpyHeader(maek_dtype_t dtype,
                                         std::span<const int64_t> shape) {
  std::string dictionary = text("{'descr': '", typeOf(dtype).descr,
                                "', 'fortran_order': False, 'shape': (");
  for (size_t i = 0; i < shape.size(); ++i)
    append(dictionary, text(i > 0 ? ", " : "", shape[i]));
  dictionary += shape.size() == 1 ? ",), }" : "), }";
  constexpr size_t prefix = 10, alignment = 64;
  size_t used = prefix + dictionary.size() + 1;
  dictionary.append((alignment - used % alignment) % alignment, ' ');
  dictionary += '\n';
  std::string header(magic);
  header += '\x01';
  header += '\x00';
  header += static_cast<char>(dictionary.size() & 0xff);
  header += static_cast<char>(dictionary.size() >> 8);
  return header + dictionary;
}
