// Part of Maek, under the MIT licence; see LICENSE.
// IDX files, plain and compressed, good and bad.
#include "runtime/data/Idx.h"
#include "Mutations.h"
#include "Scratch.h"

#include <gtest/gtest.h>

using namespace maek::runtime;
using namespace maek::fake;

static std::string load(const std::string &content) {
  Expected<IdxArray> array =
      readIdx(std::as_bytes(std::span(content.data(), content.size())));
  if (!array)
    return std::string(array.takeError().message());
  return text("ok ", shapeText(array->shape), ' ',
              std::string_view(reinterpret_cast<char *>(array->data.data()),
                               array->data.size()));
}

TEST(Idx, PlainAndCompressedAreRead) {
  std::string plain = makeIdx({2, 1, 3}, "abcdef");
  EXPECT_EQ(load(plain), "ok [2, 1, 3] abcdef");
  EXPECT_EQ(load(gzip(plain)), "ok [2, 1, 3] abcdef");
  EXPECT_EQ(load(makeIdx({0}, "")), "ok [0] ");
}

TEST(Idx, BadFilesAreRefusedWithAReason) {
  std::string three = "abc";
  struct {
    std::string content, message;
  } cases[] = {
      {"", "not an IDX file: it does not begin with two zeros"},
      {"abcd", "not an IDX file: it does not begin with two zeros"},
      {std::string("\0\0\x0d\1\0\0\0\1abcd", 12),
       "element type 13 of IDX is not read; needed 8, unsigned bytes"},
      {std::string("\0\0\x08\0", 4),
       "IDX with 0 axes is not read; needed 1 to 4"},
      {std::string("\0\0\x08\xff", 4),
       "IDX with 255 axes is not read; needed 1 to 4"},
      {std::string("\0\0\x08\2\0\0\0\1", 8), "ends inside the header"},
      {makeIdx({4}, three), "shape [4] needs 4 bytes of data, found 3"},
      {makeIdx({2}, three), "shape [2] needs 2 bytes of data, found more"},
      {makeIdx({0xffffffff, 0xffffffff, 0xffffffff}, three),
       "shape [4294967295, 4294967295, 4294967295] is too large to address"},
      {makeIdx({0xffffffff}, three),
       "shape [4294967295] needs 4294967295 bytes of data, found 3"},
      {gzip(makeIdx({4}, three)), "shape [4] needs 4 bytes of data, found 3"},
      {gzip(makeIdx({2}, three)),
       "shape [2] needs 2 bytes of data, found more"},
      {gzip(makeIdx({3}, three)).substr(0, 20),
       "the compressed data ends too early"},
      {"\x1f\x8b not really", "the compressed data is damaged"},
  };
  for (const auto &[content, message] : cases)
    EXPECT_EQ(load(content), message);
}

// 1 MiB of zeros in a few hundred bytes, claiming 4 GiB: memory follows what
// is there.
TEST(Idx, CompressionBombsAreRefused) {
  std::string bomb =
      gzip(makeIdx({0x10000, 0x10000}, std::string(1 << 20, '\0')));
  EXPECT_LT(bomb.size(), 4096u);
  EXPECT_EQ(load(bomb), "shape [65536, 65536] needs 4294967296 bytes of data, "
                        "found 1048576");
}

TEST(Idx, EverySmallDamageIsRefusedOrHarmless) {
  std::string plain = makeIdx({2, 3}, "abcdef");
  for (const std::string &good : {plain, gzip(plain)})
    forEachMutation(good, [&](const std::string &bad, const std::string &what) {
      std::string result = load(bad);
      if (!result.starts_with("ok"))
        return;
      EXPECT_EQ(bad.size(), good.size()) << what;
      // Compressed data has a checksum.
      if (good != plain) {
        EXPECT_EQ(result, "ok [2, 3] abcdef") << what;
      }
    });
}
