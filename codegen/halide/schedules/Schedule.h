// Part of Maek, under the MIT licence; see LICENSE.
// The schedules, one file per kernel class. Each is asked in turn whether the
// kernel is of its class; the last one takes any kernel.
#ifndef MAEK_CODEGEN_HALIDE_SCHEDULES_SCHEDULE_H
#define MAEK_CODEGEN_HALIDE_SCHEDULES_SCHEDULE_H

#include "codegen/halide/HalideTarget.h"
#include "codegen/halide/KernelAlgorithm.h"
#include "codegen/halide/schedules/Choices.h"
#include "codegen/halide/schedules/Decision.h"

namespace maek::halide {

/// Schedules the kernel by the target and by its class; `decision` says with
/// which choice.
void scheduleKernel(KernelAlgorithm &kernel, const Halide::Target &target,
                    Decision &decision);

/// Products of activations and weights, with what is made of them element by
/// element. False, and nothing done, if the kernel is no such product.
bool scheduleProduct(KernelAlgorithm &kernel, const Machine &machine,
                     Decision &decision);

/// Products that sum over far more than they give: weight gradients.
bool scheduleLongContraction(KernelAlgorithm &kernel, const Machine &machine,
                             Decision &decision);

/// Products that read an image through windows, and their gradients by the
/// weights. False, and nothing done, if the kernel is no such product.
bool scheduleConvolution(KernelAlgorithm &kernel, const Machine &machine,
                         Decision &decision);

/// Sums and maxima of few neighbours. False, and nothing done, if the kernel is
/// of another kind.
bool schedulePooling(KernelAlgorithm &kernel, const Machine &machine,
                     Decision &decision);

/// Attention and its gradients. False, and nothing done, if the kernel has
/// none.
bool scheduleAttention(KernelAlgorithm &kernel, const Machine &machine,
                       Decision &decision);

/// Kernels without a contraction or reduction.
bool scheduleElementwise(KernelAlgorithm &kernel, const Machine &machine,
                         Decision &decision);

/// Any kernel: each reduction by itself, then the results.
void scheduleReduction(KernelAlgorithm &kernel, const Machine &machine,
                       Decision &decision);

/// Numbers added at places that a tensor names.
void scheduleScatter(KernelAlgorithm &kernel, Reduction &scatter,
                     const Machine &machine);

/// 32 KiB of each f32 operand in a task.
inline constexpr ElementwiseChoice usualElements = {8192};

/// The results of one shape, from reductions that are computed before.
void scheduleElements(KernelAlgorithm &kernel, OutputGroup &group,
                      const Machine &machine,
                      const ElementwiseChoice &choice = usualElements);

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_SCHEDULES_SCHEDULE_H
