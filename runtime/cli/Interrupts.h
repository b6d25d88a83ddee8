// Part of Maek, under the MIT licence; see LICENSE.
// Ctrl-C and its kin while training: the first asks to stop, the second kills.
// Before there is anything to save, the first ends the program.
#ifndef MAEK_RUNTIME_CLI_INTERRUPTS_H
#define MAEK_RUNTIME_CLI_INTERRUPTS_H

#include <csignal>
#include <string>
#include <string_view>

namespace maek::runtime {

/// SIGINT, SIGTERM and SIGHUP, except for those that are ignored (nohup).
class SignalHandlers {
public:
  explicit SignalHandlers(void (*handler)(int));
  ~SignalHandlers();
  SignalHandlers(const SignalHandlers &) = delete;
  SignalHandlers &operator=(const SignalHandlers &) = delete;

private:
  static constexpr int signals[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction former[3];
};

/// While it lives, the first SIGINT, SIGTERM or SIGHUP is noted, and `answer`
/// written to standard error at once; the second, which may be another of them,
/// kills. One at a time.
class InterruptGuard {
public:
  explicit InterruptGuard(std::string_view answer = "");

  bool interrupted() const;

private:
  SignalHandlers former;
};

/// While it lives, a signal of the above prints `message` and leaves with
/// ExitInterrupted at once.
class InterruptExit {
public:
  explicit InterruptExit(const std::string &message);

private:
  SignalHandlers former;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CLI_INTERRUPTS_H
