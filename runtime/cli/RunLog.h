// Part of Maek, under the MIT licence; see LICENSE.
// Figures of a training run as CSV and JSON lines.
#ifndef MAEK_RUNTIME_CLI_RUNLOG_H
#define MAEK_RUNTIME_CLI_RUNLOG_H

#include "runtime/core/Error.h"
#include "runtime/train/Meter.h"
#include <cstdio>

namespace maek::runtime {

/// One row of a log.
struct LogRow {
  int64_t epoch, step;
  const char *split; ///< "step", "train" or "test"
  double seconds, samplesPerSecond;
};

/// Writes rows to the files that were asked for. Each row is flushed, so a
/// killed run has lost nothing.
class RunLog {
public:
  RunLog() = default;
  RunLog(const RunLog &) = delete;
  RunLog &operator=(const RunLog &) = delete;
  ~RunLog();

  /// Opens the files; empty paths are left out. `append` continues them; a
  /// table with other columns is an error then. `columns` are the names of all
  /// figures, in order.
  Error open(const std::string &csvPath, const std::string &jsonPath,
             bool append, std::vector<std::string> columns);

  /// Writes the meter's figures: the latest ones for a "step", means
  /// otherwise.
  void write(const LogRow &row, const Meter &meter);

  /// The first write that failed, if one did.
  Error check() const;

private:
  static Error openOne(const std::string &path, bool append,
                       std::string_view head, std::FILE *&out);

  std::FILE *csv = nullptr, *json = nullptr;
  std::string csvPath, jsonPath;
  std::vector<std::string> columns;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CLI_RUNLOG_H
