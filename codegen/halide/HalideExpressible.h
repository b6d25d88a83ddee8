// Part of Maek, under the MIT licence; see LICENSE.
// The interface by which an op states its Halide algorithm.
#ifndef MAEK_CODEGEN_HALIDE_HALIDEEXPRESSIBLE_H
#define MAEK_CODEGEN_HALIDE_HALIDEEXPRESSIBLE_H

#include "mlir/IR/OpDefinition.h"

namespace maek::halide {
class KernelAlgorithm;
} // namespace maek::halide

#include "codegen/halide/HalideExpressible.h.inc"

#endif // MAEK_CODEGEN_HALIDE_HALIDEEXPRESSIBLE_H
