// Part of Maek, under the MIT licence; see LICENSE.
// To add a task: a function like makeCopy, and its line in `tasks`.
#include "runtime/data/Synthetic.h"
#include "runtime/core/Philox.h"

#include <algorithm>
#include <array>

using namespace maek::runtime;

namespace {
/// The arguments that every task has, and the set that it fills.
struct Task {
  const DataSpec &spec;
  Split split;
  int64_t count = 0;
  uint64_t seed = 0;
  Dataset data;

  Task(const DataSpec &spec, Split split) : spec(spec), split(split) {
    int64_t train = spec.count("n", 10'000);
    int64_t test = spec.count("test", 1'000);
    count = split == Split::Train ? train : test;
    seed = static_cast<uint64_t>(spec.count("seed", 0));
    data.count = count;
  }

  /// Random numbers for one purpose.
  RandomStream random(std::string_view purpose) const {
    return {seed, text(spec.name(),
                       split == Split::Train ? " train " : " test ", purpose)};
  }
  /// Adds columns of the given shapes, all zero.
  Error allocate(std::vector<Column> columns);
  template <typename T>
  T *content(size_t column) {
    return reinterpret_cast<T *>(data.columns[column].data->data());
  }
};
} // namespace

Error Task::allocate(std::vector<Column> columns) {
  constexpr int64_t elementBytes = 4;
  int64_t bytes = 0;
  for (Column &column : columns)
    bytes += count * *countElements(column.shape) * elementBytes;
  if (Error error = checkDatasetSize(spec.name(), bytes))
    return error;
  for (Column &column : columns) {
    column.file = text("data set '", spec.name(), "'");
    column.data->resize(static_cast<size_t>(
        count * *countElements(column.shape) * elementBytes));
  }
  data.columns = std::move(columns);
  return Error::success();
}

static Column makeColumn(const char *name, Role role, Column::Storage storage,
                         std::vector<int64_t> shape, int64_t classes = 0) {
  Column column{name, "", role, storage, std::move(shape)};
  column.classes = classes;
  return column;
}

// The adding problem (Hochreiter and Schmidhuber 1997, in the form of Le,
// Jaitly and Hinton 2015): numbers from [0, 1), two of them marked, one in
// each half; the target is the sum of these two.
static Error makeAdding(Task &task) {
  int64_t steps = task.spec.count("T", 100);
  if (Error error = task.allocate(
          {makeColumn("x", Role::Input, Column::Storage::F32, {steps, 2}),
           makeColumn("y", Role::Target, Column::Storage::F32, {})}))
    return error;
  float *x = task.content<float>(0), *y = task.content<float>(1);
  RandomStream values = task.random("values"), marks = task.random("marks");
  int64_t half = steps / 2;
  for (int64_t example = 0; example < task.count; ++example) {
    float *row = x + example * steps * 2;
    for (int64_t t = 0; t < steps; ++t)
      row[t * 2] = static_cast<float>(
          values.uniform(static_cast<uint64_t>(example * steps + t)));
    auto at = static_cast<uint64_t>(example * 2);
    auto first =
        static_cast<int64_t>(marks.below(at, static_cast<uint64_t>(half)));
    auto second = half + static_cast<int64_t>(marks.below(
                             at + 1, static_cast<uint64_t>(steps - half)));
    row[first * 2 + 1] = row[second * 2 + 1] = 1;
    y[example] = row[first * 2] + row[second * 2];
  }
  return Error::success();
}

static void fillSymbols(const RandomStream &random, int64_t example,
                        std::span<int32_t> out, int64_t symbols) {
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<int32_t>(
        random.below(static_cast<uint64_t>(example) * out.size() + i,
                     static_cast<uint64_t>(symbols)));
}

// The copy problem (Arjovsky, Shah and Bengio 2016): symbols, a delay, a sign
// to begin, and as many steps in which to say the symbols. x has two more
// classes, the blank and the sign.
static Error makeCopy(Task &task) {
  int64_t length = task.spec.count("length", 10);
  int64_t delay = task.spec.count("delay", 100);
  int64_t symbols = task.spec.count("symbols", 8);
  int64_t steps = delay + 2 * length;
  if (Error error =
          task.allocate({makeColumn("x", Role::Input, Column::Storage::I32,
                                    {steps}, symbols + 2),
                         makeColumn("y", Role::Target, Column::Storage::I32,
                                    {length}, symbols)}))
    return error;
  auto *x = task.content<int32_t>(0), *y = task.content<int32_t>(1);
  RandomStream random = task.random("symbols");
  auto blank = static_cast<int32_t>(symbols), sign = blank + 1;
  for (int64_t example = 0; example < task.count; ++example) {
    std::span<int32_t> row(x + example * steps, static_cast<size_t>(steps));
    std::span<int32_t> target(y + example * length,
                              static_cast<size_t>(length));
    fillSymbols(random, example, target, symbols);
    std::fill(row.begin(), row.end(), blank);
    std::copy(target.begin(), target.end(), row.begin());
    row[static_cast<size_t>(length + delay - 1)] = sign;
  }
  return Error::success();
}

// y is x in another order. `before` is y one step late, which a decoder reads;
// its first class, one more than x has, says that nothing came before. Of each
// sequence the first n steps count; what stands behind them is 0.
static Error makeReordered(Task &task, bool isSort) {
  int64_t steps = task.spec.count("T", 10);
  int64_t shortest = task.spec.count("shortest", steps);
  int64_t symbols = task.spec.count("symbols", 10);
  if (shortest > steps)
    return makeError(MAEK_INVALID_ARGUMENT, "data set '", task.spec.name(),
                     "': 'shortest' must be at most T = ", steps, ", found ",
                     shortest);
  if (Error error = task.allocate(
          {makeColumn("x", Role::Input, Column::Storage::I32, {steps}, symbols),
           makeColumn("before", Role::Input, Column::Storage::I32, {steps},
                      symbols + 1),
           makeColumn("y", Role::Target, Column::Storage::I32, {steps},
                      symbols),
           makeColumn("n", Role::Input, Column::Storage::F32, {})}))
    return error;
  RandomStream random = task.random("symbols");
  RandomStream lengths = task.random("lengths");
  for (int64_t example = 0; example < task.count; ++example) {
    auto row = [&](size_t column) {
      return std::span(task.content<int32_t>(column) + example * steps,
                       static_cast<size_t>(steps));
    };
    std::span<int32_t> x = row(0), before = row(1), y = row(2);
    fillSymbols(random, example, x, symbols);
    int64_t length =
        shortest + static_cast<int64_t>(lengths.below(
                       static_cast<uint64_t>(example),
                       static_cast<uint64_t>(steps - shortest + 1)));
    task.content<float>(3)[example] = static_cast<float>(length);
    std::fill(x.begin() + length, x.end(), 0);
    std::copy(x.begin(), x.end(), y.begin());
    if (isSort)
      std::sort(y.begin(), y.begin() + length);
    else
      std::reverse(y.begin(), y.begin() + length);
    before[0] = static_cast<int32_t>(symbols);
    std::copy(y.begin(), y.begin() + length - 1, before.begin() + 1);
  }
  return Error::success();
}

static Error makeReverse(Task &task) { return makeReordered(task, false); }
static Error makeSort(Task &task) { return makeReordered(task, true); }

namespace {
constexpr std::array<std::string_view, 4> names = {"adding", "copy", "reverse",
                                                   "sort"};
constexpr std::array<Error (*)(Task &), names.size()> tasks = {
    makeAdding, makeCopy, makeReverse, makeSort};
} // namespace

std::span<const std::string_view> maek::runtime::syntheticNames() {
  return names;
}

Expected<Dataset> maek::runtime::makeSynthetic(const DataSpec &spec,
                                               Split split) {
  auto at = std::find(names.begin(), names.end(), spec.name());
  Task task(spec, split);
  if (Error error = tasks[static_cast<size_t>(at - names.begin())](task))
    return error;
  return std::move(task.data);
}
