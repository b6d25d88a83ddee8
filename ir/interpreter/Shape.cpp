// Part of Maek, under the MIT licence; see LICENSE.
// Semantics of the ops that move elements about: which element of the operand
// stands at each index of the result.
#include "ir/MaekOps.h"
#include "ir/Words.h"
#include "ir/interpreter/Interpretable.h"

using namespace mlir;
using namespace maek;

static FailureOr<Tensor> evaluate(BroadcastOp op, Index shape, Frame &frame) {
  const Tensor &x = frame[op.getOperand()];
  return Tensor::generate(shape, [&](Index i) {
    Shape from;
    for (int64_t dim : op.getDims())
      from.push_back(i[dim]);
    return x[from];
  });
}

static FailureOr<Tensor> evaluate(TransposeOp op, Index shape, Frame &frame) {
  const Tensor &x = frame[op.getOperand()];
  return Tensor::generate(shape, [&](Index i) {
    Shape from(i.size());
    for (auto [axis, source] : llvm::enumerate(op.getPermutation()))
      from[source] = i[axis];
    return x[from];
  });
}

static FailureOr<Tensor> evaluate(ReshapeOp op, Index shape, Frame &frame) {
  const Tensor &x = frame[op.getOperand()];
  if (countElements(shape) != x.size())
    return op.emitOpError("gets ") << x.size() << " elements";
  return Tensor(shape, x.elements);
}

/// `part` lies in `whole` from `offset` of axis `dim` on.
static void copyInto(Tensor &whole, const Tensor &part, int64_t dim,
                     int64_t offset) {
  forEachIndex(part.shape, [&](Index i) {
    Shape to(i);
    to[dim] += offset;
    whole[to] = part[i];
  });
}

/// The range of `whole` of this shape, from `offset` of axis `dim` on.
static Tensor copyOut(const Tensor &whole, Index shape, int64_t dim,
                      int64_t offset) {
  return Tensor::generate(shape, [&](Index i) {
    Shape from(i);
    from[dim] += offset;
    return whole[from];
  });
}

static FailureOr<Tensor> evaluate(ConcatOp op, Index shape, Frame &frame) {
  Tensor result(shape);
  int64_t offset = 0;
  for (Value operand : op.getOperands()) {
    copyInto(result, frame[operand], op.getDim(), offset);
    offset += frame[operand].shape[op.getDim()];
  }
  return result;
}

static FailureOr<Tensor> evaluate(StackOp op, Index shape, Frame &frame) {
  return Tensor::generate(shape, [&](Index i) {
    Shape from(i);
    from.erase(from.begin() + op.getDim());
    return frame[op.getOperands()[i[op.getDim()]]][from];
  });
}

/// Where a range of `size` starts, a negative offset counting from the end.
static FailureOr<int64_t> getStart(Operation *op, int64_t offset, int64_t size,
                                   int64_t limit) {
  int64_t start = offset < 0 ? limit + offset : offset;
  if (start < 0 || start > limit - size)
    return op->emitOpError("range of ")
           << size << " from " << start << " is outside of " << limit;
  return start;
}

static FailureOr<Tensor> evaluate(SliceOp op, Index shape, Frame &frame) {
  const Tensor &x = frame[op.getOperand()];
  int64_t dim = op.getDim();
  FailureOr<int64_t> start =
      getStart(op, op.getOffset(), shape[dim], x.shape[dim]);
  if (failed(start))
    return failure();
  return copyOut(x, shape, dim, *start);
}

static FailureOr<Tensor> evaluate(ReverseOp op, Index shape, Frame &frame) {
  const Tensor &x = frame[op.getOperand()];
  int64_t dim = op.getDim();
  return Tensor::generate(shape, [&](Index i) {
    Shape from(i);
    from[dim] = shape[dim] - 1 - i[dim];
    return x[from];
  });
}

static FailureOr<Tensor> evaluate(PadOp op, Index shape, Frame &frame) {
  const Tensor &x = frame[op.getOperand()];
  int64_t dim = op.getDim();
  FailureOr<int64_t> start =
      getStart(op, op.getOffset(), x.shape[dim], shape[dim]);
  if (failed(start))
    return failure();
  Tensor result(shape);
  copyInto(result, x, dim, *start);
  return result;
}

/// The packed index of the operand's element `i`.
template <typename OpT>
static Shape getPackedIndex(OpT op, Type element, Index i) {
  int64_t width = op.getWidth(), length = getWordLength(element);
  Shape packed{i[op.getDim()] / width};
  for (int64_t axis : op.getOrder())
    packed.push_back(axis == op.getWords() ? i[axis] / length : i[axis]);
  packed.push_back(i[op.getDim()] % width);
  return packed;
}

static uint32_t toWord(double element) { return uint32_t(int32_t(element)); }

static FailureOr<Tensor> evaluate(PackOp op, Index shape, Frame &frame) {
  const Tensor &x = frame[op.getOperand()];
  std::optional<int64_t> words = op.getWords();
  Type type = getElementType(op.getOperand().getType());
  Tensor result(shape);
  forEachIndex(x.shape, [&](Index i) {
    double &element = result[getPackedIndex(op, type, i)];
    if (words)
      element = int32_t(putInWord(toWord(element),
                                  i[*words] % getWordLength(type), x[i], type));
    else
      element = x[i];
  });
  return result;
}

static FailureOr<Tensor> evaluate(UnpackOp op, Index shape, Frame &frame) {
  const Tensor &x = frame[op.getOperand()];
  std::optional<int64_t> words = op.getWords();
  Type type = getElementType(op.getType());
  return Tensor::generate(shape, [&](Index i) {
    double element = x[getPackedIndex(op, type, i)];
    return words ? getFromWord(toWord(element), i[*words] % getWordLength(type),
                               type)
                 : element;
  });
}

namespace {
struct SplitModel : Interpretable::ExternalModel<SplitModel, SplitOp> {
  LogicalResult interpret(Operation *op, Frame &frame) const {
    auto split = cast<SplitOp>(op);
    int64_t dim = split.getDim(), offset = 0;
    for (Value output : split.getOutputs()) {
      FailureOr<Shape> shape = frame.getShape(output);
      if (failed(shape) ||
          failed(frame.set(
              output, copyOut(frame[split.getOperand()], *shape, dim, offset))))
        return failure();
      offset += (*shape)[dim];
    }
    return success();
  }
};

struct UnstackModel : Interpretable::ExternalModel<UnstackModel, UnstackOp> {
  LogicalResult interpret(Operation *op, Frame &frame) const {
    auto unstack = cast<UnstackOp>(op);
    const Tensor &x = frame[unstack.getOperand()];
    for (OpResult output : unstack->getResults()) {
      FailureOr<Shape> shape = frame.getShape(output);
      if (failed(shape))
        return failure();
      Tensor part = Tensor::generate(*shape, [&](Index i) {
        Shape from(i);
        from.insert(from.begin() + unstack.getDim(), output.getResultNumber());
        return x[from];
      });
      if (failed(frame.set(output, std::move(part))))
        return failure();
    }
    return success();
  }
};
} // namespace

template <typename... Ops>
static void attach(MLIRContext &context) {
  (Ops::template attachInterface<Evaluated<Ops, evaluate>>(context), ...);
}

void maek::attachShapeModels(MLIRContext &context) {
  attach<BroadcastOp, TransposeOp, ReshapeOp, ConcatOp, StackOp, SliceOp,
         ReverseOp, PadOp, PackOp, UnpackOp>(context);
  SplitOp::attachInterface<SplitModel>(context);
  UnstackOp::attachInterface<UnstackModel>(context);
}
