// Part of Maek, under the MIT licence; see LICENSE.
// Ctrl-C and its kin while training: the first asks to stop, the second kills.
#ifndef MAEK_RUNTIME_CLI_INTERRUPTS_H
#define MAEK_RUNTIME_CLI_INTERRUPTS_H

#include <csignal>

namespace maek::runtime {

/// While it lives, the first SIGINT, SIGTERM or SIGHUP is noted and puts the
/// system's own handling back. Signals that are ignored stay ignored (nohup).
class InterruptGuard {
public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard &) = delete;
  InterruptGuard &operator=(const InterruptGuard &) = delete;

  bool interrupted() const;

private:
  static constexpr int signals[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction former[3];
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CLI_INTERRUPTS_H
