// Part of Maek, under the MIT licence; see LICENSE.
// The Halide algorithms of the ops that move elements about.
#include "codegen/halide/HalideExpressible.h"
#include "codegen/halide/KernelAlgorithm.h"
#include "codegen/halide/Models.h"
#include "codegen/halide/WordProducts.h"
#include "ir/MaekOps.h"
#include "ir/Words.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using Halide::Expr;

namespace maek::halide {
namespace {

Expr zeroOf(Type tensor) {
  return Halide::Internal::make_zero(getHalideType(getElementType(tensor)));
}

/// A position kept inside of 0 .. size-1, for elements that are not used.
Expr clampIndex(const Expr &i, const Expr &size) {
  return Halide::clamp(i, 0, size - 1);
}

/// Where a range starts: a negative offset counts from the end.
Expr getStart(const KernelAlgorithm &kernel, Value whole, int64_t dim,
              int64_t offset) {
  Expr start = int32_t(offset);
  return offset < 0 ? kernel.extent(whole, dim) + start : start;
}

template <typename Model, typename Op>
using Base = HalideExpressible::ExternalModel<Model, Op>;

struct BroadcastModel : Base<BroadcastModel, BroadcastOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto broadcast = cast<BroadcastOp>(op);
    kernel.define(broadcast.getResult(),
                  [broadcast, &kernel](IndexRef index) mutable -> Expr {
                    Index source;
                    for (int64_t axis : broadcast.getDims())
                      source.push_back(index[axis]);
                    return kernel.at(broadcast.getOperand(), source);
                  });
  }
};

struct TransposeModel : Base<TransposeModel, TransposeOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto transpose = cast<TransposeOp>(op);
    kernel.define(transpose.getResult(),
                  [transpose, &kernel](IndexRef index) mutable -> Expr {
                    Index source(index.size());
                    for (auto [i, axis] :
                         llvm::enumerate(transpose.getPermutation()))
                      source[axis] = index[i];
                    return kernel.at(transpose.getOperand(), source);
                  });
  }
};

/// Each group of axes with the same product on both sides is one linear
/// position, taken apart anew.
struct ReshapeModel : Base<ReshapeModel, ReshapeOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto reshape = cast<ReshapeOp>(op);
    auto from = getExtents(reshape.getOperand().getType());
    auto to = getExtents(reshape.getType());
    kernel.define(reshape.getResult(),
                  [reshape, from, to, &kernel](IndexRef index) mutable -> Expr {
                    Index source;
                    size_t i = 0, j = 0;
                    while (i < from.size() || j < to.size()) {
                      size_t firstFrom = i, firstTo = j;
                      takeGroup(from, to, i, j);
                      Expr linear = 0;
                      for (size_t axis = firstTo; axis < j; ++axis)
                        linear = linear * kernel.extent(to[axis]) + index[axis];
                      unravel(kernel,
                              ArrayRef(from).slice(firstFrom, i - firstFrom),
                              Halide::Internal::simplify(linear), source);
                    }
                    return kernel.at(reshape.getOperand(), source);
                  });
  }

  /// Advances i and j past the shortest runs of axes with equal products.
  static void takeGroup(ArrayRef<Extent> from, ArrayRef<Extent> to, size_t &i,
                        size_t &j) {
    Extent left, right;
    if (i < from.size())
      left = from[i++];
    if (j < to.size())
      right = to[j++];
    while (left != right) {
      bool growLeft =
          i < from.size() &&
          (j == to.size() || left.symbols.size() < right.symbols.size() ||
           (left.symbols.size() == right.symbols.size() &&
            left.factor < right.factor));
      if (growLeft)
        left = left * from[i++];
      else if (j < to.size())
        right = right * to[j++];
      else
        break;
    }
  }

  static void unravel(const KernelAlgorithm &kernel, ArrayRef<Extent> extents,
                      Expr linear, Index &source) {
    size_t first = source.size();
    source.resize(first + extents.size());
    for (size_t axis = extents.size(); axis-- > 0;) {
      Expr size = kernel.extent(extents[axis]);
      source[first + axis] = axis == 0 ? linear : linear % size;
      linear = linear / size;
    }
  }
};

/// `result` is `operand` but along axis `dim`, where its element i is the
/// operand's element `place(i)`.
template <typename Place>
void pickAlong(KernelAlgorithm &kernel, Value result, Value operand,
               int64_t dim, Place place) {
  kernel.define(result, [=, &kernel](IndexRef index) -> Expr {
    Index source(index);
    source[dim] = place(index[dim]);
    return kernel.at(operand, source);
  });
}

struct SliceModel : Base<SliceModel, SliceOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto slice = cast<SliceOp>(op);
    Value whole = slice.getOperand();
    int64_t dim = slice.getDim(), offset = slice.getOffset();
    pickAlong(kernel, slice.getResult(), whole, dim,
              [=, &kernel](const Expr &i) {
                return i + getStart(kernel, whole, dim, offset);
              });
  }
};

struct ReverseModel : Base<ReverseModel, ReverseOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto reverse = cast<ReverseOp>(op);
    Value whole = reverse.getOperand();
    int64_t dim = reverse.getDim();
    pickAlong(kernel, reverse.getResult(), whole, dim,
              [=, &kernel](const Expr &i) {
                return kernel.extent(whole, dim) - 1 - i;
              });
  }
};

struct PadModel : Base<PadModel, PadOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto pad = cast<PadOp>(op);
    int64_t dim = pad.getDim();
    kernel.define(
        pad.getResult(), [pad, dim, &kernel](IndexRef index) mutable -> Expr {
          Expr size = kernel.extent(pad.getOperand(), dim);
          Expr position = index[dim] - getStart(kernel, pad.getResult(), dim,
                                                pad.getOffset());
          Index source(index);
          source[dim] = clampIndex(position, size);
          return Halide::select(position >= 0 && position < size,
                                kernel.at(pad.getOperand(), source),
                                zeroOf(pad.getType()));
        });
  }
};

struct ConcatModel : Base<ConcatModel, ConcatOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto concat = cast<ConcatOp>(op);
    int64_t dim = concat.getDim();
    kernel.define(concat.getResult(),
                  [concat, dim, &kernel](IndexRef index) mutable -> Expr {
                    Expr element;
                    int32_t start = 0;
                    SmallVector<int32_t> starts;
                    for (Value part : concat.getOperands()) {
                      starts.push_back(start);
                      start += getExtent(part.getType(), dim).factor;
                    }
                    for (size_t i = starts.size(); i-- > 0;) {
                      Value part = concat.getOperands()[i];
                      Index source(index);
                      source[dim] = clampIndex(index[dim] - starts[i],
                                               kernel.extent(part, dim));
                      Expr here = kernel.at(part, source);
                      element = element.defined()
                                    ? Halide::select(index[dim] < starts[i + 1],
                                                     here, element)
                                    : here;
                    }
                    return element;
                  });
  }
};

struct SplitModel : Base<SplitModel, SplitOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto split = cast<SplitOp>(op);
    int64_t dim = split.getDim();
    int32_t start = 0;
    for (Value part : split.getOutputs()) {
      pickAlong(kernel, part, split.getOperand(), dim,
                [start](const Expr &i) { return i + start; });
      start += getExtent(part.getType(), dim).factor;
    }
  }
};

struct StackModel : Base<StackModel, StackOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto stack = cast<StackOp>(op);
    int64_t dim = stack.getDim();
    kernel.define(stack.getResult(),
                  [stack, dim, &kernel](IndexRef index) mutable -> Expr {
                    Index source(index);
                    source.erase(source.begin() + dim);
                    Expr element;
                    for (size_t i = stack.getOperands().size(); i-- > 0;) {
                      Expr here = kernel.at(stack.getOperands()[i], source);
                      element = element.defined()
                                    ? Halide::select(index[dim] == int32_t(i),
                                                     here, element)
                                    : here;
                    }
                    return element;
                  });
  }
};

struct UnstackModel : Base<UnstackModel, UnstackOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto unstack = cast<UnstackOp>(op);
    for (auto [i, part] : llvm::enumerate(unstack.getOutputs()))
      kernel.define(part,
                    [unstack, position = int32_t(i),
                     &kernel](IndexRef index) mutable -> Expr {
                      Index source(index);
                      source.insert(source.begin() + unstack.getDim(),
                                    position);
                      return kernel.at(unstack.getOperand(), source);
                    });
  }
};

struct PackModel : Base<PackModel, PackOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto pack = cast<PackOp>(op);
    int64_t dim = pack.getDim();
    kernel.define(
        pack.getResult(), [pack, dim, &kernel](IndexRef index) mutable -> Expr {
          Expr size = kernel.extent(pack.getOperand(), dim);
          Expr position =
              index.front() * int32_t(pack.getWidth()) + index.back();
          Index source(index.size() - 1);
          source[dim] = clampIndex(position, size);
          for (auto [i, axis] : llvm::enumerate(pack.getOrder()))
            source[axis] = index[i + 1];
          Expr element = pack.getWords() ? getWord(pack, source, kernel)
                                         : kernel.at(pack.getOperand(), source);
          return Halide::select(position < size, element,
                                zeroOf(pack.getType()));
        });
  }

  /// Neighbours as an i32; `index` counts words along their axis.
  static Expr getWord(PackOp pack, Index index, KernelAlgorithm &kernel) {
    int64_t axis = *pack.getWords();
    Expr size = kernel.extent(pack.getOperand(), axis), word = index[axis];
    int length =
        ::maek::getWordLength(getElementType(pack.getOperand().getType()));
    std::vector<Expr> numbers;
    for (int i = 0; i < length; ++i) {
      Expr position = word * length + i;
      index[axis] = clampIndex(position, size);
      Expr element = kernel.at(pack.getOperand(), index);
      if (element.type().bits() == 32)
        element = toBFloat16(element);
      numbers.push_back(
          Halide::select(position < size, element,
                         Halide::Internal::make_zero(element.type())));
    }
    return Halide::reinterpret<int32_t>(makeWord(numbers));
  }
};

struct UnpackModel : Base<UnpackModel, UnpackOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto unpack = cast<UnpackOp>(op);
    kernel.define(
        unpack.getResult(), [unpack, &kernel](IndexRef index) mutable -> Expr {
          Index source(index);
          std::optional<int64_t> words = unpack.getWords();
          Halide::Type type = getHalideType(getElementType(unpack.getType()));
          int length = getWordLength(type);
          if (words)
            source[*words] = index[*words] / length;
          Expr element =
              kernel.at(unpack.getOperand(), getPackedIndex(unpack, source));
          if (!words)
            return element;
          return getFromWord(Halide::reinterpret<uint32_t>(element),
                             index[*words] % length, type);
        });
  }
};

} // namespace

Index getPackedIndex(UnpackOp unpack, IndexRef index) {
  int32_t width = unpack.getWidth();
  const Expr &position = index[unpack.getDim()];
  Index packed{position / width};
  for (int64_t axis : unpack.getOrder())
    packed.push_back(index[axis]);
  packed.push_back(position % width);
  return packed;
}

void attachShapeModels(MLIRContext &context) {
  BroadcastOp::attachInterface<BroadcastModel>(context);
  TransposeOp::attachInterface<TransposeModel>(context);
  ReshapeOp::attachInterface<ReshapeModel>(context);
  ConcatOp::attachInterface<ConcatModel>(context);
  SplitOp::attachInterface<SplitModel>(context);
  StackOp::attachInterface<StackModel>(context);
  UnstackOp::attachInterface<UnstackModel>(context);
  SliceOp::attachInterface<SliceModel>(context);
  ReverseOp::attachInterface<ReverseModel>(context);
  PadOp::attachInterface<PadModel>(context);
  PackOp::attachInterface<PackModel>(context);
  UnpackOp::attachInterface<UnpackModel>(context);
}

} // namespace maek::halide
