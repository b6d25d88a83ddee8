// Part of Maek, under the MIT licence; see LICENSE.
// Attaches the ops' Halide algorithms; one function per group of ops.
#ifndef MAEK_CODEGEN_HALIDE_MODELS_H
#define MAEK_CODEGEN_HALIDE_MODELS_H

namespace mlir {
class MLIRContext;
} // namespace mlir

namespace maek::halide {

void attachAttentionModels(mlir::MLIRContext &context);
void attachElementwiseModels(mlir::MLIRContext &context);
void attachIndexingModels(mlir::MLIRContext &context);
void attachShapeModels(mlir::MLIRContext &context);
void attachContractionModels(mlir::MLIRContext &context);
void attachWindowModels(mlir::MLIRContext &context);

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_MODELS_H
