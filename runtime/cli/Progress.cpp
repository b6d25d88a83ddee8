// Part of Maek, under the MIT licence; see LICENSE.
// Progress on terminals and elsewhere.
#include "runtime/cli/Progress.h"

#include <cmath>
#include <sys/ioctl.h>
#include <unistd.h>

using namespace maek::runtime;

std::string maek::runtime::format(const char *pattern, double value) {
  char buffer[64];
  int length = std::snprintf(buffer, sizeof(buffer), pattern, value);
  return std::string(buffer, length < 0 ? 0 : static_cast<size_t>(length));
}

std::string maek::runtime::clockText(double seconds) {
  constexpr double longest = 100.0 * 24 * 3600;
  if (!(seconds >= 0) || seconds > longest)
    return "-";
  long total = std::lround(seconds);
  char buffer[32];
  if (total >= 3600)
    std::snprintf(buffer, sizeof(buffer), "%ld:%02ld:%02ld", total / 3600,
                  total / 60 % 60, total % 60);
  else
    std::snprintf(buffer, sizeof(buffer), "%ld:%02ld", total / 60, total % 60);
  return buffer;
}

ProgressLine::ProgressLine(std::FILE *stream, bool isTerminal, bool enabled,
                           int width)
    : stream(stream), isTerminal(isTerminal), enabled(enabled), width(width),
      next(Clock::now()) {
  // In a log file a sign of life is enough.
  if (!isTerminal)
    next += std::chrono::seconds(30);
}

bool ProgressLine::isDue() { return enabled && Clock::now() >= next; }

static int terminalWidth(std::FILE *stream) {
  winsize size = {};
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return 80;
  return size.ws_col;
}

void ProgressLine::show(std::string_view line) {
  if (!enabled)
    return;
  if (!isTerminal) {
    next = Clock::now() + std::chrono::seconds(30);
    std::fprintf(stream, "%s\n", std::string(line).c_str());
  } else {
    next = Clock::now() + std::chrono::milliseconds(100);
    // A full last column would make some terminals wrap.
    int room = (width > 0 ? width : terminalWidth(stream)) - 1;
    size_t length = std::min(static_cast<size_t>(room), line.size());
    std::fprintf(stream, "\r%s\x1b[K",
                 std::string(line.substr(0, length)).c_str());
    isShown = true;
  }
  std::fflush(stream);
}

void ProgressLine::clear() {
  if (!isShown)
    return;
  std::fputs("\r\x1b[K", stream);
  std::fflush(stream);
  isShown = false;
}
