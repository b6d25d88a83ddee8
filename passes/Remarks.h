// Part of Maek, under the MIT licence; see LICENSE.
// What a pass did, or why it did not, said on the model's own line.
#ifndef MAEK_PASSES_REMARKS_H
#define MAEK_PASSES_REMARKS_H

#include "mlir/IR/Remarks.h"

namespace maek {

/// `remarkPassed(loc, "merge-gate-matmuls") << "merged 4 products into one";`
/// Costs nothing unless remarks are asked for (`--remarks=passed,missed`).
inline mlir::remark::detail::InFlightRemark remarkPassed(mlir::Location loc,
                                                         llvm::StringRef pass) {
  return mlir::remark::passed(
      loc, mlir::remark::RemarkOpts::name(pass).category(pass));
}

/// The pattern was there but the pass left it; says why.
inline mlir::remark::detail::InFlightRemark remarkMissed(mlir::Location loc,
                                                         llvm::StringRef pass) {
  return mlir::remark::missed(
      loc, mlir::remark::RemarkOpts::name(pass).category(pass));
}

} // namespace maek

#endif // MAEK_PASSES_REMARKS_H
