// Part of Maek, under the MIT licence; see LICENSE.
// Semantics of the ops with regions.
#include "ir/MaekOps.h"
#include "ir/interpreter/Interpretable.h"

using namespace mlir;
using namespace maek;

/// Element `step` along axis 0.
static Tensor getStep(const Tensor &sequence, int64_t step) {
  return Tensor::generate(Index(sequence.shape).drop_front(), [&](Index i) {
    Shape from(i);
    from.insert(from.begin(), step);
    return sequence[from];
  });
}

static void setStep(Tensor &sequence, int64_t step, const Tensor &element) {
  forEachIndex(element.shape, [&](Index i) {
    Shape to(i);
    to.insert(to.begin(), step);
    sequence[to] = element[i];
  });
}

namespace {
struct ScanModel : Interpretable::ExternalModel<ScanModel, ScanOp> {
  LogicalResult interpret(Operation *op, Frame &frame) const {
    auto scan = cast<ScanOp>(op);
    SmallVector<Tensor> states, outputs;
    for (Value init : scan.getInits())
      states.push_back(frame[init]);
    for (Value output : scan.getOutputs()) {
      FailureOr<Shape> shape = frame.getShape(output);
      if (failed(shape))
        return failure();
      outputs.emplace_back(Index(*shape));
    }
    int64_t numSteps = frame[scan.getSequences().front()].shape.front();
    for (int64_t i = 0; i < numSteps; ++i) {
      int64_t step = scan.getReverse() ? numSteps - 1 - i : i;
      if (failed(runStep(scan, step, states, outputs, frame)))
        return failure();
    }
    for (auto [value, tensor] : llvm::zip(scan.getFinals(), states))
      if (failed(frame.set(value, std::move(tensor))))
        return failure();
    for (auto [value, tensor] : llvm::zip(scan.getOutputs(), outputs))
      if (failed(frame.set(value, std::move(tensor))))
        return failure();
    return success();
  }

  /// Advances `states` by one step and writes one element of each output.
  static LogicalResult runStep(ScanOp scan, int64_t step,
                               SmallVectorImpl<Tensor> &states,
                               SmallVectorImpl<Tensor> &outputs, Frame &frame) {
    for (auto [element, sequence] :
         llvm::zip(scan.getElements(), scan.getSequences()))
      if (failed(frame.set(element, getStep(frame[sequence], step))))
        return failure();
    for (auto [argument, state] : llvm::zip(scan.getStates(), states))
      if (failed(frame.set(argument, state)))
        return failure();
    if (failed(frame.run(scan.getBody().front())))
      return failure();
    ValueRange yielded = scan.getYield().getOperands();
    for (auto [i, state] : llvm::enumerate(states))
      state = frame[yielded[i]];
    for (auto [i, output] : llvm::enumerate(outputs))
      setStep(output, step, frame[yielded[states.size() + i]]);
    return success();
  }
};

struct KernelModel : Interpretable::ExternalModel<KernelModel, KernelOp> {
  LogicalResult interpret(Operation *op, Frame &frame) const {
    Block &body = cast<KernelOp>(op).getBody().front();
    if (failed(frame.run(body)))
      return failure();
    for (auto [result, value] :
         llvm::zip(op->getResults(), body.getTerminator()->getOperands()))
      if (failed(frame.set(result, frame[value])))
        return failure();
    return success();
  }
};

struct GradientModel : Interpretable::ExternalModel<GradientModel, GradientOp> {
  LogicalResult interpret(Operation *op, Frame &) const {
    return op->emitOpError("cannot be interpreted before maek-differentiate");
  }
};
} // namespace

void maek::attachStructureModels(MLIRContext &context) {
  ScanOp::attachInterface<ScanModel>(context);
  KernelOp::attachInterface<KernelModel>(context);
  GradientOp::attachInterface<GradientModel>(context);
}
