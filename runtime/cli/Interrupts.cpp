// Part of Maek, under the MIT licence; see LICENSE.
// Ctrl-C and its kin while training.
#include "runtime/cli/Interrupts.h"
#include "runtime/cli/CommandLine.h"

#include <iterator>
#include <unistd.h>

using namespace maek::runtime;

SignalHandlers::SignalHandlers(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  for (size_t i = 0; i < std::size(signals); ++i) {
    sigaction(signals[i], nullptr, &former[i]);
    if (former[i].sa_handler != SIG_IGN)
      sigaction(signals[i], &action, nullptr);
  }
}

SignalHandlers::~SignalHandlers() {
  for (size_t i = 0; i < std::size(signals); ++i)
    sigaction(signals[i], &former[i], nullptr);
}

namespace {
volatile std::sig_atomic_t wasInterrupted = 0;
void noteInterrupt(int signal) {
  if (wasInterrupted) {
    // Comes once this handler has returned.
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  wasInterrupted = 1;
}

// A handler can call little, so the text is made before.
char lastWords[256];
size_t lastWordsSize = 0;
void sayAndLeave(int) {
  [[maybe_unused]] ssize_t written =
      write(STDERR_FILENO, lastWords, lastWordsSize);
  _exit(ExitInterrupted);
}

auto prepareExit(const std::string &message) {
  lastWordsSize = (message + "\n").copy(lastWords, sizeof(lastWords));
  return sayAndLeave;
}
} // namespace

// Before the handler is there: what it notes from then on counts.
static void (*startNoting())(int) {
  wasInterrupted = 0;
  return noteInterrupt;
}

InterruptGuard::InterruptGuard() : former(startNoting()) {}

bool InterruptGuard::interrupted() const { return wasInterrupted != 0; }

InterruptExit::InterruptExit(const std::string &message)
    : former(prepareExit(message)) {}
