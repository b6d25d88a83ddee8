// Part of Maek, under the MIT licence; see LICENSE.
// What a test asks of the stand-in for CUDA's driver, beside the driver's own
// functions. Its device memory is out of the program's reach; it writes down
// what it is asked to do, one line a call:
//
//   allocate 1024        free 1024           load 2 kernels
//   upload 64            download 4          copy 16         clear 4096
//   launch add 2x1x1 64x1x1 shared 0         synchronize
//   begin recording      end recording, 3 operations         replay
//
// Recorded calls are written down with "record " before them, and without it
// behind each "replay".
//
// Programs are told by their environment:
//   MAEK_STUB_CUDA_LOG       file that the lines are added to
//   MAEK_STUB_CUDA_DEVICES   how many devices there are (2)
//   MAEK_STUB_CUDA_VERSION   of the driver (12040)
//   MAEK_STUB_CUDA_MEMORY    bytes of each device (2^30)
//   MAEK_STUB_CUDA_NO_MEMORY the allocation, counted from 1, that fails, and
//                            all behind it, and graphs
//   MAEK_STUB_CUDA_LOST      the launch, counted from 1, at which the device is
//                            lost; as is usual, a later call says so
#ifndef MAEK_TESTS_SUPPORT_STUBCUDA_H
#define MAEK_TESTS_SUPPORT_STUBCUDA_H

extern "C" {

/// A kernel's work, done at once, on its arguments' values. Without one a
/// launch is written down and does nothing.
using maek_stub_kernel_t = void (*)(void *const *arguments);

/// Forgets lines, counts and failures to come.
void maek_stub_cuda_reset();
/// All lines; valid until the next call of the driver.
const char *maek_stub_cuda_log();
/// What all kernels of that name do; null for nothing.
void maek_stub_cuda_define(const char *name, maek_stub_kernel_t work);
/// As the environment's variables of these names; counted from this call, 0 for
/// none.
void maek_stub_cuda_set_no_memory(int allocation);
void maek_stub_cuda_set_lost(int launch);
/// Bytes of device memory that are not freed.
unsigned long long maek_stub_cuda_held();
}

#endif // MAEK_TESTS_SUPPORT_STUBCUDA_H
