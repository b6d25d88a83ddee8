// Part of Maek, under the MIT licence; see LICENSE.
// The C header of a compiled model: one file that needs no other of ours.
#ifndef MAEK_CODEGEN_HOST_HEADER_H
#define MAEK_CODEGEN_HOST_HEADER_H

#include "codegen/host/RuntimeFiles.h"
#include "llvm/Support/JSON.h"

namespace maek {

/// The text: the C interface, the library's own function and, in comments, the
/// tensors of each entry. Valid C11 and C++17.
std::string makeHeader(const llvm::json::Object &description,
                       llvm::StringRef library, const RuntimeFiles &files);

} // namespace maek

#endif // MAEK_CODEGEN_HOST_HEADER_H
