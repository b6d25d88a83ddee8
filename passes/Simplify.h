// Part of Maek, under the MIT licence; see LICENSE.
// The rewrites of `maek-simplify`, by topic, beside the ops' own folds and
// canonicalizations (ir/Folds.cpp, ir/Canonicalize.cpp), which it applies too:
// those always make a program simpler; these round differently, or pay under a
// condition. Each keeps the value, NaN and infinity included, up to rounding;
// the exceptions say so.
#ifndef MAEK_PASSES_SIMPLIFY_H
#define MAEK_PASSES_SIMPLIFY_H

#include "mlir/IR/PatternMatch.h"

namespace maek {

class ScanOp;

/// Factors gathered, quotients and powers made cheaper.
void populateArithmeticPatterns(mlir::RewritePatternSet &patterns);
/// Attention and the sums of its weights as one.
void populateAttentionPatterns(mlir::RewritePatternSet &patterns);
/// Work done before a broadcast rather than after it.
void populateBroadcastPatterns(mlir::RewritePatternSet &patterns);
/// Reductions of what is repeated, permuted or reduced already.
void populateReducePatterns(mlir::RewritePatternSet &patterns);
/// Transposes cancelled, absorbed or turned into reshapes.
void populateShapePatterns(mlir::RewritePatternSet &patterns);
/// Slices moved towards the values' sources, down to a scan's final state.
void populateSlicePatterns(mlir::RewritePatternSet &patterns);
/// Products with one-hot numbers as rows of a table.
void populateIndexingPatterns(mlir::RewritePatternSet &patterns);
/// Scans without what they carry in vain.
void populateScanPatterns(mlir::RewritePatternSet &patterns);

/// Sums over windows as products of windows.
void populateWindowPatterns(mlir::RewritePatternSet &patterns);

/// Moves what no step changes out of the scan, except what costs nothing to
/// repeat (constants, broadcasts). Returns the number of ops moved.
unsigned hoistInvariants(ScanOp scan);

} // namespace maek

#endif // MAEK_PASSES_SIMPLIFY_H
