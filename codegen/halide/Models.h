// Part of Maek, under the MIT licence; see LICENSE.
// Attaches the ops' Halide algorithms; one function per group of ops.
// What models of several groups share.
#ifndef MAEK_CODEGEN_HALIDE_MODELS_H
#define MAEK_CODEGEN_HALIDE_MODELS_H

#include "codegen/halide/KernelAlgorithm.h"

namespace maek {
class UnpackOp;
} // namespace maek

namespace maek::halide {

/// The packed place of an element; `index` counts words along the axis of
/// words, if there is one.
Index getPackedIndex(UnpackOp unpack, IndexRef index);

void attachAttentionGradientModel(mlir::MLIRContext &context);
void attachAttentionModels(mlir::MLIRContext &context);
void attachElementwiseModels(mlir::MLIRContext &context);
void attachIndexingModels(mlir::MLIRContext &context);
void attachShapeModels(mlir::MLIRContext &context);
void attachContractionModels(mlir::MLIRContext &context);
void attachWindowModels(mlir::MLIRContext &context);

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_MODELS_H
