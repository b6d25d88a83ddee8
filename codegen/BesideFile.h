// Part of Maek, under the MIT licence; see LICENSE.
// New files that take another's place once they are complete.
#ifndef MAEK_CODEGEN_BESIDEFILE_H
#define MAEK_CODEGEN_BESIDEFILE_H

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"

namespace maek {

/// Opens a new file for writing whose name is `target` and a random ending.
/// LLVM's createUniqueFile would make other names of those with a '%'.
inline std::error_code createBeside(llvm::StringRef target, int &descriptor,
                                    llvm::SmallVectorImpl<char> &path) {
  constexpr int attempts = 16;
  std::error_code error;
  for (int i = 0; i < attempts; ++i) {
    llvm::SmallString<16> ending;
    llvm::sys::fs::createUniquePath(".%%%%%%%%", ending,
                                    /*MakeAbsolute=*/false);
    path.assign(target.begin(), target.end());
    path.append(ending.begin(), ending.end());
    error = llvm::sys::fs::openFileForWrite(
        llvm::StringRef(path.data(), path.size()), descriptor,
        llvm::sys::fs::CD_CreateNew);
    if (error != std::errc::file_exists)
      break;
  }
  return error;
}

} // namespace maek

#endif // MAEK_CODEGEN_BESIDEFILE_H
