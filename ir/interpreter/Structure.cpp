// Part of Maek, under the MIT licence; see LICENSE.
// Semantics of the ops with regions.
#include "ir/MaekOps.h"
#include "ir/Segments.h"
#include "ir/interpreter/Interpretable.h"

using namespace mlir;
using namespace maek;

namespace {
/// What one round of a loop sees of its sequences.
struct Round {
  int64_t number = 0;
  /// In a segment: its first step, and how many it has.
  int64_t first = 0, steps = 0;
};
} // namespace

/// Where element `i` of what the round has of a sequence stands in it.
static Shape getPlace(Index i, const Round &round, bool isCut) {
  Shape place(i);
  if (isCut)
    place.front() += round.first;
  else
    place.insert(place.begin(), round.number);
  return place;
}

static Tensor getElement(const Tensor &sequence, const Round &round,
                         bool isCut) {
  Shape shape(Index(sequence.shape).drop_front());
  if (isCut)
    shape.insert(shape.begin(), round.steps);
  return Tensor::generate(
      shape, [&](Index i) { return sequence[getPlace(i, round, isCut)]; });
}

static void setElement(Tensor &sequence, const Round &round, bool isCut,
                       const Tensor &element) {
  forEachIndex(element.shape, [&](Index i) {
    sequence[getPlace(i, round, isCut)] = element[i];
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
    std::optional<int64_t> steps = frame.symbols.evaluate(scan.getSteps());
    std::optional<int64_t> rounds = frame.symbols.evaluate(scan.getRounds());
    if (!steps || !rounds)
      return scan.emitOpError("runs for a number of steps that is not known");
    for (int64_t i = 0; i < *rounds; ++i) {
      Round round;
      round.number = scan.getReverse() ? *rounds - 1 - i : i;
      if (scan.getSegmented()) {
        int64_t length = chooseSegmentLength(*steps);
        round.first = round.number * length;
        round.steps = std::min(length, *steps - round.first);
        frame.symbols.set(getSegmentSteps(scan.getSteps()), round.steps);
      }
      if (failed(run(scan, round, states, outputs, frame)))
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

  /// Advances `states` by one round and writes its part of each output.
  static LogicalResult run(ScanOp scan, const Round &round,
                           SmallVectorImpl<Tensor> &states,
                           SmallVectorImpl<Tensor> &outputs, Frame &frame) {
    for (auto [element, sequence] :
         llvm::zip(scan.getElements(), scan.getSequences()))
      if (failed(
              frame.set(element, getElement(frame[sequence], round,
                                            scan.isCut(sequence.getType())))))
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
      setElement(output, round, scan.isCut(scan.getOutputs()[i].getType()),
                 frame[yielded[states.size() + i]]);
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
