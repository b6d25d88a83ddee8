// Part of Maek, under the MIT licence; see LICENSE.
#include "ir/interpreter/Frame.h"

#include "ir/interpreter/Interpretable.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace maek;

const Tensor &Frame::operator[](Value value) const {
  auto found = values.find(value.getAsOpaquePointer());
  assert(found != values.end() && "the value is used before its op ran");
  return found->second;
}

LogicalResult Frame::set(Value value, Tensor tensor) {
  FailureOr<Shape> shape = getShape(value);
  if (failed(shape))
    return failure();
  if (*shape != tensor.shape) {
    InFlightDiagnostic error = emitError(value.getLoc())
                               << "a value of shape [";
    llvm::interleaveComma(tensor.shape, error);
    error << "] was computed, its type " << value.getType() << " says [";
    llvm::interleaveComma(*shape, error);
    return error << "]";
  }
  if (hook)
    hook(value, tensor);
  values[value.getAsOpaquePointer()] = std::move(tensor);
  return success();
}

FailureOr<Shape> Frame::getShape(Value value) const {
  if (!isa<RankedTensorType>(value.getType()))
    return emitError(value.getLoc())
           << "the interpreter knows tensors only, found " << value.getType();
  Shape shape;
  for (const Extent &extent : getExtents(value.getType())) {
    std::optional<int64_t> size = symbols.evaluate(extent);
    if (!size)
      return emitError(value.getLoc())
             << "the value of " << extent.str() << " is not known";
    shape.push_back(*size);
  }
  if (!countElements(shape))
    return emitError(value.getLoc())
           << "a value of type " << value.getType() << " is too large";
  return shape;
}

LogicalResult Frame::run(Block &block) {
  for (Operation &op : block.without_terminator()) {
    auto interpretable = dyn_cast<Interpretable>(op);
    if (!interpretable)
      return op.emitOpError("cannot be interpreted");
    if (failed(interpretable.interpret(*this)))
      return failure();
  }
  return success();
}
