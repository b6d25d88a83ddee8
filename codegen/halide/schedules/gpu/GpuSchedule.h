// Part of Maek, under the MIT licence; see LICENSE.
// The schedules for devices, one file per kernel class, as Schedule.h has them
// for processors. All that a kernel computes is inside of loops over blocks and
// threads: the host has no address of any tensor.
#ifndef MAEK_CODEGEN_HALIDE_SCHEDULES_GPU_GPUSCHEDULE_H
#define MAEK_CODEGEN_HALIDE_SCHEDULES_GPU_GPUSCHEDULE_H

#include "codegen/halide/KernelAlgorithm.h"
#include "codegen/halide/schedules/Decision.h"

namespace maek::halide::gpu {

/// Schedules the kernel by its class; `decision` says how and why.
void scheduleKernel(KernelAlgorithm &kernel, Decision &decision);

/// Attention and its gradients. False, and nothing done, if the kernel has
/// none.
bool scheduleAttention(KernelAlgorithm &kernel, Decision &decision);

/// Products, with what is made of them element by element. False, and nothing
/// done, if the kernel is no such product.
bool scheduleProduct(KernelAlgorithm &kernel, Decision &decision);

/// Rows that are reduced and used again. False, and nothing done, if the kernel
/// is of another kind.
bool scheduleRows(KernelAlgorithm &kernel, Decision &decision);

/// Any kernel: each reduction by itself, then the results.
void scheduleGeneral(KernelAlgorithm &kernel, Decision &decision);

/// One sum or maximum by itself; its results are in global memory.
void scheduleReduction(Reduction &reduction);
/// How, for a remark.
std::string explainReduction(Reduction &reduction);

/// Whether it reduces its operand's innermost axis, which is not short.
bool isAlongRows(const Reduction &reduction);

/// Shares the axis `along` of a reduction, which a loop over a block's threads
/// of `user` computes for `rows` rows, out to `lanes` threads a row; what they
/// have is in shared memory within the loop `block`.
Halide::Func scheduleLanes(Halide::Func func, Halide::RVar along, int lanes,
                           int rows, Halide::Func user,
                           const Halide::Var &block);

/// Numbers added at places that a tensor names.
void scheduleScatter(Reduction &scatter);

/// One thread for each element of a function that is stored in global memory;
/// gives the loop over a block's threads.
Halide::Var scheduleElements(Halide::Func func);

} // namespace maek::halide::gpu

#endif // MAEK_CODEGEN_HALIDE_SCHEDULES_GPU_GPUSCHEDULE_H
