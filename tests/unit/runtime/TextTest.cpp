// Part of Maek, under the MIT licence; see LICENSE.
// Text as classes: vocabularies, windows, what is no text.
#include "runtime/data/Text.h"
#include "Scratch.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace maek::runtime;
using namespace maek::fake;

namespace {
class Text : public testing::Test {
protected:
  Scratch scratch;
  std::string file = scratch / "a.txt";

  Expected<Dataset> load(std::string_view arguments, Split split = Split::Train,
                         const Metadata &weights = {}, int64_t classes = 0) {
    EntryInfo entry;
    entry.arguments.push_back({Role::Input, "text", MAEK_I32, {}, classes});
    return loadDataset(text("text(file = \"a.txt\"", arguments, ")"),
                       scratch.path(), split, entry, weights);
  }
  std::string errorOf(std::string_view arguments, Split split = Split::Train,
                      const Metadata &weights = {}, int64_t classes = 0) {
    Expected<Dataset> data = load(arguments, split, weights, classes);
    return data ? "" : std::string(data.takeError().message());
  }
  static std::vector<int32_t> content(const Dataset &data, size_t column) {
    const Column &windows = data.columns[column];
    auto length = static_cast<size_t>(windows.shape[0]);
    std::vector<int32_t> values(static_cast<size_t>(data.count) * length);
    for (size_t i = 0; i < values.size(); i += length)
      std::memcpy(&values[i], windows.example(static_cast<int64_t>(i / length)),
                  length * sizeof(int32_t));
    return values;
  }
};
using Symbols = std::vector<int32_t>;
} // namespace

TEST_F(Text, IsCutIntoWindows) {
  // Code points in order: a, b, é, €, 😀.
  writeFile(file, "ab\u00e9ab\u20aca\U0001f600b\u00e9");
  Expected<Dataset> data = load(", length = 3, split = 0.4");
  ASSERT_TRUE(data) << data.takeError().message();
  EXPECT_EQ(data->count, 1);
  EXPECT_EQ(data->columns[0].name, "text");
  EXPECT_EQ(data->columns[1].name, "next");
  EXPECT_EQ(content(*data, 0), (Symbols{0, 1, 2}));
  EXPECT_EQ(content(*data, 1), (Symbols{1, 2, 0}));
  Expected<Dataset> overlapping = load(", length = 3, stride = 1, split = 0.4");
  ASSERT_TRUE(overlapping);
  EXPECT_EQ(content(*overlapping, 0), (Symbols{0, 1, 2, 1, 2, 0, 2, 0, 1}));
  EXPECT_EQ(content(*overlapping, 1), (Symbols{1, 2, 0, 2, 0, 1, 0, 1, 3}));
  Expected<Dataset> test = load(", length = 3, split = 0.4", Split::Test);
  ASSERT_TRUE(test);
  EXPECT_EQ(content(*test, 0), (Symbols{0, 4, 1}));
  EXPECT_EQ(content(*test, 1), (Symbols{4, 1, 2}));
}

TEST_F(Text, WindowsLieInTheText) {
  // As copies they would take 21 GB.
  writeFile(file, std::string(299'999, 'a') + 'b');
  Expected<Dataset> data = load(", length = 10000, stride = 1, split = 0.1");
  ASSERT_TRUE(data) << data.takeError().message();
  EXPECT_EQ(data->count, 260'000);
  const Column &text = data->columns[0], &next = data->columns[1];
  EXPECT_EQ(text.data, next.data);
  EXPECT_EQ(text.data->size(), 270'000 * sizeof(int32_t));
  EXPECT_EQ(next.example(data->count - 1) + 10'000 * sizeof(int32_t),
            text.data->data() + text.data->size());
}

TEST_F(Text, BytesAreAnyFile) {
  writeFile(file, "a\xff\x80z");
  Expected<Dataset> data = load(", length = 1, unit = bytes, split = 0.5");
  ASSERT_TRUE(data);
  EXPECT_EQ(content(*data, 0), Symbols{'a'});
  EXPECT_EQ(content(*data, 1), Symbols{255});
}

TEST_F(Text, VocabularySurvivesInMetadata) {
  writeFile(file, "hello \u20ac world");
  Expected<Dataset> data = load(", length = 2, split = 0.3");
  ASSERT_TRUE(data);
  auto vocabulary = Vocabulary::read(data->about, "w");
  ASSERT_TRUE(vocabulary && *vocabulary);
  EXPECT_EQ((*vocabulary)->size(), 9);
  auto symbols = (*vocabulary)->encode("low\u20ac", "it");
  ASSERT_TRUE(symbols);
  std::string again;
  for (int32_t symbol : *symbols)
    again += (*vocabulary)->decode(symbol);
  EXPECT_EQ(again, "low\u20ac");
  // Another file is read by it.
  writeFile(file, "roll hello");
  Expected<Dataset> other =
      load(", length = 2, split = 0.5", Split::Train, data->about);
  ASSERT_TRUE(other) << other.takeError().message();
  EXPECT_EQ((*vocabulary)->decode(content(*other, 0)[0]), "r");
  auto none = Vocabulary::read({{"maek.seed", "0"}}, "w");
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
}

TEST_F(Text, SaysWhatIsWrong) {
  EXPECT_EQ(errorOf(""), file + ": cannot open: No such file or directory");
  writeFile(file, "");
  EXPECT_EQ(errorOf(""), file + ": has 0 characters, 0 of them for training; "
                                "length = 128 needs 129");
  writeFile(file, "0123456789");
  EXPECT_EQ(errorOf(", length = 5", Split::Test),
            file + ": has 10 characters, 1 of them for evaluation; length = 5 "
                   "needs 6");
  EXPECT_EQ(errorOf(", length = 2, split = 0.5", Split::Train, {}, 9),
            file + ": has 10 different characters; input 'text' has 9 classes");
  EXPECT_EQ(errorOf(", length = 2, unit = bytes", Split::Train, {}, 48),
            file + ": as bytes has 256 classes; input 'text' has 48 classes");
  EXPECT_EQ(errorOf(", split = 1"),
            "data set 'text': 'split' must be a number between 0 and 1, found "
            "'1'");
  EXPECT_EQ(errorOf(", unit = words"),
            "data set 'text': 'unit' must be characters or bytes, found "
            "'words'");
  EXPECT_EQ(errorOf(", lenght = 3"),
            "data set 'text': unknown argument 'lenght'; did you mean "
            "'length'?");
  writeFile(file, "abc");
  Metadata known = {{"maek.text.unit", "characters"},
                    {"maek.text.symbols", "ab"}};
  EXPECT_EQ(errorOf(", length = 1", Split::Train, known),
            file +
                ": the character 'c' is none of the 2 that the weights know");
  EXPECT_EQ(errorOf("", Split::Train, {{"maek.text.unit", "words"}}),
            "the weights: metadata 'maek.text.unit' is damaged");
}

// Advice on files helps nobody with a prompt.
TEST_F(Text, PromptsThatAreNoUtf8AreTold) {
  auto vocabulary = Vocabulary::ofCharacters("abc", "x");
  ASSERT_TRUE(vocabulary);
  auto symbols = vocabulary->encode("ab\xff", "--prompt");
  ASSERT_FALSE(symbols);
  EXPECT_EQ(symbols.takeError().message(),
            "--prompt: line 1: byte 2 is no UTF-8");
}

TEST_F(Text, RefusesWhatIsNoUtf8) {
  // Cut short, overlong, a surrogate, beyond Unicode, a lone second byte.
  for (std::string_view bad :
       {"\xe2\x82", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80",
        "\xff", "\xe2\x28\xa1"}) {
    writeFile(file, "one\ntwo " + std::string(bad));
    EXPECT_EQ(errorOf(""), file + ": line 2: byte 8 is no UTF-8; unit = bytes "
                                  "takes any file");
  }
}
