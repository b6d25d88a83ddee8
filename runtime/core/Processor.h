// Part of Maek, under the MIT licence; see LICENSE.
// Whether this processor has what a model was compiled for; told before a
// kernel dies of an illegal instruction.
#ifndef MAEK_RUNTIME_CORE_PROCESSOR_H
#define MAEK_RUNTIME_CORE_PROCESSOR_H

#include "runtime/core/Error.h"

#include <string_view>

namespace maek::runtime {

/// Whether the processor, and the system it runs, has a feature: "avx2".
bool processorHas(std::string_view feature);

/// MAEK_BAD_MODULE, with the features that are missing, if this processor
/// cannot run kernels for Halide's target `target`.
Error checkProcessor(std::string_view target,
                     bool (*has)(std::string_view) = processorHas);

/// Whether code for a feature of Halide's targets, "avx512_zen4", runs here;
/// true for what is no such feature.
bool processorRuns(std::string_view feature,
                   bool (*has)(std::string_view) = processorHas);

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_PROCESSOR_H
