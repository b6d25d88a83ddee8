// Part of Maek, under the MIT licence; see LICENSE.
// Ctrl-C and its kin while training.
#include "runtime/cli/Interrupts.h"

#include <iterator>

using namespace maek::runtime;

namespace {
volatile std::sig_atomic_t wasInterrupted = 0;
void noteInterrupt(int) { wasInterrupted = 1; }
} // namespace

InterruptGuard::InterruptGuard() {
  wasInterrupted = 0;
  struct sigaction action = {};
  action.sa_handler = noteInterrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  for (size_t i = 0; i < std::size(signals); ++i) {
    sigaction(signals[i], nullptr, &former[i]);
    if (former[i].sa_handler != SIG_IGN)
      sigaction(signals[i], &action, nullptr);
  }
}

InterruptGuard::~InterruptGuard() {
  for (size_t i = 0; i < std::size(signals); ++i)
    sigaction(signals[i], &former[i], nullptr);
}

bool InterruptGuard::interrupted() const { return wasInterrupted != 0; }
