// Part of Maek, under the MIT licence; see LICENSE.
// What a person sees while a program works: one line that is written over on a
// terminal, and now and then a plain line elsewhere.
#ifndef MAEK_RUNTIME_CLI_PROGRESS_H
#define MAEK_RUNTIME_CLI_PROGRESS_H

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

namespace maek::runtime {

using Clock = std::chrono::steady_clock;

inline double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// "1:05", "2:00:07".
std::string clockText(double seconds);
/// printf for one number: format("%.4f", 0.5).
std::string format(const char *pattern, double value);

/// A line on `stream` for what is true at the moment.
class ProgressLine {
public:
  /// `width` is the terminal's, asked anew each time if 0; `enabled` false
  /// shows nothing.
  ProgressLine(std::FILE *stream, bool isTerminal, bool enabled, int width = 0);

  /// Whether it is time to show something; cheap.
  bool isDue();
  /// Shows `line`, cut to the terminal's width.
  void show(std::string_view line);
  /// Removes it from the terminal, so that other lines can be printed.
  void clear();

private:
  std::FILE *stream;
  bool isTerminal, enabled;
  int width;
  bool isShown = false;
  Clock::time_point next;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CLI_PROGRESS_H
