// Part of Maek, under the MIT licence; see LICENSE.
// Averages of loss and metrics.
#include "runtime/train/Meter.h"

#include <charconv>
#include <cmath>
#include <limits>

using namespace maek::runtime;

Meter::Meter(const ModuleInfo &module, size_t entry,
             std::optional<size_t> other) {
  addSeries(module, entry);
  if (other)
    addSeries(module, *other);
}

void Meter::addSeries(const ModuleInfo &module, size_t entry) {
  const std::vector<PortInfo> &results = module.entries[entry].results;
  for (size_t i = 0; i < results.size(); ++i) {
    Role role = results[i].role;
    if (results[i].shape.empty() &&
        (role == Role::Loss || role == Role::Metric || role == Role::Report))
      series.push_back({&results[i].name, entry, i, role == Role::Report});
  }
}

Error Meter::add(Model &model, int64_t examples) {
  for (Series &one : series) {
    Expected<double> value = model.scalar(one.entry, one.result);
    if (!value)
      return value.takeError();
    one.latest = *value;
    // Its sign depends on the machine's instructions and would be printed.
    if (std::isnan(one.latest))
      one.latest = std::numeric_limits<double>::quiet_NaN();
    one.sum += one.latest * static_cast<double>(examples);
  }
  count += examples;
  return Error::success();
}

void Meter::clear() {
  for (Series &one : series)
    one.sum = one.latest = 0;
  count = 0;
}

double Meter::value(size_t index) const {
  const Series &one = series[index];
  if (one.isReport || count == 0)
    return one.latest;
  return one.sum / static_cast<double>(count);
}

// Shortest decimals read back as the same number, so nothing is lost.
std::string Meter::save() const {
  std::string out = text(count);
  for (const Series &one : series)
    append(out, text(' ', one.sum, ' ', one.latest));
  return out;
}

bool Meter::restore(std::string_view state) {
  const char *at = state.data(), *end = at + state.size();
  auto read = [&](auto &out) {
    if (at != state.data()) {
      if (at == end || *at != ' ')
        return false;
      ++at;
    }
    auto [next, status] = std::from_chars(at, end, out);
    at = next;
    return status == std::errc();
  };
  if (!read(count) || count < 0)
    return false;
  for (Series &one : series)
    if (!read(one.sum) || !read(one.latest))
      return false;
  return at == end;
}
