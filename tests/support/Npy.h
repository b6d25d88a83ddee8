// Part of Maek, under the MIT licence; see LICENSE.
// NumPy's .npy files, as far as tests need them.
#ifndef MAEK_TESTS_SUPPORT_NPY_H
#define MAEK_TESTS_SUPPORT_NPY_H

#include "ir/interpreter/Tensor.h"

#include "llvm/Support/Error.h"

namespace maek::test {

/// Reads a file of little-endian f4, f8, i4, i8 or bool, C order.
llvm::Expected<Tensor> readNpy(llvm::StringRef path);

/// Writes a file of f8.
llvm::Error writeNpy(llvm::StringRef path, const Tensor &tensor);

} // namespace maek::test

#endif // MAEK_TESTS_SUPPORT_NPY_H
