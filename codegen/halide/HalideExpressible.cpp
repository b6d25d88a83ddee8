// Part of Maek, under the MIT licence; see LICENSE.
// The generated half of the interface.
#include "codegen/halide/HalideExpressible.h"

#include "codegen/halide/HalideExpressible.cpp.inc"
