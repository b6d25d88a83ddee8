// Part of Maek, under the MIT licence; see LICENSE.
// The Halide algorithms of the ops that sum or choose over axes.
#include "codegen/halide/HalideExpressible.h"
#include "codegen/halide/KernelAlgorithm.h"
#include "codegen/halide/Models.h"
#include "codegen/halide/WindowChain.h"
#include "codegen/halide/WordProducts.h"
#include "codegen/halide/schedules/gpu/ProductTile.h"
#include "ir/LetterExtents.h"
#include "ir/MaekOps.h"
#include "ir/Words.h"

#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <limits>

using namespace mlir;
using Halide::Expr;
using Halide::Tuple;

namespace maek::halide {
namespace {

/// result = sum over the contracted letters of lhs * rhs. The operands are read
/// through functions of their own, for schedules to compute ahead. Those of
/// short numbers are functions of words along one of the contracted letters.
struct EinsumModel : HalideExpressible::ExternalModel<EinsumModel, EinsumOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto einsum = cast<EinsumOp>(op);
    EinsumAttr equation = einsum.getEquation();
    StringRef lhsTerm = equation.getLhs(), rhsTerm = equation.getRhs();
    std::string contracted = equation.getContracted();
    SmallVector<Extent> domain;
    for (char letter : contracted)
      domain.push_back(getLetterExtent(einsum, letter));
    Type element = getElementType(einsum.getLhs().getType());
    std::optional<char> letter = getWordLetter(einsum);
    DomainForm form;
    if (letter)
      form.words = WordAxis{contracted.find(*letter),
                            getWordLength(getHalideType(element))};
    if (kernel.runsOnDevice())
      form.lastMultiple = int(gpu::getSummedMultiple(einsum));
    Halide::Func lhs = stage(kernel, einsum, 0, letter);
    Halide::Func rhs = stage(kernel, einsum, 1, letter);
    auto multiply = [&](const Expr &a, const Expr &b) {
      if (!letter)
        return a * b;
      if (!isByte(element))
        return multiplyPairs(a, b);
      return element.isUnsignedInteger() ? multiplyCodes(a, b)
                                         : multiplyCodes(b, a);
    };
    auto read = [&](Halide::Func &operand, StringRef term, IndexRef index,
                    IndexRef reduced) -> Expr {
      std::vector<Expr> place;
      for (char letter : llvm::reverse(term)) {
        size_t i = equation.getResult().find(letter);
        place.push_back(
            i != StringRef::npos ? index[i] : reduced[contracted.find(letter)]);
      }
      return operand(place);
    };
    Expr zero = Halide::Internal::make_zero(
        isByte(element) ? Halide::Int(32)
                        : getHalideType(getElementType(einsum.getType())));
    kernel.reduce(
        einsum.getResult(), domain, Tuple(zero),
        [&](IndexRef index, IndexRef reduced, ArrayRef<Expr> sum) -> Tuple {
          Expr a = read(lhs, lhsTerm, index, reduced);
          Expr b = read(rhs, rhsTerm, index, reduced);
          return Tuple(sum[0] + multiply(a, b));
        },
        {lhs, rhs}, form);
  }

  /// The letter along which short numbers are multiplied in words: the one
  /// along which they are packed so, or the innermost one of the lhs, of
  /// windows the outermost one. Nothing for other types, or if no letter is
  /// summed over on both sides.
  static std::optional<char> getWordLetter(EinsumOp einsum) {
    Type element = getElementType(einsum.getLhs().getType());
    if (!element.isBF16() && !isByte(element))
      return std::nullopt;
    EinsumAttr equation = einsum.getEquation();
    for (unsigned side : {0, 1})
      if (auto unpack = einsum->getOperand(side).getDefiningOp<UnpackOp>())
        if (std::optional<int64_t> axis = unpack.getWords())
          if (char letter = equation.getTerm(side)[*axis];
              isSummedOnBothSides(equation, letter))
            return letter;
    // Windows are read from a copy, in which neighbours along the outermost
    // axis come together.
    bool hasWindows = llvm::any_of(einsum->getOperands(), [](Value operand) {
      return operand.getDefiningOp<WindowOp>() != nullptr;
    });
    std::string letters = equation.getLhs().str();
    if (!hasWindows)
      std::reverse(letters.begin(), letters.end());
    for (char letter : letters)
      if (isSummedOnBothSides(equation, letter))
        return letter;
    return std::nullopt;
  }

  static bool isSummedOnBothSides(EinsumAttr equation, char letter) {
    return equation.inLhs(letter) && equation.inRhs(letter) &&
           !equation.inResult(letter);
  }

  /// The operand as it is. Past the end of an axis that a tile of registers may
  /// overrun, it reads the last element; what comes of it is never stored.
  /// Tiles overrun dynamic axes where the columns are one of them; on devices
  /// any axis. There it is 0 past the end of the last summed axis, too.
  static Halide::Func stage(KernelAlgorithm &kernel, EinsumOp einsum,
                            unsigned side, std::optional<char> words) {
    EinsumAttr equation = einsum.getEquation();
    StringRef term = equation.getTerm(side), result = equation.getResult();
    Value operand = einsum->getOperand(side);
    bool overrunsDynamic =
        !result.empty() &&
        !getExtent(einsum.getType(), result.size() - 1).isStatic();
    auto isOverrun = [&](const Extent &extent, int64_t lanes) {
      return extent.isStatic() ? extent.factor % lanes != 0 : overrunsDynamic;
    };
    bool onDevice = kernel.runsOnDevice();
    bool isPadded = !onDevice && operand.getDefiningOp<UnpackOp>() != nullptr;
    // Windows are 0 outside.
    SmallVector<int64_t> windowed;
    if (auto window = operand.getDefiningOp<WindowOp>())
      windowed = WindowChain(window).getResultAxes();
    SmallVector<Extent> extents = getExtents(operand.getType());
    int64_t lanes =
        64 / getHalideType(getElementType(einsum.getType())).bytes();
    return kernel.makeFunc("operand", extents.size(), [&](IndexRef index) {
      Index source(index);
      for (auto [axis, letter, extent, i] :
           llvm::enumerate(term, extents, source))
        if (equation.inResult(letter) && !isPadded &&
            (onDevice || isOverrun(extent, lanes)) &&
            !llvm::is_contained(windowed, int64_t(axis)))
          i = Halide::min(onDevice ? i : Halide::likely(i),
                          kernel.extent(extent) - 1);
      if (!onDevice || gpu::getSummedMultiple(einsum) == 1)
        return readElement(kernel, einsum, side, source, words);
      char last = equation.getContracted().back();
      Expr count = kernel.extent(getLetterExtent(einsum, last));
      if (words == last) {
        int length =
            getWordLength(getHalideType(getElementType(operand.getType())));
        count = (count + (length - 1)) / length;
      }
      Expr &position = source[term.find(last)], isThere = position < count;
      position = Halide::min(position, count - 1);
      Expr element = readElement(kernel, einsum, side, source, words);
      return Halide::select(isThere, element,
                            Halide::Internal::make_zero(element.type()));
    });
  }

  static Expr readElement(KernelAlgorithm &kernel, EinsumOp einsum,
                          unsigned side, IndexRef index,
                          std::optional<char> words) {
    Value operand = einsum->getOperand(side);
    if (words)
      return getWord(kernel, operand, index,
                     einsum.getEquation().getTerm(side).find(*words));
    Expr element = kernel.at(operand, index);
    if (element.type().is_bfloat())
      return fromBFloat16(element);
    return element.type().bits() == 8 ? Halide::cast<int32_t>(element)
                                      : element;
  }

  /// Neighbours along `axis`, at the position that counts words there; 0 for
  /// what lies past the end.
  static Expr getWord(KernelAlgorithm &kernel, Value operand, IndexRef index,
                      int64_t axis) {
    if (auto unpack = operand.getDefiningOp<UnpackOp>();
        unpack && unpack.getWords() == axis)
      return Halide::reinterpret<uint32_t>(
          kernel.at(unpack.getOperand(), getPackedIndex(unpack, index)));
    if (auto window = operand.getDefiningOp<WindowOp>()) {
      WindowChain chain(window);
      SmallVector<int64_t> axes = chain.getSourceAxes();
      llvm::sort(axes);
      if (axis < axes.front()) {
        Index place = chain.getPlace(index);
        return kernel.getPadded(chain.getSource(), axes, axis)(
            std::vector<Expr>(place.rbegin(), place.rend()));
      }
    }
    return kernel.getWord(operand, index, axis);
  }
};

/// The operand's position: `index` with the reduced positions at `dims`.
Index insertReduced(IndexRef index, IndexRef reduced, ArrayRef<int64_t> dims) {
  Index source(index);
  for (auto [dim, position] : llvm::zip(dims, reduced))
    source.insert(source.begin() + dim, position);
  return source;
}

/// The largest finite number: infinities are no safe constants, see
/// Activations.cpp.
Expr getLargest(Halide::Type type) {
  return type.bits() == 64 ? Halide::Internal::make_const(
                                 type, std::numeric_limits<double>::max())
                           : Expr(std::numeric_limits<float>::max());
}

Expr getInitial(ReduceKind kind, Halide::Type type) {
  switch (kind) {
  case ReduceKind::Sum:
    return Halide::Internal::make_zero(type);
  case ReduceKind::Max:
    return -getLargest(type);
  case ReduceKind::Min:
    return getLargest(type);
  }
  llvm_unreachable("unknown kind");
}

Expr combine(ReduceKind kind, const Expr &a, const Expr &b) {
  switch (kind) {
  case ReduceKind::Sum:
    return a + b;
  case ReduceKind::Max:
    return Halide::max(a, b);
  case ReduceKind::Min:
    return Halide::min(a, b);
  }
  llvm_unreachable("unknown kind");
}

/// A maximum of floats, unspecified where there is a NaN: to let NaNs through
/// costs a softmax or a pooling a tenth of its time and more. The exponentials
/// of a softmax let them through anyway.
struct ReduceModel : HalideExpressible::ExternalModel<ReduceModel, ReduceOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto reduce = cast<ReduceOp>(op);
    Halide::Type type = getHalideType(getElementType(reduce.getType()));
    SmallVector<Extent> extents = getExtents(reduce.getOperand().getType());
    SmallVector<Extent> domain;
    for (int64_t dim : reduce.getDims())
      domain.push_back(extents[dim]);
    // A function of its own, inlined in the end: sums that are cut into parts
    // must be seen to be sums, and Halide makes `so + (a - b)` a difference.
    // A block of a device has a number of rows that may end within it: the last
    // row is read for those that are none.
    int64_t rows = findRows(reduce);
    Halide::Func term = KernelAlgorithm::makeFunc(
        "term", extents.size(), [&](IndexRef index) -> Expr {
          Index place(index);
          if (kernel.runsOnDevice() && rows >= 0)
            place[rows] =
                Halide::min(place[rows], kernel.extent(extents[rows]) - 1);
          return kernel.at(reduce.getOperand(), place);
        });
    kernel.reduce(
        reduce.getResult(), domain, Tuple(getInitial(reduce.getKind(), type)),
        [&](IndexRef index, IndexRef reduced, ArrayRef<Expr> so) -> Tuple {
          Index position = insertReduced(index, reduced, reduce.getDims());
          Expr x = term(std::vector<Expr>(position.rbegin(), position.rend()));
          return Tuple(combine(reduce.getKind(), so[0], x));
        });
  }

  /// The innermost axis that is kept, of a reduction of the innermost one; -1
  /// for others.
  static int64_t findRows(ReduceOp reduce) {
    ArrayRef<int64_t> dims = reduce.getDims();
    int64_t axis = getRank(reduce.getOperand().getType()) - 1;
    if (dims.back() != axis)
      return -1;
    while (axis >= 0 && llvm::is_contained(dims, axis))
      --axis;
    return axis;
  }
};

/// The pair (position, element), replaced by a larger element only, so that
/// the first of equal ones stays.
struct ArgmaxModel : HalideExpressible::ExternalModel<ArgmaxModel, ArgmaxOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto argmax = cast<ArgmaxOp>(op);
    Type operand = argmax.getOperand().getType();
    int64_t dim = argmax.getDim();
    Expr lowest = -getLargest(getHalideType(getElementType(operand)));
    kernel.reduce(
        argmax.getResult(), getExtent(operand, dim), Tuple(0, lowest),
        [&](IndexRef index, IndexRef reduced, ArrayRef<Expr> best) -> Tuple {
          Expr x = kernel.at(argmax.getOperand(),
                             insertReduced(index, reduced, dim));
          Expr larger = x > best[1];
          return Tuple(Halide::select(larger, reduced[0], best[0]),
                       Halide::select(larger, x, best[1]));
        });
  }
};

} // namespace

void attachContractionModels(MLIRContext &context) {
  EinsumOp::attachInterface<EinsumModel>(context);
  ReduceOp::attachInterface<ReduceModel>(context);
  ArgmaxOp::attachInterface<ArgmaxModel>(context);
}

} // namespace maek::halide
