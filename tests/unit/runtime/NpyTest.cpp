// Part of Maek, under the MIT licence; see LICENSE.
// The .npy reader: headers as NumPy writes them, and everything else refused.
#include "runtime/data/Npy.h"
#include "Mutations.h"
#include "Scratch.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace maek::runtime;
using namespace maek::fake;

static std::string makeFile(const std::string &dictionary, size_t bytes,
                            char major = 1) {
  std::string out = "\x93NUMPY";
  out += major;
  out += '\0';
  out += static_cast<char>(dictionary.size());
  out += static_cast<char>(dictionary.size() >> 8);
  if (major > 1)
    out += std::string(2, '\0');
  return out + dictionary + std::string(bytes, 'x');
}

static std::string load(const Scratch &scratch, const std::string &content) {
  std::string path = scratch / "x.npy";
  writeFile(path, content);
  Expected<NpyArray> array = readNpy(path);
  if (array) {
    EXPECT_EQ(static_cast<int64_t>(array->data.size()),
              *countBytes(array->shape, array->dtype));
    return text("ok ", dtypeName(array->dtype), shapeText(array->shape));
  }
  Error error = array.takeError();
  EXPECT_TRUE(error.message().starts_with(path + ": ")) << error.message();
  return std::string(error.message().substr(path.size() + 2));
}

TEST(Npy, WhatIsWrittenIsRead) {
  Scratch scratch;
  for (std::vector<int64_t> shape : std::vector<std::vector<int64_t>>{
           {}, {7}, {0}, {3, 4}, {2, 0, 5}, {1, 2, 3, 4, 5}})
    for (maek_dtype_t dtype : {MAEK_F32, MAEK_F64, MAEK_I32}) {
      std::string header = makeNpyHeader(dtype, shape);
      EXPECT_EQ(header.size() % 64, 0u);
      auto bytes = static_cast<size_t>(*countBytes(shape, dtype));
      EXPECT_EQ(load(scratch, header + std::string(bytes, 'x')),
                text("ok ", dtypeName(dtype), shapeText(shape)));
    }
}

TEST(Npy, OtherVersionsAndSpellingsAreRead) {
  Scratch scratch;
  std::string dictionary =
      R"({"shape":(2,),"descr":"<f4",'fortran_order':False})";
  for (char major : {1, 2, 3})
    EXPECT_EQ(load(scratch, makeFile(dictionary + "  \n", 8, major)),
              "ok f32[2]");
}

static std::vector<int32_t> readIntegers(const NpyArray &array) {
  EXPECT_EQ(array.data.size() % sizeof(int32_t), 0u);
  std::vector<int32_t> numbers(array.data.size() / sizeof(int32_t));
  std::memcpy(numbers.data(), array.data.data(),
              numbers.size() * sizeof(int32_t));
  return numbers;
}

// NumPy's whole numbers are int64.
TEST(Npy, WideIntegersAreNarrowed) {
  Scratch scratch;
  auto makeWide = [](std::vector<int64_t> values) {
    std::string size = std::to_string(values.size());
    return makeFile("{'descr': '<i8', 'fortran_order': False, 'shape': (" +
                        size + ",), }\n",
                    0) +
           std::string(reinterpret_cast<const char *>(values.data()),
                       values.size() * sizeof(int64_t));
  };
  writeFile(scratch / "wide.npy", makeWide({3, -1, INT32_MIN, INT32_MAX}));
  Expected<NpyArray> array = readNpy(scratch / "wide.npy");
  ASSERT_TRUE(array) << array.takeError().message();
  EXPECT_EQ(array->dtype, MAEK_I32);
  EXPECT_EQ(array->shape, std::vector<int64_t>{4});
  EXPECT_EQ(readIntegers(*array),
            (std::vector<int32_t>{3, -1, INT32_MIN, INT32_MAX}));
  EXPECT_EQ(load(scratch, makeWide({})), "ok i32[0]");
  EXPECT_EQ(load(scratch, makeWide({0, int64_t{1} << 31})),
            "2147483648 at index 1 does not fit into int32");
  EXPECT_EQ(load(scratch, makeWide({1, 2}) + "x"),
            "int64[2] needs 16 bytes of data, found 17");
}

// What they stand for, only the port that takes them says.
TEST(Npy, BytesStayBytes) {
  Scratch scratch;
  std::string path = scratch / "x.npy";
  std::string header =
      "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n";
  writeFile(path, makeFile(header, 0) + std::string("\x00\x07\xff", 3));
  Expected<NpyArray> array = readNpy(path);
  ASSERT_TRUE(array) << array.takeError().message();
  EXPECT_TRUE(array->isBytes);
  EXPECT_EQ(array->data.size(), 3u);
  widenBytes(*array);
  EXPECT_FALSE(array->isBytes);
  EXPECT_EQ(readIntegers(*array), (std::vector<int32_t>{0, 7, 255}));
  EXPECT_EQ(load(scratch, makeFile(header, 4)),
            "uint8[3] needs 3 bytes of data, found 4");
}

TEST(Npy, TruthIsOne) {
  Scratch scratch;
  std::string path = scratch / "x.npy";
  std::string header =
      "{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }\n";
  writeFile(path, makeFile(header, 0) + std::string("\x00\x01", 2));
  Expected<NpyArray> array = readNpy(path);
  ASSERT_TRUE(array) << array.takeError().message();
  EXPECT_EQ(array->type, "bool");
  EXPECT_EQ(array->dtype, MAEK_I32);
  EXPECT_EQ(readIntegers(*array), (std::vector<int32_t>{0, 1}));
}

TEST(Npy, EverythingElseIsRefusedWithAReason) {
  Scratch scratch;
  auto dictionary = [](const std::string &descr, const std::string &fortran,
                       const std::string &shape) {
    return "{'descr': " + descr + ", 'fortran_order': " + fortran +
           ", 'shape': " + shape + ", }\n";
  };
  struct {
    std::string content, message;
  } cases[] = {
      {"", "not a .npy file: it does not begin with \\x93NUMPY"},
      {"PK\x03\x04 some zip file", "not a .npy file: it does not begin with "
                                   "\\x93NUMPY"},
      {makeFile("{}", 0, 4),
       "version 4.0 of .npy is not read; needed 1.0, 2.0 or 3.0"},
      {std::string("\x93NUMPY\x02\x00\xff\xff", 10), "ends inside the header"},
      {std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff{}", 14),
       "the header has 4294967295 bytes, more than the permitted 65524"},
      {std::string("\x93NUMPY\x01\x00\x40\x00{}", 12),
       "the header has 64 bytes, but only 2 follow"},
      {makeFile(dictionary("'<f2'", "False", "(2,)"), 4),
       "header at byte 25: element type '<f2' is not read; save "
       "x.astype(\"float32\")"},
      {makeFile(dictionary("'<u2'", "False", "(2,)"), 4),
       "header at byte 25: element type '<u2' is not read; save "
       "x.astype(\"int32\")"},
      {makeFile(dictionary("'>f4'", "False", "(2,)"), 8),
       "header at byte 25: element type '>f4' is not read; save "
       "x.astype(\"float32\")"},
      {makeFile(dictionary("''", "False", "(2,)"), 4),
       "header at byte 22: element type '' is not read; needed float32, "
       "float64, int32, int64, uint8 or bool"},
      {makeFile(dictionary("'|O'", "False", "(2,)"), 8),
       "header at byte 24: element type '|O' is not read; needed float32, "
       "float64, int32, int64, uint8 or bool"},
      {makeFile(dictionary("[('a', '<f4')]", "False", "(2,)"), 8),
       "header at byte 20: expected a plain element type"},
      {makeFile(dictionary("'<f4'", "True", "(2, 2)"), 16),
       "header at byte 48: the array is in Fortran order; save "
       "numpy.ascontiguousarray(x)"},
      {makeFile(dictionary("'<f4'", "None", "(2,)"), 8),
       "header at byte 44: expected True or False"},
      {makeFile(dictionary("'<f4'", "False", "2"), 8),
       "header at byte 60: expected a tuple as shape"},
      {makeFile(dictionary("'<f4'", "False", "(2 3)"), 8),
       "header at byte 63: expected ',' or ')' after a size"},
      {makeFile(dictionary("'<f4'", "False", "(-2,)"), 8),
       "header at byte 61: expected a size"},
      {makeFile(dictionary("'<f4'", "False", "(99999999999999999999,)"), 8),
       "header at byte 61: expected a size"},
      {makeFile(
           dictionary("'<f4'", "False", "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)"),
           4),
       "header at byte 93: more than 16 axes"},
      {makeFile(dictionary("'<f4'", "False", "(4611686018427387904, 8)"), 8),
       "shape [4611686018427387904, 8] is too large to address"},
      {makeFile(dictionary("'<f4'", "False", "(2,)"), 7),
       "float32[2] needs 8 bytes of data, found 7"},
      {makeFile(dictionary("'<f4'", "False", "(2,)"), 9),
       "float32[2] needs 8 bytes of data, found 9"},
      {makeFile("{'descr': '<f4', 'shape': (2,), }\n", 8),
       "header at byte 43: no 'fortran_order'"},
      {makeFile("{'descr': '<f4', 'descr': '<f4', }\n", 8),
       "header at byte 41: 'descr' comes twice"},
      {makeFile("{'evil': 1}\n", 8), "header at byte 18: unknown key 'evil'"},
      {makeFile("{'descr' '<f4'}\n", 8),
       "header at byte 19: expected a key and ':'"},
      {makeFile("descr\n", 8), "header at byte 10: expected '{'"},
      {makeFile(dictionary("'<f4'", "False", "(2,)") + "x", 8),
       "header at byte 68: text after the dictionary"},
      {makeFile("{'descr': '<f4' 'shape': (2,)}\n", 8),
       "header at byte 26: expected ',' or '}' after a value"},
  };
  for (const auto &[content, message] : cases)
    EXPECT_EQ(load(scratch, content), message);
}

TEST(Npy, EverySmallDamageIsRefusedOrHarmless) {
  int64_t shape[] = {3, 4};
  std::string good = makeNpyHeader(MAEK_F32, shape) + std::string(48, 'x');
  forEachMutation(good, [&](const std::string &bad, const std::string &what) {
    Expected<NpyHeader> header = readNpyHeader(
        std::as_bytes(std::span(bad.data(), bad.size())), bad.size());
    if (!header)
      return;
    EXPECT_EQ(bad.size(), good.size()) << what;
    EXPECT_EQ(*countElements(header->shape) *
                  static_cast<int64_t>(header->type->bytes),
              48)
        << what;
  });
}
