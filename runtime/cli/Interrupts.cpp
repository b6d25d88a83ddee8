// Part of Maek, under the MIT licence; see LICENSE.
// Ctrl-C and its kin while training.
#include "runtime/cli/Interrupts.h"
#include "runtime/cli/CommandLine.h"

#include <cerrno>
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
/// What a handler writes: it can call little, so the text is made before.
struct Words {
  char text[256];
  size_t size = 0;

  void set(std::string_view words) { size = words.copy(text, sizeof(text)); }
  void say() const {
    int former = errno;
    [[maybe_unused]] ssize_t written = write(STDERR_FILENO, text, size);
    errno = former;
  }
};
Words answerWords, lastWords;

volatile std::sig_atomic_t wasInterrupted = 0;
void noteInterrupt(int signal) {
  if (wasInterrupted) {
    // Comes once this handler has returned.
    std::signal(signal, SIG_DFL);
    std::raise(signal);
    return;
  }
  wasInterrupted = 1;
  answerWords.say();
}

void sayAndLeave(int) {
  lastWords.say();
  _exit(ExitInterrupted);
}

auto prepareExit(const std::string &message) {
  lastWords.set(message + "\n");
  return sayAndLeave;
}
} // namespace

// Before the handler is there: what it notes from then on counts.
static void (*startNoting(std::string_view answer))(int) {
  wasInterrupted = 0;
  answerWords.set(answer);
  return noteInterrupt;
}

InterruptGuard::InterruptGuard(std::string_view answer)
    : former(startNoting(answer)) {}

bool InterruptGuard::interrupted() const { return wasInterrupted != 0; }

InterruptExit::InterruptExit(const std::string &message)
    : former(prepareExit(message)) {}
