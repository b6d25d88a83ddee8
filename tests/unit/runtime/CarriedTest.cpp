// Part of Maek, under the MIT licence; see LICENSE.
// What an entry carries from run to run, on a module written by hand.
#include "Allocations.h"
#include "FakeModule.h"
#include "runtime/core/Model.h"

#include <gtest/gtest.h>
#include <vector>

using namespace maek::runtime;

namespace {

const std::string carried =
    R"({"role": "carried", "name": "state.cache", "dtype": "f32", "shape": ["B", "C", 2]})";

/// An entry that keeps x: f32[B, 2] as row `position`, and gives the sum of all
/// rows. `result` is what it says of the cache that it writes.
std::string describe(const std::string &result) {
  return R"({"name": "Sums", "target": "any", "precision": "f32",
    "parameters": [], "states": [],
    "entries": [{"name": "generate_step", "symbols": ["B", "C"], "arguments": [
      {"role": "input", "name": "x", "dtype": "f32", "shape": ["B", 2]},
      {"role": "input", "name": "state.position", "dtype": "i32", "shape": []},
      )" +
         carried +
         R"(], "results": [
      {"role": "output", "name": "sum", "dtype": "f32", "shape": ["B", 2]},
      )" +
         result + "]}]}";
}

int32_t sumRows(void *const *buffers, const int64_t *dims, void *, void *) {
  const auto *x = static_cast<const float *>(buffers[0]);
  const auto *position = static_cast<const int32_t *>(buffers[1]);
  auto *rows = static_cast<float *>(buffers[2]);
  auto *sum = static_cast<float *>(buffers[3]);
  if (buffers[4] != rows)
    return -1; // not in place
  int64_t batch = dims[0], capacity = dims[1];
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t i = 0; i < 2; ++i) {
      rows[(b * capacity + *position) * 2 + i] = x[b * 2 + i];
      sum[b * 2 + i] = 0;
      for (int64_t row = 0; row < capacity; ++row)
        sum[b * 2 + i] += rows[(b * capacity + row) * 2 + i];
    }
  return 0;
}

int64_t noArena(const int64_t *) { return 0; }

class CarriedTest : public testing::Test {
protected:
  void SetUp() override {
    Expected<std::unique_ptr<Model>> made = Model::create(module, 0, 0);
    ASSERT_TRUE(made) << made.takeError().message();
    model = std::move(*made);
  }

  /// The sums after a run on {number, 10 * number, number + 1, ...}.
  Expected<std::vector<float>> run(int32_t position, float number,
                                   int64_t batch = 2) {
    std::vector<float> x;
    for (int64_t b = 0; b < batch; ++b)
      for (float factor : {1.0f, 10.0f})
        x.push_back(factor * (number + static_cast<float>(b)));
    const int64_t shape[] = {batch, 2};
    maek_tensor_t given[] = {
        {"x", MAEK_F32, 2, shape, x.data()},
        {"state.position", MAEK_I32, 0, nullptr, &position}};
    if (Error error = model->run(0, given))
      return error;
    maek_tensor_t sum = *model->result(0, 0);
    const auto *data = static_cast<const float *>(sum.data);
    return std::vector<float>(data, data + 2 * batch);
  }
  void expect(Expected<std::vector<float>> found, std::vector<float> sums) {
    ASSERT_TRUE(found) << found.takeError().message();
    EXPECT_EQ(*found, sums);
  }

  std::string json = describe(carried);
  maek_entry_code_t entry = {sumRows, noArena, 0};
  maek_module_t module = {.abi = MAEK_MODULE_ABI,
                          .num_variants = 0,
                          .json = json.data(),
                          .json_size = json.size(),
                          .entries = &entry,
                          .variants = nullptr};
  std::unique_ptr<Model> model;
};

} // namespace

TEST_F(CarriedTest, staysFromRunToRun) {
  EXPECT_EQ(run(0, 1).takeError().message(),
            "entry 'generate_step': no argument tells the size C");
  model->resetCarried(0, 2);
  expect(run(0, 1), {1, 10, 2, 20});
  expect(run(1, 3), {4, 40, 6, 60});
  // Begun anew, also by another number of examples.
  model->resetCarried(0, 1);
  expect(run(0, 5, 1), {5, 50});
}

TEST_F(CarriedTest, staysWhereTheCapacityGrows) {
  model->resetCarried(0, 2);
  expect(run(0, 1), {1, 10, 2, 20});
  model->growCarried(0, 5);
  expect(run(4, 3), {4, 40, 6, 60});
  model->growCarried(0, 3);
  EXPECT_EQ(run(2, 1).takeError().message(),
            "entry 'generate_step' carries 'state.cache' of shape [2, 5, 2] "
            "on, needed [2, 3, 2]");
  model->growCarried(0, 5);
  expect(run(2, 1), {5, 50, 8, 80});
}

TEST_F(CarriedTest, allocatesWhereSomethingGrowsOnly) {
  model->resetCarried(0, 8);
  float x[] = {1, 2};
  int32_t position = 0;
  const int64_t shape[] = {1, 2};
  maek_tensor_t given[] = {{"x", MAEK_F32, 2, shape, x},
                           {"state.position", MAEK_I32, 0, nullptr, &position}};
  ASSERT_FALSE(model->run(0, given));
  int64_t before = maek::fake::countAllocations();
  for (position = 1; position < 8; ++position)
    ASSERT_FALSE(model->run(0, given));
  EXPECT_EQ(maek::fake::countAllocations(), before);
}

TEST_F(CarriedTest, isWrittenOverItsArgument) {
  for (
      const auto &[result, message] :
      {std::pair{
           R"({"role": "carried", "name": "other", "dtype": "f32", "shape": []})",
           "writes the carried 'other' that it does not take"},
       {R"({"role": "carried", "name": "state.cache", "dtype": "f32", "shape": ["B", 2, 2]})",
        "takes the carried 'state.cache' in another shape than it gives"}}) {
    json = describe(result);
    module.json = json.data();
    module.json_size = json.size();
    Expected<std::unique_ptr<Model>> made = Model::create(module, 0, 0);
    ASSERT_FALSE(made);
    EXPECT_NE(made.takeError().message().find(message), std::string::npos);
  }
}
