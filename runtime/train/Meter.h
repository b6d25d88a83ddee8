// Part of Maek, under the MIT licence; see LICENSE.
// Loss and metrics of an entry, averaged over the examples of many runs.
#ifndef MAEK_RUNTIME_TRAIN_METER_H
#define MAEK_RUNTIME_TRAIN_METER_H

#include "runtime/core/Model.h"

namespace maek::runtime {

/// Averages results of role loss and metric, keeps the latest of role report.
class Meter {
public:
  /// `other` is an entry with reports of its own, if there is one.
  Meter(const ModuleInfo &module, size_t entry,
        std::optional<size_t> other = std::nullopt);

  /// Takes the scalar results of the entry's latest run on that many examples.
  Error add(Model &model, int64_t examples);
  void clear();

  size_t size() const { return series.size(); }
  const std::string &name(size_t index) const { return *series[index].name; }
  bool isReport(size_t index) const { return series[index].isReport; }
  /// Mean of a loss or metric, latest value of a report. 0 before any run.
  double value(size_t index) const;
  /// As in the latest run.
  double latest(size_t index) const { return series[index].latest; }
  int64_t examples() const { return count; }

  /// Exact text of the state, for checkpoints, and back; false if `text` is
  /// no such state.
  std::string save() const;
  bool restore(std::string_view text);

private:
  struct Series {
    const std::string *name;
    size_t entry, result;
    bool isReport;
    double sum = 0, latest = 0;
  };
  void addSeries(const ModuleInfo &module, size_t entry);

  std::vector<Series> series;
  int64_t count = 0;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_TRAIN_METER_H
