// Part of Maek, under the MIT licence; see LICENSE.
// Compiled kernels kept on disk, found by what they were made from.
#ifndef MAEK_CODEGEN_HALIDE_KERNELCACHE_H
#define MAEK_CODEGEN_HALIDE_KERNELCACHE_H

#include "mlir/Support/LLVM.h"
#include <optional>
#include <string>

namespace maek::halide {

class KernelCache {
public:
  /// An empty `directory` means the user's cache folder, see KernelOptions.
  explicit KernelCache(llvm::StringRef directory);

  /// What was stored for the key; nothing if there is no entry or it is
  /// damaged.
  std::optional<std::string> load(llvm::StringRef key) const;
  /// Stores by writing aside and renaming, so that readers never see half an
  /// entry. A cache that cannot be written to is no error.
  void store(llvm::StringRef key, llvm::StringRef data) const;

private:
  std::string getPath(llvm::StringRef key) const;
  std::string directory;
};

/// The key of some content: 64 hexadecimal digits.
std::string hashContent(llvm::StringRef content);

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_KERNELCACHE_H
