// Part of Maek, under the MIT licence; see LICENSE.
// The safetensors reader against the attacks that loaders have fallen for, and
// against every small damage; the writer against the reader.
#include "runtime/core/Safetensors.h"
#include "Mutations.h"
#include "Scratch.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace maek::runtime;
using namespace maek::fake;

static std::string lengthOf(uint64_t value) {
  return {reinterpret_cast<const char *>(&value), sizeof(value)};
}

/// A file with that header and `bytes` bytes of data.
static std::string makeFile(const std::string &header, size_t bytes) {
  std::string data;
  for (size_t i = 0; i < bytes; ++i)
    data += static_cast<char>(i);
  return lengthOf(header.size()) + header + data;
}

/// Opens the content as a file and reads all its tensors. The message without
/// the path, or what was read.
static std::string load(const Scratch &scratch, const std::string &content) {
  std::string path = scratch / "x.safetensors";
  writeFile(path, content);
  Expected<SafetensorsFile> file = SafetensorsFile::open(path);
  if (!file) {
    Error error = file.takeError();
    EXPECT_TRUE(error.message().starts_with(path + ": ")) << error.message();
    return std::string(error.message().substr(path.size() + 2));
  }
  std::string out = "ok";
  for (const FileTensor &tensor : file->header().tensors) {
    std::string data(tensor.end - tensor.begin, '\0');
    if (Error error = file->read(tensor, data.data()))
      return std::string(error.message());
    out += text(' ', tensor.name, ' ', tensor.dtype, shapeText(tensor.shape),
                ' ', data.size());
  }
  return out;
}

static const std::string a =
    R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";

/// The same without a file.
static std::string parse(const std::string &content) {
  if (content.size() < 8)
    return "too short";
  std::span bytes = std::as_bytes(std::span(content.data(), content.size()));
  Expected<uint64_t> length =
      readHeaderLength(bytes.first<8>(), content.size());
  if (!length)
    return std::string(length.takeError().message());
  Expected<SafetensorsHeader> header = readSafetensorsHeader(
      std::string_view(content).substr(8, *length), content.size());
  return header ? "ok" : std::string(header.takeError().message());
}

TEST(Safetensors, WhatIsWrittenIsRead) {
  Scratch scratch;
  std::string path = scratch / "w.safetensors";
  float a[6] = {1, 2, 3, 4, 5, 6};
  double b = 7;
  int32_t c[1] = {8};
  int64_t aShape[] = {2, 3}, emptyShape[] = {0, 5}, cShape[] = {1};
  maek_tensor_t tensors[] = {{"a \"quoted\"\n", MAEK_F32, 2, aShape, a},
                             {"scalar", MAEK_F64, 0, nullptr, &b},
                             {"empty", MAEK_F32, 2, emptyShape, nullptr},
                             {"c", MAEK_I32, 1, cShape, c}};
  Error error = writeSafetensors(path, tensors, {{"key", "\\ \x01 ü"}});
  ASSERT_FALSE(error) << error.message();
  Expected<SafetensorsFile> file = SafetensorsFile::open(path);
  ASSERT_TRUE(file) << file.takeError().message();
  EXPECT_EQ(file->header().metadata, (Metadata{{"key", "\\ \x01 ü"}}));
  ASSERT_EQ(file->header().tensors.size(), 4u);
  const FileTensor *read = file->header().find("a \"quoted\"\n");
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->shape, (std::vector<int64_t>{2, 3}));
  float back[6];
  ASSERT_FALSE(file->read(*read, back));
  EXPECT_EQ(std::memcmp(back, a, sizeof(a)), 0);
  EXPECT_EQ(scratch.files(), std::vector<std::string>{"w.safetensors"});
}

/// What 16 bits of which so many are the exponent's stand for (IEEE 754).
static double numberOf(uint32_t bits, int exponentBits) {
  int fractionBits = 15 - exponentBits, most = (1 << exponentBits) - 1;
  int exponent = static_cast<int>(bits >> fractionBits) & most;
  int fraction = static_cast<int>(bits) & ((1 << fractionBits) - 1);
  int bias = most / 2;
  double size = exponent == most
                    ? (fraction ? NAN : HUGE_VAL)
                    : std::ldexp(fraction + (exponent ? 1 << fractionBits : 0),
                                 std::max(exponent, 1) - bias - fractionBits);
  return bits & 0x8000 ? -size : size;
}

template <typename To>
static void expectAllNumbers(const std::string &path, const char *dtype,
                             int exponentBits) {
  constexpr size_t count = 65536;
  std::string content =
      text(R"({"a":{"dtype":")", dtype,
           R"(","shape":[65536],"data_offsets":[0,131072]}})");
  content = lengthOf(content.size()) + content;
  for (size_t i = 0; i < count; ++i)
    content += {static_cast<char>(i & 255), static_cast<char>(i >> 8)};
  writeFile(path, content);
  Expected<SafetensorsFile> file = SafetensorsFile::open(path);
  ASSERT_TRUE(file) << file.takeError().message();
  TensorRead wanted{&file->header().tensors[0],
                    sizeof(To) == 4 ? MAEK_F32 : MAEK_F64};
  ASSERT_TRUE(canRead(dtype, wanted.dtype));
  Expected<Buffer> numbers = file->readAll({&wanted, 1});
  ASSERT_TRUE(numbers) << numbers.takeError().message();
  for (uint32_t i = 0; i < count; ++i) {
    double needed = numberOf(i, exponentBits), found = numbers->as<To>()[i];
    ASSERT_EQ(std::isnan(found), std::isnan(needed)) << dtype << ' ' << i;
    ASSERT_EQ(std::signbit(found), std::signbit(needed)) << dtype << ' ' << i;
    if (!std::isnan(needed))
      ASSERT_EQ(found, needed) << dtype << ' ' << i;
  }
}

TEST(Safetensors, NumbersOfSixteenBitsAreExact) {
  Scratch scratch;
  for (auto [dtype, exponentBits] : {std::pair("F16", 5), {"BF16", 8}}) {
    expectAllNumbers<float>(scratch / "a", dtype, exponentBits);
    expectAllNumbers<double>(scratch / "a", dtype, exponentBits);
  }
  EXPECT_FALSE(canRead("F16", MAEK_I32));
  EXPECT_FALSE(canRead("I32", MAEK_F32));
}

// All of Unicode as a vocabulary; what readers refuse is not written.
TEST(Safetensors, NothingIsWrittenThatCannotBeRead) {
  Scratch scratch;
  std::string path = scratch / "w.safetensors";
  float number = 1;
  maek_tensor_t tensor = {"a", MAEK_F32, 0, nullptr, &number};
  auto write = [&](const Metadata &metadata) {
    Error error = writeSafetensors(path, {&tensor, 1}, metadata);
    return std::string(error.message());
  };
  std::string symbols(4'400'000, 'x');
  EXPECT_EQ(write({{"symbols", symbols}}), "");
  Expected<SafetensorsFile> file = SafetensorsFile::open(path);
  ASSERT_TRUE(file) << file.takeError().message();
  EXPECT_EQ(*file->header().findMetadata("symbols"), symbols);
  std::string before = readFile(path);
  std::string why = "' is no UTF-8 or too long, so the file could not be read "
                    "again";
  EXPECT_EQ(write({{"a", "b"}, {"data", "caf\xe9"}}),
            path + ": metadata 'data" + why);
  EXPECT_EQ(write({{"symbols", std::string(9'000'000, 'x')}}),
            path + ": metadata 'symbols" + why);
  EXPECT_EQ(write({{"a", "b"}, {"a", "c"}}),
            path + ": the file could not be read again: __metadata__ has 'a' "
                   "twice");
  std::string name(1025, 'x');
  tensor.name = name.c_str();
  EXPECT_EQ(write({}), path + ": the file could not be read again: the header "
                              "has a name of more than 1024 bytes");
  EXPECT_EQ(readFile(path), before);
}

TEST(Safetensors, GoodFilesAreAccepted) {
  Scratch scratch;
  EXPECT_EQ(load(scratch, makeFile("{}", 0)), "ok");
  EXPECT_EQ(load(scratch, makeFile("{" + a + "}     ", 8)), "ok a F32[2] 8");
  EXPECT_EQ(
      load(scratch,
           makeFile(
               R"({"b":{"data_offsets":[8,10],"shape":[],"dtype":"BF16"},)" +
                   a + "}",
               10)),
      "ok a F32[2] 8 b BF16[] 2");
}

namespace {
struct Attack {
  const char *name;
  std::string header;
  size_t bytes;
  std::string message;
};
} // namespace

static std::string tensorA(const std::string &dtype, const std::string &shape,
                           const std::string &offsets) {
  return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape +
         R"(,"data_offsets":)" + offsets + "}}";
}

static const Attack attacks[] = {
    {"gap before", tensorA("F32", "[2]", "[4,12]"), 12,
     "tensor 'a' at bytes 4 to 12: there is a gap before it, which ends at 0"},
    {"overlap",
     "{" + a + R"(,"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 12,
     "tensor 'b' at bytes 4 to 12: it overlaps the one before, which ends at "
     "8"},
    {"data left over", "{" + a + "}", 12,
     "the last tensor ends at 8, but the file's data ends at 12"},
    {"data missing", "{" + a + "}", 4,
     "tensor 'a' at bytes 0 to 8: the file's data ends at 4"},
    {"end before begin", tensorA("F32", "[0]", "[8,0]"), 8,
     "tensor 'a' at bytes 8 to 0: it ends before it begins"},
    {"negative offset", tensorA("F32", "[2]", "[-8,0]"), 8,
     "tensor 'a' has an offset that is no count"},
    {"huge offset", tensorA("F32", "[2]", "[0,18446744073709551615]"), 8,
     "tensor 'a' has an offset that is no count"},
    {"three offsets", tensorA("F32", "[2]", "[0,8,8]"), 8,
     "tensor 'a' has data_offsets that are not two numbers"},
    {"fractional offset", tensorA("F32", "[2]", "[0,8.0]"), 8,
     "tensor 'a' has an offset that is no count"},
    {"shape larger than data", tensorA("F32", "[1000000]", "[0,8]"), 8,
     "tensor 'a' at bytes 0 to 8: F32[1000000] needs 4000000 bytes, found 8"},
    {"shape product wraps", tensorA("F32", "[4611686018427387904,4]", "[0,8]"),
     8,
     "tensor 'a' at bytes 0 to 8: shape [4611686018427387904, 4] is too large "
     "to address"},
    {"wrap hidden by zero",
     tensorA("F32", "[4611686018427387904,4,0]", "[0,0]"), 0,
     "tensor 'a' at bytes 0 to 0: shape [4611686018427387904, 4, 0] is too "
     "large to address"},
    {"negative size", tensorA("F32", "[-2]", "[0,8]"), 8,
     "tensor 'a' has a size that is no count"},
    {"too many axes",
     tensorA("F32", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,4]"), 4,
     "tensor 'a' has more than 16 axes"},
    {"too many offsets",
     tensorA("F32", "[1]", "[0,4,4,4,4,4,4,4,4,4,4,4,4,4,4,4,4]"), 4,
     "tensor 'a' has more offsets than two"},
    {"unknown dtype", tensorA("F128", "[2]", "[0,8]"), 8,
     "tensor 'a' has the unknown dtype 'F128'"},
    {"dtype is a number", R"({"a":{"dtype":3}})", 8,
     "tensor 'a' has a value of the wrong kind"},
    {"shape is an object", R"({"a":{"shape":{}}})", 8,
     "tensor 'a' has a value of the wrong kind"},
    {"tensor is an array", R"({"a":[]})", 8,
     "the header has a value of the wrong kind"},
    {"tensor is null", R"({"a":null})", 8,
     "the header has a value of the wrong kind"},
    {"no dtype", R"({"a":{"shape":[2],"data_offsets":[0,8]}})", 8,
     "tensor 'a' has no dtype"},
    {"no shape", R"({"a":{"dtype":"F32","data_offsets":[0,8]}})", 8,
     "tensor 'a' has no shape"},
    {"no offsets", R"({"a":{"dtype":"F32","shape":[2]}})", 8,
     "tensor 'a' has no data_offsets"},
    {"unknown key", R"({"a":{"dtype":"F32","evil":[]}})", 8,
     "tensor 'a' has the unknown key 'evil'"},
    {"key twice", R"({"a":{"dtype":"F32","dtype":"F32"}})", 8,
     "tensor 'a' has dtype twice"},
    {"tensor twice", "{" + a + "," + a + "}", 8, "tensor 'a' comes twice"},
    {"empty name", R"({"":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
     8, "a tensor has an empty name"},
    {"metadata twice", R"({"__metadata__":{},"__metadata__":{}})", 0,
     "the header has __metadata__ twice"},
    {"metadata no string", R"({"__metadata__":{"a":1}})", 0,
     "__metadata__ has a value of the wrong kind"},
    {"metadata nested", R"({"__metadata__":{"a":{}}})", 0,
     "__metadata__ has a value of the wrong kind"},
    {"metadata key twice", R"({"__metadata__":{"a":"1","a":"2"}})", 0,
     "__metadata__ has 'a' twice"},
    {"header no object", "[]", 0, "the header does not begin with '{'"},
    {"header begins with space", " {}", 0,
     "the header does not begin with '{'"},
    {"header of nothing", "", 0, "the header does not begin with '{'"},
    {"two values", "{}{}", 0, "malformed JSON at byte 2"},
    {"comment", "{/**/}", 0, "malformed JSON at byte 1"},
    {"invalid UTF-8", "{\"\xff\":1}", 0, "malformed JSON at byte 2"},
    {"not a number", R"({"a":{"shape":[NaN]}})", 0,
     "malformed JSON at byte 15"},
};

TEST(Safetensors, AttacksAreRefusedWithAReason) {
  Scratch scratch;
  for (const Attack &attack : attacks)
    EXPECT_EQ(load(scratch, makeFile(attack.header, attack.bytes)),
              attack.message)
        << attack.name;
}

TEST(Safetensors, LyingHeaderLengthsAreRefused) {
  Scratch scratch;
  EXPECT_EQ(load(scratch, ""), "not a safetensors file: it has 0 bytes, "
                               "needed at least 8");
  EXPECT_EQ(load(scratch, lengthOf(2)),
            "the header's length is 2, but only 0 bytes follow");
  for (uint64_t length : {uint64_t{1} << 31, uint64_t{1} << 63, UINT64_MAX})
    EXPECT_EQ(load(scratch, lengthOf(length) + "{}"),
              text("not a safetensors file: the header's length would be ",
                   length, ", more than the permitted 100000000"));
}

TEST(Safetensors, FilesOfTorchSaveAreNamed) {
  using namespace std::string_view_literals;
  Scratch scratch;
  for (auto [start, name] :
       {std::pair("PK\x03\x04\0\0\x08\x08\0\0"sv, "zip file"),
        {"PK\x03\x04\0\0\0\0\0\0"sv, "zip file"},
        {"\x80\x02\x8a\x0al\xfc\x9c\x46\xf9"sv, "pickle"},
        {"\x80\x04\x95\x1c\0\0\0\0\0\0\0\x7d"sv, "pickle"}})
    EXPECT_EQ(load(scratch, std::string(start)),
              text("not a safetensors file: a ", name,
                   ", as PyTorch's own torch.save writes; "
                   "safetensors.torch.save_file writes what is read here"));
}

TEST(Safetensors, BombsAreRefused) {
  Scratch scratch;
  std::string deep = R"({"a":)" + std::string(100'000, '[');
  EXPECT_EQ(load(scratch, makeFile(deep, 0)),
            "JSON at byte 36 is nested deeper than 32 levels");
  std::string longName = "{\"" + std::string(10'000'000, 'x') + "\":1}";
  EXPECT_EQ(load(scratch, makeFile(longName, 0)),
            "JSON token at byte 0 is longer than 8388608 bytes");
  std::string name = "{\"" + std::string(2000, 'x') + "\":1}";
  EXPECT_EQ(load(scratch, makeFile(name, 0)),
            "the header has a name of more than 1024 bytes");
  std::string many = "{";
  for (int i = 0; i <= 65'536; ++i)
    many += text(i > 0 ? "," : "", '"', i,
                 R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})");
  EXPECT_EQ(load(scratch, makeFile(many + "}", 0)),
            "the header has more than 65536 tensors");
}

TEST(Safetensors, EverySmallDamageIsRefusedOrHarmless) {
  std::string good = makeFile(
      R"({"__metadata__":{"k":"v"},)" + a +
          R"(,"b":{"dtype":"I32","shape":[1,1],"data_offsets":[8,12]}})",
      12);
  ASSERT_EQ(parse(good), "ok");
  int accepted = 0;
  forEachMutation(good, [&](const std::string &bad, const std::string &what) {
    std::string result = parse(bad);
    EXPECT_FALSE(result.empty()) << what;
    if (result != "ok")
      return;
    // Names, metadata and the data itself may differ; nothing else.
    ++accepted;
    EXPECT_EQ(bad.size(), good.size()) << what;
  });
  EXPECT_GT(accepted, 0);
}

TEST(Safetensors, FoldersAndMissingFilesAreRefused) {
  Scratch scratch;
  EXPECT_EQ(SafetensorsFile::open(scratch / "no").takeError().message(),
            scratch / "no" + ": cannot open: No such file or directory");
  EXPECT_EQ(SafetensorsFile::open(scratch.path()).takeError().message(),
            scratch.path() + ": not a regular file");
}
