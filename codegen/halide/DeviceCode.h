// Part of Maek, under the MIT licence; see LICENSE.
// What of a kernel the device's driver compiles, for reading.
#ifndef MAEK_CODEGEN_HALIDE_DEVICECODE_H
#define MAEK_CODEGEN_HALIDE_DEVICECODE_H

#include "Halide.h"

#include <string>

namespace maek::halide {

/// PTX or OpenCL C, and behind it a comment for each entry with what it is
/// launched with, as far as that is no matter of sizes:
///   // launch NAME: 16 x 16 threads, 13056 bytes of shared memory
std::string getDeviceCode(const Halide::Module &module);

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_DEVICECODE_H
