// Part of Maek, under the MIT licence; see LICENSE.
// Puts the program's signal handlers back: some OpenCL implementations install
// their own where they are set up, PoCL those of SIGFPE and SIGUSR2.
#ifndef MAEK_RUNTIME_DEVICE_KEEPSIGNALS_H
#define MAEK_RUNTIME_DEVICE_KEEPSIGNALS_H

#include <array>
#include <csignal>
#include <cstddef>

namespace maek::runtime {

class KeepSignals {
public:
  KeepSignals() {
    for (size_t i = 0; i < signals.size(); ++i)
      sigaction(signals[i], nullptr, &before[i]);
  }
  KeepSignals(const KeepSignals &) = delete;
  KeepSignals &operator=(const KeepSignals &) = delete;
  ~KeepSignals() {
    for (size_t i = 0; i < signals.size(); ++i)
      sigaction(signals[i], &before[i], nullptr);
  }

private:
  static constexpr std::array signals = {
      SIGHUP,  SIGINT,  SIGQUIT, SIGILL,  SIGABRT, SIGFPE, SIGUSR1,
      SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGBUS, SIGCHLD};
  std::array<struct sigaction, signals.size()> before;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DEVICE_KEEPSIGNALS_H
