// Part of Maek, under the MIT licence; see LICENSE.
// What the runtime tells the support code that compiled kernels bring along:
// who shares loops, where errors go, where scratch memory comes from.
// Without such code (in tests) all of it does nothing.
#ifndef MAEK_RUNTIME_CORE_KERNELS_H
#define MAEK_RUNTIME_CORE_KERNELS_H

#include <string>

namespace maek::runtime {

/// Sends the kernels' error messages to takeKernelError instead of standard
/// error and abort, shares their parallel loops among our threads, and keeps
/// their scratch memory between calls; where there is none, says so and aborts.
/// Idempotent.
void supportKernels();

/// The latest message of a kernel of any model, which is forgotten; empty if
/// there was none. Kernels complain if they were built with --asserts alone.
std::string takeKernelError();

/// The processor's cores that this program may run on.
int usableCores();
/// How many threads kernels may use; 0 means one for each usable core.
void setKernelThreads(int threads);
/// How many they use.
int kernelThreads();

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_KERNELS_H
