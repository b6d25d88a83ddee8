// Part of Maek, under the MIT licence; see LICENSE.
// The functions that attach the gradient rules, one for each file of rules.
#ifndef MAEK_PASSES_GRADIENTS_H
#define MAEK_PASSES_GRADIENTS_H

namespace mlir {
class MLIRContext;
}

namespace maek {

void attachElementwiseGradients(mlir::MLIRContext &context);
void attachShapeGradients(mlir::MLIRContext &context);
void attachAttentionGradients(mlir::MLIRContext &context);
void attachContractionGradients(mlir::MLIRContext &context);
void attachWindowGradients(mlir::MLIRContext &context);
void attachIndexingGradients(mlir::MLIRContext &context);
void attachScanGradient(mlir::MLIRContext &context);

} // namespace maek

#endif // MAEK_PASSES_GRADIENTS_H
