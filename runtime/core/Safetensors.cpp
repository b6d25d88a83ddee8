// Part of Maek, under the MIT licence; see LICENSE.
// Reading and writing safetensors files. The checks are those of the format's
// own documentation and of the attacks that loaders have fallen for.
#include "runtime/core/Safetensors.h"
#include "runtime/core/Json.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

using namespace maek::runtime;

static_assert(std::endian::native == std::endian::little,
              "tensors are read and written as they lie in memory");

namespace {
constexpr uint64_t maxHeader = 100'000'000;
constexpr size_t maxTensors = 65'536, maxRank = 16, maxName = 1024;

/// Bytes of an element of the format's types, 0 if there is no such type.
int64_t elementSize(std::string_view dtype) {
  if (dtype == "F64" || dtype == "I64" || dtype == "U64")
    return 8;
  if (dtype == "F32" || dtype == "I32" || dtype == "U32")
    return 4;
  if (dtype == "F16" || dtype == "BF16" || dtype == "I16" || dtype == "U16")
    return 2;
  if (dtype == "I8" || dtype == "U8" || dtype == "BOOL" || dtype == "F8_E4M3" ||
      dtype == "F8_E5M2")
    return 1;
  return 0;
}

/// Hears the header. Levels: 0 outside, 1 in the header, 2 in a tensor or in
/// the metadata, 3 in an array of a tensor.
class HeaderListener : public JsonListener {
public:
  explicit HeaderListener(SafetensorsHeader &out) : out(out) {}

  Error start(Json::Kind kind) override;
  Error key(std::string &name) override;
  Error value(Json &value) override;
  Error end() override;

private:
  enum class Field { None, Dtype, Shape, Offsets };

  Error bad(std::string_view what) const {
    std::string where = "the header";
    if (level >= 2)
      where = inMetadata ? "__metadata__"
                         : text("tensor '", out.tensors.back().name, "'");
    return makeError(MAEK_BAD_FILE, where, ' ', what);
  }

  SafetensorsHeader &out;
  int level = 0;
  bool inMetadata = false, hasMetadata = false;
  std::string pending; ///< the key whose value comes next on level 1
  Field field = Field::None;
  bool hasDtype = false, hasShape = false, hasOffsets = false;
  std::vector<int64_t> numbers;
};
} // namespace

Error HeaderListener::start(Json::Kind kind) {
  bool wantsArray = level == 2 && !inMetadata &&
                    (field == Field::Shape || field == Field::Offsets);
  if (level > 2 || (kind == Json::Kind::Array) != wantsArray ||
      (level == 2 && !wantsArray))
    return bad(level == 0 ? "is no object" : "has a value of the wrong kind");
  ++level;
  if (level == 2) {
    inMetadata = pending == "__metadata__";
    hasMetadata |= inMetadata;
    if (!inMetadata) {
      out.tensors.emplace_back().name = std::move(pending);
      hasDtype = hasShape = hasOffsets = false;
    }
    field = Field::None;
  }
  numbers.clear();
  return Error::success();
}

Error HeaderListener::key(std::string &name) {
  if (name.size() > maxName)
    return bad("has a name of more than 1024 bytes");
  if (level == 1) {
    if (name == "__metadata__" && hasMetadata)
      return bad("has __metadata__ twice");
    if (out.tensors.size() == maxTensors)
      return bad("has more than 65536 tensors");
    pending = std::move(name);
    return Error::success();
  }
  if (inMetadata) {
    out.metadata.emplace_back(std::move(name), std::string());
    return Error::success();
  }
  auto take = [&](Field which, bool &has) {
    field = which;
    return std::exchange(has, true);
  };
  bool twice;
  if (name == "dtype")
    twice = take(Field::Dtype, hasDtype);
  else if (name == "shape")
    twice = take(Field::Shape, hasShape);
  else if (name == "data_offsets")
    twice = take(Field::Offsets, hasOffsets);
  else
    return bad(text("has the unknown key '", name, "'"));
  return twice ? bad(text("has ", name, " twice")) : Error::success();
}

Error HeaderListener::value(Json &value) {
  if (level == 3) {
    if (!value.isInteger() || value.integer < 0)
      return bad(field == Field::Shape ? "has a size that is no count"
                                       : "has an offset that is no count");
    if (numbers.size() == maxRank)
      return bad(field == Field::Shape ? "has more than 16 axes"
                                       : "has more offsets than two");
    numbers.push_back(value.integer);
    return Error::success();
  }
  if (level == 0)
    return bad("is no object");
  bool fits =
      level == 2 && value.isString() && (inMetadata || field == Field::Dtype);
  if (!fits)
    return bad("has a value of the wrong kind");
  if (inMetadata) {
    out.metadata.back().second = std::move(value.string);
    return Error::success();
  }
  if (elementSize(value.string) == 0)
    return bad(text("has the unknown dtype '", value.string, "'"));
  out.tensors.back().dtype = std::move(value.string);
  return Error::success();
}

Error HeaderListener::end() {
  if (level == 3) {
    FileTensor &tensor = out.tensors.back();
    if (field == Field::Shape) {
      tensor.shape = numbers;
    } else {
      if (numbers.size() != 2)
        return bad("has data_offsets that are not two numbers");
      tensor.begin = static_cast<uint64_t>(numbers[0]);
      tensor.end = static_cast<uint64_t>(numbers[1]);
    }
  } else if (level == 2 && !inMetadata) {
    if (!hasDtype || !hasShape || !hasOffsets)
      return bad(text("has no ", !hasDtype   ? "dtype"
                                 : !hasShape ? "shape"
                                             : "data_offsets"));
  }
  --level;
  return Error::success();
}

const FileTensor *SafetensorsHeader::find(std::string_view name) const {
  for (const FileTensor &tensor : tensors)
    if (tensor.name == name)
      return &tensor;
  return nullptr;
}

const std::string *SafetensorsHeader::findMetadata(std::string_view key) const {
  for (const auto &[name, value] : metadata)
    if (name == key)
      return &value;
  return nullptr;
}

// What torch.save writes, or wrote up to PyTorch 1.5; empty for neither.
static std::string_view nameTorchFile(std::span<const std::byte, 8> start) {
  std::string_view bytes(reinterpret_cast<const char *>(start.data()),
                         start.size());
  if (bytes.starts_with("PK\x03\x04"))
    return "zip file";
  if (bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5)
    return "pickle";
  return "";
}

Expected<uint64_t>
maek::runtime::readHeaderLength(std::span<const std::byte, 8> bytes,
                                uint64_t fileSize) {
  uint64_t length;
  std::memcpy(&length, bytes.data(), sizeof(length));
  std::string_view torch = nameTorchFile(bytes);
  if ((length > maxHeader || length > fileSize - 8) && !torch.empty())
    return makeError(MAEK_BAD_FILE, "not a safetensors file: a ", torch,
                     ", as PyTorch's own torch.save writes; "
                     "safetensors.torch.save_file writes what is read here");
  if (length > maxHeader)
    return makeError(MAEK_BAD_FILE,
                     "not a safetensors file: the header's length would be ",
                     length, ", more than the permitted ", maxHeader);
  if (length > fileSize - 8)
    return makeError(MAEK_BAD_FILE, "the header's length is ", length,
                     ", but only ", fileSize - 8, " bytes follow");
  return length;
}

static Error checkNames(const SafetensorsHeader &header) {
  auto findDuplicate = [](std::vector<std::string_view> names) {
    std::sort(names.begin(), names.end());
    auto at = std::adjacent_find(names.begin(), names.end());
    return at == names.end() ? std::string_view() : *at;
  };
  std::vector<std::string_view> names, keys;
  for (const FileTensor &tensor : header.tensors) {
    if (tensor.name.empty())
      return makeError(MAEK_BAD_FILE, "a tensor has an empty name");
    names.push_back(tensor.name);
  }
  for (const auto &[key, value] : header.metadata) {
    if (key.empty())
      return makeError(MAEK_BAD_FILE, "__metadata__ has an empty key");
    keys.push_back(key);
  }
  if (std::string_view name = findDuplicate(std::move(names)); !name.empty())
    return makeError(MAEK_BAD_FILE, "tensor '", name, "' comes twice");
  if (std::string_view key = findDuplicate(std::move(keys)); !key.empty())
    return makeError(MAEK_BAD_FILE, "__metadata__ has '", key, "' twice");
  return Error::success();
}

// No gap, no overlap, nothing left over: a file has one meaning only.
static Error checkOffsets(SafetensorsHeader &header, uint64_t dataSize) {
  std::stable_sort(header.tensors.begin(), header.tensors.end(),
                   [](const FileTensor &a, const FileTensor &b) {
                     return std::pair(a.begin, a.end) <
                            std::pair(b.begin, b.end);
                   });
  uint64_t at = 0;
  for (const FileTensor &tensor : header.tensors) {
    auto bad = [&](const auto &...parts) {
      return makeError(MAEK_BAD_FILE, "tensor '", tensor.name, "' at bytes ",
                       tensor.begin, " to ", tensor.end, ": ", parts...);
    };
    if (tensor.begin > tensor.end)
      return bad("it ends before it begins");
    if (tensor.end > dataSize)
      return bad("the file's data ends at ", dataSize);
    if (tensor.begin != at)
      return bad(tensor.begin < at ? "it overlaps the one before"
                                   : "there is a gap before it",
                 ", which ends at ", at);
    std::optional<int64_t> bytes = countElements(tensor.shape);
    if (bytes)
      bytes = multiplyChecked(*bytes, elementSize(tensor.dtype));
    if (!bytes)
      return bad("shape ", shapeText(tensor.shape), " is too large to address");
    if (static_cast<uint64_t>(*bytes) != tensor.end - tensor.begin)
      return bad(tensor.dtype, shapeText(tensor.shape), " needs ", *bytes,
                 " bytes, found ", tensor.end - tensor.begin);
    at = tensor.end;
  }
  if (at != dataSize)
    return makeError(MAEK_BAD_FILE, "the last tensor ends at ", at,
                     ", but the file's data ends at ", dataSize);
  return Error::success();
}

Expected<SafetensorsHeader>
maek::runtime::readSafetensorsHeader(std::string_view json, uint64_t fileSize) {
  SafetensorsHeader header;
  header.dataOffset = 8 + json.size();
  if (json.empty() || json.front() != '{')
    return makeError(MAEK_BAD_FILE, "the header does not begin with '{'");
  // Writers pad with spaces; they need no parsing.
  json = json.substr(0, json.find_last_not_of(' ') + 1);
  HeaderListener listener(header);
  if (Error error = readJson(json, listener))
    return error;
  if (Error error = checkNames(header))
    return error;
  if (Error error = checkOffsets(header, fileSize - header.dataOffset))
    return error;
  return header;
}

static Error prefix(const std::string &path, const Error &error) {
  return makeError(error.code(), path, ": ", error.message());
}

Expected<SafetensorsFile> SafetensorsFile::open(const std::string &path) {
  Expected<InputFile> file = InputFile::open(path);
  if (!file)
    return file.takeError();
  if (file->size() < 8)
    return makeError(MAEK_BAD_FILE, path, ": not a safetensors file: it has ",
                     file->size(), " bytes, needed at least 8");
  std::byte first[8];
  if (Error error = file->read(0, first))
    return error;
  Expected<uint64_t> length = readHeaderLength(first, file->size());
  if (!length)
    return prefix(path, length.takeError());
  std::string json(*length, '\0');
  if (Error error = file->read(8, std::as_writable_bytes(std::span(json))))
    return error;
  Expected<SafetensorsHeader> header =
      readSafetensorsHeader(json, file->size());
  if (!header)
    return prefix(path, header.takeError());
  return SafetensorsFile(std::move(*file), std::move(*header));
}

Error SafetensorsFile::read(const FileTensor &tensor, void *out) const {
  return file.read(content.dataOffset + tensor.begin,
                   {static_cast<std::byte *>(out), tensor.end - tensor.begin});
}

namespace {
/// Numbers of 16 bits, which are exact in more. binary16 of IEEE 754: 5 bits of
/// exponent, 10 of fraction.
struct Half {
  uint16_t bits;
  explicit operator float() const {
    uint32_t sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 31u,
             fraction = bits & 1023u;
    if (exponent == 0) { // below the smallest normal number
      float size = static_cast<float>(fraction) * 0x1p-24f;
      return sign ? -size : size;
    }
    exponent = exponent == 31 ? 255 : exponent + 127 - 15;
    return std::bit_cast<float>(sign | exponent << 23 | fraction << 13);
  }
};
/// The upper half of a binary32.
struct BFloat {
  uint16_t bits;
  explicit operator float() const {
    return std::bit_cast<float>(uint32_t{bits} << 16);
  }
};
} // namespace

// False if a finite number is not finite any more.
template <typename From, typename To>
static bool convertAll(const std::vector<char> &from, char *to) {
  for (size_t i = 0; i < from.size() / sizeof(From); ++i) {
    From bits;
    std::memcpy(&bits, &from[i * sizeof(bits)], sizeof(bits));
    auto value =
        static_cast<std::conditional_t<sizeof(From) == 2, float, From>>(bits);
    auto other = static_cast<To>(value);
    if (std::isfinite(value) && !std::isfinite(other))
      return false;
    std::memcpy(to + i * sizeof(other), &other, sizeof(other));
  }
  return true;
}

template <typename To>
static bool convert(std::string_view dtype, const std::vector<char> &from,
                    char *to) {
  if (dtype == "F64")
    return convertAll<double, To>(from, to);
  if (dtype == "F32")
    return convertAll<float, To>(from, to);
  return dtype == "F16" ? convertAll<Half, To>(from, to)
                        : convertAll<BFloat, To>(from, to);
}

bool maek::runtime::canRead(std::string_view dtype, maek_dtype_t needed) {
  if (needed == MAEK_I32)
    return dtype == safetensorsName(needed);
  return dtype == "F64" || dtype == "F32" || dtype == "F16" || dtype == "BF16";
}

Error SafetensorsFile::readAs(const TensorRead &wanted, char *out) const {
  const FileTensor &tensor = *wanted.tensor;
  if (tensor.dtype == safetensorsName(wanted.dtype))
    return read(tensor, out);
  std::vector<char> content(tensor.end - tensor.begin);
  if (Error error = read(tensor, content.data()))
    return error;
  if (wanted.dtype == MAEK_F64 ? convert<double>(tensor.dtype, content, out)
                               : convert<float>(tensor.dtype, content, out))
    return Error::success();
  return makeError(MAEK_BAD_FILE, path(), ": tensor '", tensor.name,
                   "' has a number that is too large for ",
                   safetensorsName(wanted.dtype));
}

static int64_t sizeOf(const TensorRead &wanted) {
  return *countBytes(wanted.tensor->shape, wanted.dtype);
}

Expected<Buffer>
SafetensorsFile::readAll(std::span<const TensorRead> tensors) const {
  int64_t total = 0;
  for (const TensorRead &wanted : tensors)
    total += sizeOf(wanted);
  Buffer bytes;
  if (Error error = bytes.reserve(total, path()))
    return error;
  char *at = bytes.as<char>();
  for (const TensorRead &wanted : tensors) {
    if (Error error = readAs(wanted, at))
      return error;
    at += sizeOf(wanted);
  }
  return bytes;
}

Error SafetensorsFile::readInto(std::span<const TensorRead> tensors,
                                std::span<void *const> places) const {
  Expected<Buffer> bytes = readAll(tensors);
  if (!bytes)
    return bytes.takeError();
  const char *at = bytes->as<char>();
  for (size_t i = 0; i < tensors.size(); ++i) {
    auto size = static_cast<size_t>(sizeOf(tensors[i]));
    std::memcpy(places[i], at, size);
    at += size;
  }
  return Error::success();
}

const char *maek::runtime::safetensorsName(maek_dtype_t dtype) {
  switch (dtype) {
  case MAEK_F32:
    return "F32";
  case MAEK_F64:
    return "F64";
  case MAEK_I32:
    return "I32";
  }
  return "";
}

// What readers refuse is not written.
static Error checkReadable(const std::string &path, std::string_view json,
                           int64_t dataSize, const Metadata &metadata) {
  if (json.size() > maxHeader)
    return makeError(MAEK_INVALID_ARGUMENT, path,
                     ": the header would be too long");
  Expected<SafetensorsHeader> header = readSafetensorsHeader(
      json, 8 + json.size() + static_cast<uint64_t>(dataSize));
  if (header)
    return Error::success();
  for (const auto &[key, value] : metadata)
    if (!parseJson(quoteJson(value)))
      return makeError(MAEK_INVALID_ARGUMENT, path, ": metadata '", key,
                       "' is no UTF-8 or too long, so the file could not be "
                       "read again");
  return makeError(
      MAEK_INVALID_ARGUMENT, path,
      ": the file could not be read again: ", header.takeError().message());
}

static std::span<const int64_t> shapeOf(const maek_tensor_t &tensor) {
  return {tensor.shape, static_cast<size_t>(tensor.rank)};
}

Expected<std::string>
maek::runtime::makeSafetensorsHeader(const std::string &path,
                                     std::span<const maek_tensor_t> tensors,
                                     const Metadata &metadata) {
  std::string json = "{";
  if (!metadata.empty()) {
    json += "\"__metadata__\":{";
    for (const auto &[key, value] : metadata) {
      if (&key != &metadata.front().first)
        json += ',';
      json += quoteJson(key) + ':' + quoteJson(value);
    }
    json += '}';
  }
  int64_t at = 0;
  for (const maek_tensor_t &tensor : tensors) {
    std::optional<int64_t> bytes = countBytes(shapeOf(tensor), tensor.dtype);
    std::optional<int64_t> end = bytes ? addChecked(at, *bytes) : bytes;
    if (!end)
      return makeError(MAEK_INVALID_ARGUMENT, path, ": tensor '", tensor.name,
                       "' is too large to address");
    json += text(json.size() > 1 ? "," : "", quoteJson(tensor.name),
                 ":{\"dtype\":\"", safetensorsName(tensor.dtype),
                 "\",\"shape\":", shapeText(shapeOf(tensor)),
                 ",\"data_offsets\":[", at, ',', *end, "]}");
    at = *end;
  }
  json += '}';
  json.append((8 - json.size() % 8) % 8, ' ');
  if (Error error = checkReadable(path, json, at, metadata))
    return error;
  return json;
}

Error maek::runtime::writeSafetensors(const std::string &path,
                                      std::span<const maek_tensor_t> tensors,
                                      const Metadata &metadata) {
  Expected<std::string> json = makeSafetensorsHeader(path, tensors, metadata);
  if (!json)
    return json.takeError();
  Expected<AtomicFile> file = AtomicFile::create(path);
  if (!file)
    return file.takeError();
  uint64_t length = json->size();
  if (Error error = file->write(&length, sizeof(length)))
    return error;
  if (Error error = file->write(*json))
    return error;
  for (const maek_tensor_t &tensor : tensors)
    if (Error error = file->write(
            tensor.data,
            static_cast<size_t>(*countBytes(shapeOf(tensor), tensor.dtype))))
      return error;
  return file->commit();
}
