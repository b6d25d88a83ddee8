// Part of Maek, under the MIT licence; see LICENSE.
// Functions: binding arguments, running the body, calls.
#include "ir/interpreter/Interpreter.h"

#include "ir/MaekDialect.h"
#include "ir/interpreter/Interpretable.h"

#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace maek;

#include "ir/interpreter/Interpretable.cpp.inc"

// Deep enough for any module of ours, and far from the stack's end.
static constexpr unsigned kMaxDepth = 64;

/// Binds symbols to the sizes of `argument`.
static LogicalResult bindShape(func::FuncOp function, unsigned number,
                               const Tensor &argument, Frame &frame) {
  Type type = function.getArgumentTypes()[number];
  if (!isa<RankedTensorType>(type))
    return function.emitError()
           << "the interpreter knows tensors only, argument " << number
           << " is of type " << type;
  SmallVector<Extent> extents = getExtents(type);
  if (argument.rank() != int64_t(extents.size()))
    return function.emitError()
           << "argument " << number << " has " << argument.rank()
           << " axes, its type is " << type;
  for (auto [axis, extent] : llvm::enumerate(extents))
    if (failed(frame.symbols.bind(extent, argument.shape[axis])))
      return function.emitError()
             << "argument " << number << " has size " << argument.shape[axis]
             << " along axis " << axis << ", where " << extent.str()
             << " does not fit with the other sizes";
  return success();
}

static FailureOr<SmallVector<Tensor>> runFunction(func::FuncOp function,
                                                  ArrayRef<Tensor> arguments,
                                                  const Frame *caller,
                                                  ValueHook hook) {
  if (function.isExternal())
    return function.emitError(
        "a function without a body cannot be interpreted");
  if (arguments.size() != function.getNumArguments())
    return function.emitError() << "takes " << function.getNumArguments()
                                << " arguments, found " << arguments.size();
  if (!llvm::hasSingleElement(function.getBody()))
    return function.emitError("a function of one block is needed");
  Frame frame(caller, hook);
  if (frame.depth > kMaxDepth)
    return function.emitError("calls are nested too deeply");
  for (auto [i, argument] : llvm::enumerate(arguments))
    if (failed(bindShape(function, i, argument, frame)))
      return failure();
  // A kernel may name a symbol that no argument of its own shows.
  if (caller)
    frame.symbols.addMissing(caller->symbols);
  for (auto [value, argument] : llvm::zip(function.getArguments(), arguments))
    if (failed(frame.set(value, argument)))
      return failure();
  Block &body = function.getBody().front();
  if (failed(frame.run(body)))
    return failure();
  SmallVector<Tensor> results;
  for (Value value : body.getTerminator()->getOperands())
    results.push_back(frame[value]);
  return results;
}

FailureOr<SmallVector<Tensor>> maek::interpret(func::FuncOp function,
                                               ArrayRef<Tensor> arguments,
                                               ValueHook hook) {
  return runFunction(function, arguments, nullptr, hook);
}

namespace {
struct CallModel : Interpretable::ExternalModel<CallModel, func::CallOp> {
  LogicalResult interpret(Operation *op, Frame &frame) const {
    auto call = cast<func::CallOp>(op);
    auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
        op, call.getCalleeAttr());
    if (!callee)
      return op->emitOpError("calls an unknown function");
    SmallVector<Tensor> arguments;
    for (Value operand : call.getOperands())
      arguments.push_back(frame[operand]);
    FailureOr<SmallVector<Tensor>> results =
        runFunction(callee, arguments, &frame, frame.hook);
    if (failed(results))
      return failure();
    for (auto [value, result] : llvm::zip(call.getResults(), *results))
      if (failed(frame.set(value, std::move(result))))
        return failure();
    return success();
  }
};
} // namespace

void maek::attachCallModel(MLIRContext &context) {
  func::CallOp::attachInterface<CallModel>(context);
}

void maek::registerInterpretableModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, MaekDialect *) {
    attachAttentionModels(*context);
    attachContractionModels(*context);
    attachElementwiseModels(*context);
    attachIndexingModels(*context);
    attachShapeModels(*context);
    attachStructureModels(*context);
    attachWindowModels(*context);
  });
  registry.addExtension(+[](MLIRContext *context, func::FuncDialect *) {
    attachCallModel(*context);
  });
}
