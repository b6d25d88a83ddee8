// Part of Maek, under the MIT licence; see LICENSE.
// A module written by hand, once for the processor and once for each kind of
// device: what the compiler would emit, with kernels of one thread.
//
//   forward        x: f32[B, 4], prepared w2 = 2 w -> y = x w2, total of y
//   train_step     x: f32[B, 4] -> loss = |w - mean x|^2, grad_norm; new w, n
//   prepare        w -> w2
//   generate_step  x: f32[B, 2], position -> sum over the rows kept so far
#ifndef MAEK_TESTS_UNIT_RUNTIME_FAKEDEVICE_H
#define MAEK_TESTS_UNIT_RUNTIME_FAKEDEVICE_H

#include "maek/maek.h"

namespace maek::fake {

/// The processor's code, with variants for cuda (of capability 80) and opencl.
const maek_module_t &steps();
/// The code for a device: its kind is "cuda" or "opencl".
const maek_module_t &stepsFor(const char *kind);

/// Tells the stand-in for CUDA's driver what the kernels do.
void defineStubKernels();

} // namespace maek::fake

#endif // MAEK_TESTS_UNIT_RUNTIME_FAKEDEVICE_H
