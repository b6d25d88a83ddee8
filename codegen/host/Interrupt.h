// Part of Maek, under the MIT licence; see LICENSE.
// Ctrl-C while there is something to end early, and something to keep.
#ifndef MAEK_CODEGEN_HOST_INTERRUPT_H
#define MAEK_CODEGEN_HOST_INTERRUPT_H

namespace maek {

/// While it lives, the first INT is noted and nothing else; a second one does
/// what it did before. One at a time.
class Interrupt {
public:
  Interrupt();
  Interrupt(const Interrupt &) = delete;
  ~Interrupt();

  static bool isNoted();

private:
  bool isInstalled = false;
};

} // namespace maek

#endif // MAEK_CODEGEN_HOST_INTERRUPT_H
