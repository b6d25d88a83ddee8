// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/Interrupt.h"

#include <csignal>

namespace maek {

static volatile std::sig_atomic_t isHere;
static struct sigaction before;

static void note(int) {
  isHere = 1;
  sigaction(SIGINT, &before, nullptr);
}

Interrupt::Interrupt() {
  isHere = 0;
  sigaction(SIGINT, nullptr, &before);
  // What is ignored stays so: jobs in the background.
  if (before.sa_handler == SIG_IGN)
    return;
  struct sigaction action = {};
  action.sa_handler = note;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  isInstalled = true;
}

Interrupt::~Interrupt() {
  if (isInstalled)
    sigaction(SIGINT, &before, nullptr);
}

bool Interrupt::isNoted() { return isHere; }

} // namespace maek
