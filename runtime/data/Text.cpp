// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/data/Text.h"
#include "runtime/core/Files.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace maek::runtime;

static constexpr const char *unitKey = "maek.text.unit";
static constexpr const char *symbolsKey = "maek.text.symbols";
static constexpr int64_t numBytes = 256;

//===----------------------------------------------------------------------===//
// UTF-8
//===----------------------------------------------------------------------===//

// How many bytes the character takes that begins with `lead`; 0 for none.
static size_t lengthOf(unsigned char lead) {
  return lead < 0x80             ? 1
         : (lead & 0xe0) == 0xc0 ? 2
         : (lead & 0xf0) == 0xe0 ? 3
         : (lead & 0xf8) == 0xf0 ? 4
                                 : 0;
}

// Takes the first character off `text`; nothing if it is no UTF-8: cut short,
// longer than need be, a surrogate or beyond Unicode.
static std::optional<uint32_t> takeCharacter(std::string_view &text) {
  constexpr uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t length = lengthOf(static_cast<unsigned char>(text[0]));
  if (length == 0 || length > text.size())
    return std::nullopt;
  uint32_t code = static_cast<unsigned char>(text[0]);
  if (length > 1)
    code &= 0x7fu >> length;
  for (size_t i = 1; i < length; ++i) {
    auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80)
      return std::nullopt;
    code = code << 6 | (next & 0x3fu);
  }
  if (code < least[length] || code > 0x10ffff ||
      (code >= 0xd800 && code < 0xe000))
    return std::nullopt;
  text.remove_prefix(length);
  return code;
}

static std::string toUtf8(uint32_t code) {
  auto byte = [](uint32_t bits) { return static_cast<char>(bits); };
  auto next = [&](int shift) { return byte(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80)
    return {byte(code)};
  if (code < 0x800)
    return {byte(0xc0 | code >> 6), next(0)};
  if (code < 0x10000)
    return {byte(0xe0 | code >> 12), next(6), next(0)};
  return {byte(0xf0 | code >> 18), next(12), next(6), next(0)};
}

// Which line the byte `at` of `text` stands in, from 1.
static int64_t lineOf(std::string_view text, size_t at) {
  return 1 + std::count(text.begin(),
                        text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
}

static Expected<std::vector<uint32_t>> decodeAll(std::string_view text,
                                                 std::string_view where) {
  std::vector<uint32_t> codes;
  codes.reserve(text.size());
  for (std::string_view rest = text; !rest.empty();) {
    size_t at = text.size() - rest.size();
    std::optional<uint32_t> code = takeCharacter(rest);
    if (!code)
      return makeError(MAEK_BAD_FILE, where, ": line ", lineOf(text, at),
                       ": byte ", at, " is no UTF-8");
    codes.push_back(*code);
  }
  return codes;
}

//===----------------------------------------------------------------------===//
// Vocabulary
//===----------------------------------------------------------------------===//

Vocabulary Vocabulary::ofBytes() {
  Vocabulary vocabulary;
  vocabulary.bytes = true;
  return vocabulary;
}

Expected<Vocabulary> Vocabulary::ofCharacters(std::string_view text,
                                              std::string_view where) {
  Expected<std::vector<uint32_t>> codes = decodeAll(text, where);
  if (!codes)
    return codes.takeError();
  Vocabulary vocabulary;
  vocabulary.characters = std::move(*codes);
  std::vector<uint32_t> &characters = vocabulary.characters;
  std::sort(characters.begin(), characters.end());
  characters.erase(std::unique(characters.begin(), characters.end()),
                   characters.end());
  characters.shrink_to_fit();
  return vocabulary;
}

int64_t Vocabulary::size() const {
  return bytes ? numBytes : static_cast<int64_t>(characters.size());
}

Metadata Vocabulary::describe() const {
  if (bytes)
    return {{unitKey, "bytes"}};
  std::string symbols;
  for (uint32_t code : characters)
    symbols += toUtf8(code);
  return {{unitKey, "characters"}, {symbolsKey, symbols}};
}

Expected<std::optional<Vocabulary>> Vocabulary::read(const Metadata &metadata,
                                                     const std::string &path) {
  std::string unit, symbols;
  for (const auto &[key, value] : metadata) {
    if (key == unitKey)
      unit = value;
    else if (key == symbolsKey)
      symbols = value;
  }
  if (unit.empty())
    return std::optional<Vocabulary>();
  if (unit == "bytes")
    return std::optional(ofBytes());
  Expected<Vocabulary> vocabulary =
      ofCharacters(symbols, text(path, ": metadata '", symbolsKey, "'"));
  if (!vocabulary)
    return vocabulary.takeError();
  if (unit != "characters" || vocabulary->size() == 0)
    return makeError(MAEK_BAD_FILE, path, ": metadata '",
                     unit == "characters" ? symbolsKey : unitKey,
                     "' is damaged");
  return std::optional(std::move(*vocabulary));
}

Expected<std::vector<int32_t>>
Vocabulary::encode(std::string_view text, std::string_view where) const {
  std::vector<int32_t> symbols;
  if (bytes) {
    for (char byte : text)
      symbols.push_back(static_cast<unsigned char>(byte));
    return symbols;
  }
  Expected<std::vector<uint32_t>> codes = decodeAll(text, where);
  if (!codes)
    return codes.takeError();
  symbols.reserve(codes->size());
  for (uint32_t code : *codes) {
    auto at = std::lower_bound(characters.begin(), characters.end(), code);
    if (at == characters.end() || *at != code)
      return makeError(MAEK_BAD_FILE, where, ": the character '", toUtf8(code),
                       "' is none of the ", characters.size(),
                       " that the weights know");
    symbols.push_back(static_cast<int32_t>(at - characters.begin()));
  }
  return symbols;
}

std::string Vocabulary::decode(int32_t symbol) const {
  if (bytes)
    return {static_cast<char>(symbol)};
  return toUtf8(characters[static_cast<size_t>(symbol)]);
}

//===----------------------------------------------------------------------===//
// The data set
//===----------------------------------------------------------------------===//

namespace {
/// The arguments of the data set.
struct TextSpec {
  std::string file, unit;
  int64_t length = 0, stride = 0;
  double split = 0;
};
} // namespace

static Expected<TextSpec> readSpec(const DataSpec &spec,
                                   const std::string &folder) {
  constexpr int64_t usualLength = 128;
  constexpr double usualSplit = 0.1;
  TextSpec wanted;
  wanted.file = spec.string("file");
  wanted.length = spec.count("length", usualLength);
  wanted.stride = spec.count("stride", wanted.length);
  wanted.split = spec.fraction("split", usualSplit);
  wanted.unit = spec.string("unit", "characters");
  if (wanted.unit != "characters" && wanted.unit != "bytes")
    return makeError(MAEK_INVALID_ARGUMENT,
                     "data set 'text': 'unit' must be "
                     "characters or bytes, found '",
                     wanted.unit, "'");
  if (!folder.empty() && !wanted.file.starts_with('/'))
    wanted.file = folder + '/' + wanted.file;
  return wanted;
}

// The input that takes the text, if it says how many classes it has.
static Error checkClasses(const EntryInfo &entry, const Vocabulary &vocabulary,
                          const TextSpec &spec) {
  int64_t size = vocabulary.size();
  for (const PortInfo &port : entry.arguments)
    if ((port.role == Role::Input || port.role == Role::Target) &&
        port.classes > 0 && port.classes < size)
      return makeError(
          MAEK_BAD_FILE, spec.file,
          vocabulary.isBytes() ? ": as bytes has " : ": has ", size,
          vocabulary.isBytes() ? " classes; " : " different characters; ",
          roleName(port.role), " '", port.name, "' has ", port.classes,
          " classes");
  return Error::success();
}

// Windows of `length` symbols, and the same one place further. None is copied
// before it is in a batch: of a short stride they would be many times the text.
static Dataset cutWindows(std::span<const int32_t> symbols,
                          const TextSpec &spec) {
  Dataset data;
  auto size = static_cast<int64_t>(symbols.size());
  data.count = (size - 1 - spec.length) / spec.stride + 1;
  for (const char *name : {"text", "next"}) {
    Column &column = data.columns.emplace_back();
    column = {
        name, spec.file, Role::Input, Column::Storage::I32, {spec.length}};
    column.stride = spec.stride;
  }
  Column &text = data.columns[0], &next = data.columns[1];
  next.role = Role::Target;
  next.offset = 1;
  next.data = text.data;
  text.data->resize(symbols.size_bytes());
  std::memcpy(text.data->data(), symbols.data(), symbols.size_bytes());
  return data;
}

Expected<Dataset> maek::runtime::loadText(const DataSpec &spec,
                                          const std::string &folder,
                                          Split split, const EntryInfo &entry,
                                          const Vocabulary *known) {
  Expected<TextSpec> wanted = readSpec(spec, folder);
  if (!wanted)
    return wanted.takeError();
  Expected<std::vector<std::byte>> content = InputFile::readAll(wanted->file);
  if (!content)
    return content.takeError();
  std::string_view all(reinterpret_cast<const char *>(content->data()),
                       content->size());
  Expected<Vocabulary> own = wanted->unit == "bytes"
                                 ? Vocabulary::ofBytes()
                                 : Vocabulary::ofCharacters(all, wanted->file);
  if (!own) {
    Error error = own.takeError();
    return makeError(error.code(), error.message(),
                     "; unit = bytes takes any file");
  }
  const Vocabulary &vocabulary = known ? *known : *own;
  if (Error error = checkClasses(entry, vocabulary, *wanted))
    return error;
  Expected<std::vector<int32_t>> symbols = vocabulary.encode(all, wanted->file);
  if (!symbols)
    return symbols.takeError();
  auto size = static_cast<double>(symbols->size());
  auto first = static_cast<size_t>(std::floor(size * (1 - wanted->split)));
  std::span<const int32_t> part(*symbols);
  part = split == Split::Train ? part.first(first) : part.subspan(first);
  if (part.size() <= static_cast<size_t>(wanted->length))
    return makeError(MAEK_BAD_FILE, wanted->file, ": has ", symbols->size(),
                     ' ', wanted->unit, ", ", part.size(), " of them for ",
                     split == Split::Train ? "training" : "evaluation",
                     "; length = ", wanted->length, " needs ",
                     wanted->length + 1);
  Dataset data = cutWindows(part, *wanted);
  data.about = vocabulary.describe();
  return data;
}
