// Part of Maek, under the MIT licence; see LICENSE.
// Varied examples: what a variation may be, how often it is, and that it
// depends on nothing but seed, epoch and example.
#include "Allocations.h"
#include "FakeModule.h"
#include "runtime/train/Trainer.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <numeric>
#include <set>

using namespace maek::fake;
using namespace maek::runtime;

namespace {
constexpr int64_t height = 6, width = 5, count = 4000;

std::vector<uint32_t> all() {
  std::vector<uint32_t> examples(count);
  std::iota(examples.begin(), examples.end(), 0u);
  return examples;
}

/// Pictures in which each pixel tells its example and its place.
Dataset makeData() {
  Dataset data;
  data.count = count;
  data.columns.reserve(2);
  Column &image = data.columns.emplace_back();
  image.name = "image";
  image.storage = Column::Storage::F64;
  image.shape = {height, width};
  image.data->resize(count * height * width * sizeof(double));
  Column &label = data.columns.emplace_back();
  label.name = "label";
  label.role = Role::Target;
  label.storage = Column::Storage::I32;
  label.data->resize(count * sizeof(int32_t));
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t at = 0; at < height * width; ++at) {
      double value = static_cast<double>(i * 100 + at + 1);
      std::memcpy(image.data->data() +
                      static_cast<size_t>(i * height * width + at) *
                          sizeof(value),
                  &value, sizeof(value));
    }
    auto value = static_cast<int32_t>(i % 3);
    std::memcpy(label.data->data() + static_cast<size_t>(i) * sizeof(value),
                &value, sizeof(value));
  }
  return data;
}

/// An entry that takes both as numbers.
EntryInfo makeEntry() {
  EntryInfo entry;
  entry.symbols = {"B"};
  auto add = [&](Role role, const char *name, std::vector<int64_t> sizes) {
    PortInfo &port = entry.arguments.emplace_back();
    port.role = role;
    port.name = name;
    port.dtype = MAEK_F64;
    port.shape.push_back({1, {0}});
    for (int64_t size : sizes)
      port.shape.push_back({size, {}});
  };
  add(Role::Input, "image", {height, width});
  add(Role::Target, "label", {3});
  return entry;
}

class Augment : public testing::Test {
protected:
  Dataset data = makeData();
  EntryInfo entry = makeEntry();
  std::vector<uint32_t> examples = all();
  Expected<Batches> batches = Batches::create(entry, data, count);

  /// The image and the label of each of `some`, as numbers.
  std::vector<std::vector<double>> gather(const Augmenter *augmenter,
                                          std::span<const uint32_t> some) {
    std::vector<std::vector<double>> rows(some.size());
    for (const maek_tensor_t &tensor : batches->gather(some, augmenter)) {
      auto size = static_cast<size_t>(tensor.rank == 3 ? height * width : 3);
      const auto *from = static_cast<const double *>(tensor.data);
      for (std::vector<double> &row : rows) {
        row.insert(row.end(), from, from + size);
        from += size;
      }
    }
    return rows;
  }
};

double sourceOf(int64_t example, int64_t y, int64_t x) {
  return static_cast<double>(example * 100 + y * width + x + 1);
}
} // namespace

TEST_F(Augment, ClassesFillNumbers) {
  ASSERT_TRUE(batches);
  std::vector<uint32_t> some = {4, 2, 9};
  std::vector<std::vector<double>> rows = gather(nullptr, some);
  for (size_t i = 0; i < some.size(); ++i) {
    EXPECT_EQ(rows[i][0], sourceOf(some[i], 0, 0));
    for (uint32_t c = 0; c < 3; ++c)
      EXPECT_EQ(rows[i][height * width + c], some[i] % 3 == c ? 1 : 0);
  }
}

TEST_F(Augment, VariedBatchesAllocateNothing) {
  ASSERT_TRUE(batches);
  AugmentInfo info;
  info.crop = info.flip = info.erase = info.mixup = 1;
  Augmenter augmenter(info, 5, examples);
  int64_t before = countAllocations();
  for (int i = 0; i < 3; ++i)
    batches->gather(std::span(examples).first(100), &augmenter);
  EXPECT_EQ(countAllocations(), before);
}

namespace {
/// Notes what was allocated up to each step of the second epoch.
class AllocationListener : public TrainListener {
public:
  std::vector<int64_t> counts;

  AllocationListener() { counts.reserve(count); }
  void onStep(const TrainPosition &at, const Meter &) override {
    if (at.epoch == 1)
      counts.push_back(countAllocations());
  }
  void onEvaluate(int64_t, int64_t) override {}
  void onEpoch(const TrainPosition &, const Meter &, const Meter *) override {}
  void onSave(const std::string &) override {}
  bool mustStop() override { return false; }
};
} // namespace

TEST(Trainer, AnAugmentedStepAllocatesNothingOnceWarm) {
  std::string json = logisticJson();
  std::string settings = "\"settings\": {";
  json.insert(json.find(settings) + settings.size(),
              R"("augment": {"crop": 1.0, "flip": 0.5}, )");
  maek_module_t module = logistic();
  module.json = json.data();
  module.json_size = json.size();
  Expected<std::unique_ptr<Model>> model = Model::create(module, 0, 0);
  ASSERT_TRUE(model) << model.takeError().message();
  Dataset data;
  data.count = 40;
  data.columns.resize(2);
  data.columns[0].shape = {4, 4};
  data.columns[0].data->resize(40 * kPixels * sizeof(float));
  data.columns[1].role = Role::Target;
  data.columns[1].storage = Column::Storage::I32;
  data.columns[1].data->resize(40 * sizeof(int32_t));
  TrainOptions options;
  options.epochs = 2;
  options.batch = 8;
  Expected<Trainer> trainer = Trainer::create(**model, data, nullptr, options);
  ASSERT_TRUE(trainer) << trainer.takeError().message();
  AllocationListener listener;
  Expected<Outcome> outcome = trainer->run(listener);
  ASSERT_TRUE(outcome) << outcome.takeError().message();
  ASSERT_EQ(listener.counts.size(), 5u);
  EXPECT_EQ(listener.counts.front(), listener.counts.back());
}

// A file of shape [4000, 0, 5] fits an axis of any size.
TEST_F(Augment, ExamplesWithoutNumbersAreRefused) {
  entry.symbols.push_back("T");
  entry.arguments[0].shape[1] = {1, {1}};
  Column &image = data.columns[0];
  image.file = "train-image.npy";
  image.shape = {0, width};
  image.data->clear();
  Expected<Batches> none = Batches::create(entry, data, count);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.takeError().message(),
            "train-image.npy: an example has shape [0, 5], which is empty; "
            "input 'image' needs at least one number");
}

TEST_F(Augment, CropShiftsEachWayAsOften) {
  AugmentInfo info;
  info.crop = 2;
  Augmenter augmenter(info, 3, examples);
  std::vector<std::vector<double>> rows = gather(&augmenter, examples);
  std::vector<int> seen(25);
  for (uint32_t i : examples) {
    Variation v = augmenter.vary(i, height, width);
    ASSERT_LE(std::abs(v.down), 2);
    ASSERT_LE(std::abs(v.right), 2);
    EXPECT_FALSE(v.mirrored || v.height || v.width);
    ++seen[static_cast<size_t>((v.down + 2) * 5 + v.right + 2)];
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x) {
        int64_t sy = y + v.down, sx = x + v.right;
        bool inside = sy >= 0 && sy < height && sx >= 0 && sx < width;
        ASSERT_EQ(rows[i][static_cast<size_t>(y * width + x)],
                  inside ? sourceOf(i, sy, sx) : 0);
      }
  }
  // 160 of each are expected, give or take 5 deviations.
  for (int times : seen)
    EXPECT_NEAR(times, count / 25, 62);
}

TEST_F(Augment, FlipMirrorsLines) {
  AugmentInfo info;
  info.flip = 0.25;
  Augmenter augmenter(info, 3, examples);
  std::vector<std::vector<double>> rows = gather(&augmenter, examples);
  int mirrored = 0;
  for (uint32_t i : examples) {
    bool isMirrored = rows[i][0] == sourceOf(i, 0, width - 1);
    mirrored += isMirrored;
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x)
        ASSERT_EQ(rows[i][static_cast<size_t>(y * width + x)],
                  sourceOf(i, y, isMirrored ? width - 1 - x : x));
  }
  EXPECT_NEAR(mirrored, count / 4, 137); // 5 deviations
}

TEST_F(Augment, EraseEmptiesARectangle) {
  AugmentInfo info;
  info.erase = 0.5;
  Augmenter augmenter(info, 3, examples);
  std::vector<std::vector<double>> rows = gather(&augmenter, examples);
  int erased = 0;
  for (uint32_t i : examples) {
    int64_t low = height, high = -1, left = width, right = -1, empty = 0;
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x) {
        double value = rows[i][static_cast<size_t>(y * width + x)];
        if (value != 0) {
          ASSERT_EQ(value, sourceOf(i, y, x));
          continue;
        }
        ++empty;
        low = std::min(low, y), high = std::max(high, y);
        left = std::min(left, x), right = std::max(right, x);
      }
    erased += empty > 0;
    if (empty > 0) {
      EXPECT_EQ(empty, (high - low + 1) * (right - left + 1));
    }
    // A third of the area, rounded up at two sides.
    EXPECT_LE(empty, 12);
  }
  EXPECT_NEAR(erased, count / 2, 200);
}

TEST_F(Augment, MixupMixesImagesAndLabelsAlike) {
  for (double alpha : {0.2, 3.0}) {
    AugmentInfo info;
    info.mixup = alpha;
    Augmenter augmenter(info, 3, examples);
    std::vector<std::vector<double>> rows = gather(&augmenter, examples);
    double sum = 0, squares = 0;
    std::set<uint32_t> others;
    for (uint32_t i : examples) {
      Mixture mixture = augmenter.mix(i);
      double share = mixture.share;
      ASSERT_TRUE(share >= 0 && share <= 1);
      sum += share;
      squares += (share - 0.5) * (share - 0.5);
      others.insert(mixture.other);
      ASSERT_NEAR(rows[i][7],
                  share * sourceOf(i, 1, 2) +
                      (1 - share) * sourceOf(mixture.other, 1, 2),
                  1e-9);
      for (uint32_t c = 0; c < 3; ++c)
        ASSERT_NEAR(rows[i][height * width + c],
                    share * (i % 3 == c) +
                        (1 - share) * (mixture.other % 3 == c),
                    1e-12);
    }
    // Beta(a, a) has the mean 1/2 and the variance 1 / (4 (2a + 1)).
    double variance = 1 / (4 * (2 * alpha + 1));
    EXPECT_NEAR(sum / count, 0.5, 5 * std::sqrt(variance / count));
    EXPECT_NEAR(squares / count, variance, 0.05 * variance);
    // With 4000 draws of 4000, 63 % are drawn.
    EXPECT_NEAR(static_cast<double>(others.size()), 0.632 * count, 120);
  }
}

TEST_F(Augment, SmoothingGivesToAllClasses) {
  AugmentInfo info;
  info.labelSmoothing = 0.3;
  Augmenter augmenter(info, 3, examples);
  std::vector<uint32_t> some = {17, 5, 3999};
  std::vector<std::vector<double>> plain = gather(nullptr, some),
                                   rows = gather(&augmenter, some);
  for (size_t i = 0; i < some.size(); ++i) {
    for (int64_t at = 0; at < height * width; ++at)
      ASSERT_EQ(rows[i][static_cast<size_t>(at)],
                plain[i][static_cast<size_t>(at)]);
    for (uint32_t c = 0; c < 3; ++c)
      EXPECT_NEAR(rows[i][height * width + c], some[i] % 3 == c ? 0.8 : 0.1,
                  1e-12);
  }
}

TEST_F(Augment, DependsOnSeedEpochAndExampleAlone) {
  AugmentInfo info;
  info.crop = 2, info.flip = 0.5, info.erase = 0.5, info.mixup = 0.4;
  Augmenter augmenter(info, 3, examples), again(info, 3, examples),
      other(info, 4, examples);
  std::vector<std::vector<double>> rows = gather(&augmenter, examples);
  augmenter.begin(1);
  EXPECT_NE(gather(&augmenter, examples), rows);
  augmenter.begin(0);
  EXPECT_NE(gather(&other, examples), rows);
  std::vector<uint32_t> some = {17, 5, 3999};
  std::vector<std::vector<double>> few = gather(&again, some);
  for (size_t i = 0; i < some.size(); ++i)
    EXPECT_EQ(few[i], rows[some[i]]);
}

TEST(FindImage, knowsChannelsByTheirNumber) {
  auto find = [](std::vector<int64_t> sizes) {
    std::optional<ImageLayout> image = findImage(sizes);
    return image ? std::vector<int64_t>{image->planes, image->height,
                                        image->width, image->pixel}
                 : std::vector<int64_t>();
  };
  EXPECT_EQ(find({6, 5}), (std::vector<int64_t>{1, 6, 5, 1}));
  EXPECT_EQ(find({3, 6, 5}), (std::vector<int64_t>{3, 6, 5, 1}));
  EXPECT_EQ(find({6, 5, 3}), (std::vector<int64_t>{1, 6, 5, 3}));
  EXPECT_EQ(find({3, 5, 3}), (std::vector<int64_t>{3, 5, 3, 1}));
  EXPECT_EQ(find({6, 5, 7}), std::vector<int64_t>());
  EXPECT_EQ(find({6}), std::vector<int64_t>());
  EXPECT_EQ(find({2, 3, 6, 5}), std::vector<int64_t>());
}

TEST(VaryImage, movesChannelsTogether) {
  Variation variation;
  variation.mirrored = true;
  variation.down = 1;
  // Two rows of two pixels of two channels, and the same as two planes.
  const std::vector<int> together = {1, 2, 3, 4, 5, 6, 7, 8};
  const std::vector<int> planes = {1, 3, 5, 7, 2, 4, 6, 8};
  std::vector<int> found(8);
  varyImage(variation, {1, 2, 2, 2}, together.data(), found.data());
  EXPECT_EQ(found, (std::vector<int>{7, 8, 5, 6, 0, 0, 0, 0}));
  varyImage(variation, {2, 2, 2, 1}, planes.data(), found.data());
  EXPECT_EQ(found, (std::vector<int>{7, 5, 0, 0, 8, 6, 0, 0}));
}
