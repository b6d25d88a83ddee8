// Part of Maek, under the MIT licence; see LICENSE.
// The generated interface that each interpreted op implements, and what its
// models need.
#ifndef MAEK_IR_INTERPRETER_INTERPRETABLE_H
#define MAEK_IR_INTERPRETER_INTERPRETABLE_H

#include "ir/interpreter/Frame.h"

#include "mlir/IR/OpDefinition.h"

#include "ir/interpreter/Interpretable.h.inc"

namespace maek {

/// The model of an op with one result, whose value is `evaluate(op, shape,
/// frame)`: a function beside the place where the model is attached. Models
/// find it by its first argument.
template <typename OpT,
          mlir::FailureOr<Tensor> (*evaluate)(OpT, Index, Frame &)>
struct Evaluated : Interpretable::ExternalModel<Evaluated<OpT, evaluate>, OpT> {
  llvm::LogicalResult interpret(mlir::Operation *op, Frame &frame) const {
    mlir::FailureOr<Shape> shape = frame.getShape(op->getResult(0));
    if (failed(shape))
      return mlir::failure();
    mlir::FailureOr<Tensor> value =
        evaluate(mlir::cast<OpT>(op), *shape, frame);
    if (failed(value))
      return mlir::failure();
    return frame.set(op->getResult(0), std::move(*value));
  }
};

// One function per file of models.
void attachAttentionModels(mlir::MLIRContext &context);
void attachContractionModels(mlir::MLIRContext &context);
void attachElementwiseModels(mlir::MLIRContext &context);
void attachIndexingModels(mlir::MLIRContext &context);
void attachShapeModels(mlir::MLIRContext &context);
void attachStructureModels(mlir::MLIRContext &context);
void attachWindowModels(mlir::MLIRContext &context);
void attachCallModel(mlir::MLIRContext &context);

} // namespace maek

#endif // MAEK_IR_INTERPRETER_INTERPRETABLE_H
