// Part of Maek, under the MIT licence; see LICENSE.
// Data sets with arguments, and those that are computed.
#include "runtime/data/Synthetic.h"
#include "runtime/data/Batches.h"
#include "runtime/data/DatasetTable.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>

using namespace maek::runtime;

static std::string errorOf(std::string_view text) {
  Expected<DataSpec> spec = DataSpec::parse(text);
  return spec ? "" : std::string(spec.takeError().message());
}

static Expected<Dataset> make(std::string_view text,
                              Split split = Split::Train) {
  return loadDataset(text, "", split, EntryInfo());
}

static std::string makeError(std::string_view text) {
  Expected<Dataset> data = make(text);
  return data ? "" : std::string(data.takeError().message());
}

template <typename T>
static std::vector<T> content(const Dataset &data, size_t column) {
  const std::vector<std::byte> &bytes = *data.columns[column].data;
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

TEST(DataSpec, ReadsNamesAndArguments) {
  Expected<DataSpec> spec = DataSpec::parse(
      " fashion-x( a=1e+06 , b_2 = \"x, (y\",c = plain word ) ");
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->name(), "fashion_x");
  EXPECT_EQ(spec->count("a", 0), 1'000'000);
  EXPECT_EQ(spec->string("b_2"), "x, (y");
  EXPECT_EQ(spec->string("c"), "plain word");
  EXPECT_EQ(spec->count("d", 7), 7);
  EXPECT_TRUE(DataSpec::parse("x()"));
  EXPECT_TRUE(DataSpec::parse("x(a=1,)"));
}

TEST(DataSpec, SaysWhatIsWrong) {
  EXPECT_EQ(errorOf("(a=1)"), "data set '(a=1)': has no name");
  EXPECT_EQ(errorOf("x(a)"),
            "data set 'x(a)': expected NAME=VALUE, found 'a)'");
  EXPECT_EQ(errorOf("x(a=1"),
            "data set 'x(a=1': expected ')' at the end, found ''");
  EXPECT_EQ(errorOf("x(a=1)b"),
            "data set 'x(a=1)b': expected ')' at the end, found ')b'");
  EXPECT_EQ(errorOf("x(a=1, a=2)"),
            "data set 'x(a=1, a=2)': 'a' is given twice");
  EXPECT_EQ(errorOf("x(a=\"1)"),
            "data set 'x(a=\"1)': the text of 'a' has no closing '\"'");
  EXPECT_EQ(makeError("addng"),
            "unknown data set 'addng'; did you mean 'adding'?");
  EXPECT_EQ(makeError("copy(dely = 3)"), "data set 'copy': unknown argument "
                                         "'dely'; did you mean 'delay'?");
  EXPECT_EQ(makeError("adding(T = 1.5)"),
            "data set 'adding': 'T' must be a whole number from 2 to 1000000, "
            "found '1.5'");
  EXPECT_EQ(makeError("adding(n = 1e9, T = 1e6)"),
            "data set 'adding': would take 8000004000000000 bytes, at most "
            "17179869184 are allowed; take fewer or shorter examples");
  EXPECT_EQ(makeError("fashion_mnist(n = 3)"),
            "data set 'fashion_mnist': unknown argument 'n'; it takes none");
  EXPECT_EQ(makeError("imagenet"),
            "unknown data set 'imagenet'; there are fashion_mnist, mnist, npy, "
            "text, adding, copy, reverse and sort");
  EXPECT_EQ(makeError("adding(U = 3)"),
            "data set 'adding': unknown argument 'U'; there are T, n, test and "
            "seed");
}

// The compiler takes what is in the table, the runtime must know each.
TEST(DatasetTable, HasWhatTheRuntimeLoads) {
  for (const DatasetInfo &info : datasets) {
    Expected<Dataset> data =
        loadDataset(info.name == "text" ? "text(file = x)" : info.name, "/none",
                    Split::Train, {});
    if (!data)
      EXPECT_EQ(data.takeError().message().find("internal error"),
                std::string::npos)
          << info.name;
  }
  for (std::string_view name : syntheticNames())
    EXPECT_NE(findDataset(name), nullptr) << name;
}

TEST(Synthetic, AddingMarksOneNumberInEachHalf) {
  Expected<Dataset> data = make("adding(T = 7, n = 300)");
  ASSERT_TRUE(data);
  EXPECT_EQ(data->count, 300);
  EXPECT_EQ(data->columns[0].shape, (std::vector<int64_t>{7, 2}));
  std::vector<float> x = content<float>(*data, 0), y = content<float>(*data, 1);
  ASSERT_EQ(y.size(), 300u);
  double mean = 0;
  for (size_t example = 0; example < y.size(); ++example) {
    const float *row = &x[example * 14];
    float sum = 0, marks[2] = {};
    for (int t = 0; t < 7; ++t) {
      EXPECT_TRUE(row[t * 2] >= 0 && row[t * 2] < 1);
      marks[t >= 3] += row[t * 2 + 1];
      sum += row[t * 2] * row[t * 2 + 1];
    }
    EXPECT_EQ(marks[0], 1);
    EXPECT_EQ(marks[1], 1);
    EXPECT_EQ(sum, y[example]);
    mean += sum / 300;
  }
  EXPECT_NEAR(mean, 1, 0.1);
}

TEST(Synthetic, CopySaysTheSymbolsAfterTheSign) {
  Expected<Dataset> data = make("copy(length = 3, delay = 5, symbols = 4)");
  ASSERT_TRUE(data);
  EXPECT_EQ(data->count, 10'000);
  std::vector<int32_t> x = content<int32_t>(*data, 0),
                       y = content<int32_t>(*data, 1);
  ASSERT_EQ(x.size(), 110'000u);
  for (size_t example = 0; example < 10'000; ++example) {
    const int32_t *row = &x[example * 11];
    EXPECT_TRUE(std::equal(row, row + 3, &y[example * 3]));
    EXPECT_TRUE(
        std::all_of(row, row + 3, [](int32_t c) { return c >= 0 && c < 4; }));
    std::vector<int32_t> rest(row + 3, row + 11);
    EXPECT_EQ(rest, (std::vector<int32_t>{4, 4, 4, 4, 5, 4, 4, 4}));
  }
}

// A model of other classes would take the start for a symbol.
TEST(Synthetic, ClassesAreTheModels) {
  Expected<Dataset> data = make("sort(T = 3, symbols = 7, n = 4)");
  ASSERT_TRUE(data);
  EntryInfo entry;
  entry.symbols = {std::string(batchSymbol)};
  Extent batch;
  batch.symbols = {0};
  Extent three;
  three.factor = 3;
  for (int64_t classes : {0, 6, 7, 8, 10}) {
    entry.arguments = {
        {Role::Input, "before", MAEK_I32, {batch, three}, classes}};
    Expected<Batches> batches = Batches::create(entry, *data, 2);
    bool fits = classes == 0 || classes == 8;
    EXPECT_EQ(static_cast<bool>(batches), fits) << classes;
    if (!batches)
      EXPECT_EQ(batches.takeError().message(),
                text("data set 'sort': has 8 classes; input 'before' has ",
                     classes, ": 'symbols' must be the model's"));
  }
}

TEST(Synthetic, ReverseAndSort) {
  for (std::string_view name : {"reverse", "sort"}) {
    Expected<Dataset> data = make(text(name, "(T = 6, n = 50)"));
    ASSERT_TRUE(data);
    std::vector<int32_t> x = content<int32_t>(*data, 0),
                         before = content<int32_t>(*data, 1),
                         y = content<int32_t>(*data, 2);
    for (size_t example = 0; example < 50; ++example) {
      std::vector<int32_t> expected(&x[example * 6], &x[example * 6] + 6);
      if (name == "sort")
        std::sort(expected.begin(), expected.end());
      else
        std::reverse(expected.begin(), expected.end());
      EXPECT_TRUE(
          std::equal(expected.begin(), expected.end(), &y[example * 6]));
      EXPECT_EQ(before[example * 6], 10);
      EXPECT_TRUE(std::equal(expected.begin(), expected.end() - 1,
                             &before[example * 6 + 1]));
    }
  }
}

TEST(Synthetic, SequencesOfDifferentLengthsEndInZeros) {
  for (std::string_view name : {"reverse", "sort"}) {
    Expected<Dataset> data = make(text(name, "(T = 6, shortest = 2, n = 200)"));
    ASSERT_TRUE(data);
    std::vector<int32_t> x = content<int32_t>(*data, 0),
                         before = content<int32_t>(*data, 1),
                         y = content<int32_t>(*data, 2);
    std::vector<float> lengths = content<float>(*data, 3);
    ASSERT_EQ(lengths.size(), 200u);
    EXPECT_TRUE(data->columns[3].shape.empty());
    std::vector<int> counts(7);
    for (size_t example = 0; example < lengths.size(); ++example) {
      auto length = static_cast<size_t>(lengths[example]);
      ASSERT_TRUE(length >= 2 && length <= 6);
      ++counts[length];
      std::vector<int32_t> expected(&x[example * 6], &x[example * 6] + length);
      if (name == "sort")
        std::sort(expected.begin(), expected.end());
      else
        std::reverse(expected.begin(), expected.end());
      std::vector<int32_t> shifted{10};
      shifted.insert(shifted.end(), expected.begin(), expected.end() - 1);
      expected.resize(6);
      shifted.resize(6);
      EXPECT_TRUE(
          std::equal(expected.begin(), expected.end(), &y[example * 6]));
      EXPECT_TRUE(
          std::equal(shifted.begin(), shifted.end(), &before[example * 6]));
      EXPECT_TRUE(std::all_of(&x[example * 6] + length, &x[example * 6] + 6,
                              [](int32_t symbol) { return symbol == 0; }));
    }
    for (size_t length = 2; length <= 6; ++length)
      EXPECT_GT(counts[length], 20);
  }
  EXPECT_EQ(makeError("sort(T = 6, shortest = 7)"),
            "data set 'sort': 'shortest' must be at most T = 6, found 7");
}

TEST(Synthetic, IsAFunctionOfItsArguments) {
  auto first = [](std::string_view text, Split split) {
    Expected<Dataset> data = make(text, split);
    return data ? content<int32_t>(*data, 0) : std::vector<int32_t>();
  };
  auto a = first("sort(n = 20)", Split::Train);
  auto longer = first("sort(n = 30)", Split::Train);
  ASSERT_EQ(a.size(), 200u);
  EXPECT_EQ(a, first("sort(n = 20)", Split::Train));
  EXPECT_TRUE(std::equal(a.begin(), a.end(), longer.begin()));
  EXPECT_NE(a, first("sort(n = 20, seed = 1)", Split::Train));
  EXPECT_NE(a, first("sort(test = 20)", Split::Test));
}
