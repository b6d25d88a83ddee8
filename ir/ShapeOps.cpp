// Part of Maek, under the MIT licence; see LICENSE.
// Verifiers and shape functions of the ops that move elements about.
#include "ir/Extent.h"
#include "ir/MaekOps.h"
#include "ir/Words.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace maek;

static LogicalResult verifyAxis(Operation *op, int64_t axis, Type type) {
  if (axis >= 0 && axis < getRank(type))
    return success();
  return op->emitOpError("has no axis ") << axis << " in " << type;
}

static LogicalResult verifySameElementType(Operation *op, Type a, Type b) {
  if (getElementType(a) == getElementType(b))
    return success();
  return op->emitOpError("keeps the element type, found ") << a << " and " << b;
}

LogicalResult BroadcastOp::verify() {
  auto from = getExtents(getOperand().getType()), to = getExtents(getType());
  ArrayRef<int64_t> dims = getDims();
  if (dims.size() != from.size())
    return emitOpError("needs one axis per operand axis, found ")
           << dims.size() << " for " << getOperand().getType();
  for (auto [i, dim] : llvm::enumerate(dims)) {
    if (failed(verifyAxis(*this, dim, getType())))
      return failure();
    if (i && dims[i - 1] >= dim)
      return emitOpError("needs increasing axes");
    if (from[i] != to[dim])
      return emitOpError("maps axis ")
             << i << " of size " << from[i].str() << " to axis " << dim
             << " of size " << to[dim].str();
  }
  return verifySameElementType(*this, getOperand().getType(), getType());
}

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  if (failed(verifyNamedExtents(location, adaptor.getOperands())))
    return failure();
  Type type = adaptor.getOperand().getType();
  ArrayRef<int64_t> permutation = adaptor.getPermutation();
  SmallVector<Extent> from = getExtents(type), to;
  SmallVector<bool> seen(from.size());
  if (permutation.size() != from.size())
    return emitOptionalError(location, "the permutation has ",
                             permutation.size(), " axes, the operand ",
                             from.size());
  for (int64_t axis : permutation) {
    if (axis < 0 || axis >= int64_t(from.size()) || seen[axis])
      return emitOptionalError(location, "axis ", axis,
                               " makes this no permutation");
    seen[axis] = true;
    to.push_back(from[axis]);
  }
  types.push_back(getTensorType(to, getElementType(type)));
  return success();
}

LogicalResult ReshapeOp::verify() {
  Extent from = getNumElements(getExtents(getOperand().getType()));
  Extent to = getNumElements(getExtents(getType()));
  if (from.factor == Extent::kTooLarge || to.factor == Extent::kTooLarge)
    return emitOpError("has too many elements in ")
           << getOperand().getType() << " or " << getType();
  if (from != to)
    return emitOpError("keeps the number of elements, found ")
           << from.str() << " and " << to.str();
  return verifySameElementType(*this, getOperand().getType(), getType());
}

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> location,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  if (failed(verifyNamedExtents(location, adaptor.getOperands())))
    return failure();
  ValueRange operands = adaptor.getOperands();
  if (operands.empty())
    return emitOptionalError(location, "concat needs an operand");
  Type first = operands.front().getType();
  int64_t dim = adaptor.getDim();
  SmallVector<Extent> extents = getExtents(first);
  if (dim < 0 || dim >= int64_t(extents.size()))
    return emitOptionalError(location, "concat has no axis ", dim, " in ",
                             first);
  for (Value operand : operands.drop_front()) {
    SmallVector<Extent> next = getExtents(operand.getType());
    if (next.size() != extents.size() ||
        getElementType(operand.getType()) != getElementType(first))
      return emitOptionalError(location, "concat joins ", first, " and ",
                               operand.getType());
    for (auto [axis, extent] : llvm::enumerate(next))
      if (int64_t(axis) == dim) {
        if (!extent.isStatic() || !extents[dim].isStatic())
          return emitOptionalError(location,
                                   "concat needs static sizes along axis ", dim,
                                   ", found ", extent.str());
        if (llvm::AddOverflow(extents[dim].factor, extent.factor,
                              extents[dim].factor))
          return emitOptionalError(location, "concat's axis ", dim,
                                   " becomes too large");
      } else if (extent != extents[axis]) {
        return emitOptionalError(location, "concat joins axes of size ",
                                 extents[axis].str(), " and ", extent.str());
      }
  }
  types.push_back(getTensorType(extents, getElementType(first)));
  return success();
}

LogicalResult SplitOp::verify() {
  Type type = getOperand().getType();
  if (failed(verifyAxis(*this, getDim(), type)))
    return failure();
  if (getOutputs().empty())
    return emitOpError("needs a result");
  SmallVector<Extent> extents = getExtents(type);
  int64_t total = 0;
  for (Type output : getOutputs().getTypes()) {
    if (failed(verifySameElementType(*this, type, output)))
      return failure();
    SmallVector<Extent> part = getExtents(output);
    if (part.size() != extents.size())
      return emitOpError("keeps the rank, found ") << type << " and " << output;
    for (auto [axis, extent] : llvm::enumerate(part))
      if (int64_t(axis) != int64_t(getDim()) && extent != extents[axis])
        return emitOpError("cuts axis ")
               << getDim() << " only, found " << type << " and " << output;
    if (!part[getDim()].isStatic())
      return emitOpError("needs static sizes along axis ") << getDim();
    if (llvm::AddOverflow(total, part[getDim()].factor, total))
      return emitOpError("cuts ")
             << extents[getDim()].str() << " into larger parts";
  }
  if (extents[getDim()] != Extent(total))
    return emitOpError("cuts ") << extents[getDim()].str() << " into parts of "
                                << total << " together";
  return success();
}

// A short text must not ask for results without end; what is stacked can be
// unstacked.
static constexpr int64_t kMaxStacked = 65536;

LogicalResult StackOp::inferReturnTypes(MLIRContext *,
                                        std::optional<Location> location,
                                        Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  if (failed(verifyNamedExtents(location, adaptor.getOperands())))
    return failure();
  ValueRange operands = adaptor.getOperands();
  if (operands.empty())
    return emitOptionalError(location, "stack needs an operand");
  if (int64_t(operands.size()) > kMaxStacked)
    return emitOptionalError(location, "stack joins at most ", kMaxStacked,
                             " operands, found ", operands.size());
  Type first = operands.front().getType();
  for (Value operand : operands)
    if (operand.getType() != first)
      return emitOptionalError(location, "stack joins equal types, found ",
                               first, " and ", operand.getType());
  int64_t dim = adaptor.getDim();
  SmallVector<Extent> extents = getExtents(first);
  if (dim < 0 || dim > int64_t(extents.size()))
    return emitOptionalError(location, "stack cannot place axis ", dim, " in ",
                             first);
  extents.insert(extents.begin() + dim, Extent(operands.size()));
  types.push_back(getTensorType(extents, getElementType(first)));
  return success();
}

LogicalResult UnstackOp::inferReturnTypes(MLIRContext *,
                                          std::optional<Location> location,
                                          Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  if (failed(verifyNamedExtents(location, adaptor.getOperands())))
    return failure();
  Type type = adaptor.getOperand().getType();
  int64_t dim = adaptor.getDim();
  SmallVector<Extent> extents = getExtents(type);
  if (dim < 0 || dim >= int64_t(extents.size()) || !extents[dim].isStatic())
    return emitOptionalError(location, "unstack needs a static axis ", dim,
                             " in ", type);
  int64_t count = extents[dim].factor;
  if (count == 0)
    return emitOptionalError(location, "unstack needs a result, found axis ",
                             dim, " of size 0 in ", type);
  if (count > kMaxStacked)
    return emitOptionalError(location, "unstack gives at most ", kMaxStacked,
                             " results, found an axis of ", count);
  extents.erase(extents.begin() + dim);
  types.append(count, getTensorType(extents, getElementType(type)));
  return success();
}

/// `part` is a range of `whole` along `dim`, starting at `offset`.
static LogicalResult verifyRange(Operation *op, Type whole, Type part,
                                 int64_t dim, int64_t offset) {
  if (failed(verifyAxis(op, dim, whole)) ||
      failed(verifySameElementType(op, whole, part)))
    return failure();
  SmallVector<Extent> outer = getExtents(whole), inner = getExtents(part);
  if (outer.size() != inner.size())
    return op->emitOpError("keeps the rank, found ")
           << whole << " and " << part;
  for (auto [axis, extent] : llvm::enumerate(inner))
    if (int64_t(axis) != dim && extent != outer[axis])
      return op->emitOpError("changes axis ")
             << dim << " only, found " << whole << " and " << part;
  const Extent &size = inner[dim], &limit = outer[dim];
  if (size == limit && offset == 0)
    return success();
  if (!size.isStatic())
    return op->emitOpError("needs a static size along axis ") << dim;
  // A size is never negative, so its negation does not overflow.
  if (offset < 0 && offset > -size.factor)
    return op->emitOpError("reads past the end: ")
           << size.factor << " elements from " << offset;
  if (!limit.isStatic())
    return success();
  int64_t start = offset < 0 ? limit.factor + offset : offset;
  if (start < 0 || start > limit.factor - size.factor)
    return op->emitOpError("range of ") << size.factor << " from " << start
                                        << " is outside of " << limit.factor;
  return success();
}

LogicalResult SliceOp::verify() {
  return verifyRange(*this, getOperand().getType(), getType(), getDim(),
                     getOffset());
}

LogicalResult ReverseOp::verify() {
  return verifyAxis(*this, getDim(), getType());
}

LogicalResult PadOp::verify() {
  return verifyRange(*this, getType(), getOperand().getType(), getDim(),
                     getOffset());
}

/// The packed type of `operand`, or the reason why there is none.
static FailureOr<RankedTensorType> inferPacked(std::optional<Location> location,
                                               Type operand, int64_t dim,
                                               int64_t width,
                                               ArrayRef<int64_t> order,
                                               std::optional<int64_t> words) {
  SmallVector<Extent> extents = getExtents(operand);
  int64_t rank = extents.size();
  if (dim < 0 || dim >= rank || !extents[dim].isStatic() || width <= 0)
    return emitOptionalError(location,
                             "pack needs a static axis and a "
                             "positive width, found axis ",
                             dim, " of ", operand, " and width ", width);
  SmallVector<bool> seen(rank);
  seen[dim] = true;
  int64_t size = extents[dim].factor;
  SmallVector<Extent> packed{Extent(size / width + (size % width != 0))};
  for (int64_t axis : order) {
    if (axis < 0 || axis >= rank || seen[axis])
      return emitOptionalError(location, "pack's order names axis ", axis,
                               " wrongly");
    seen[axis] = true;
    packed.push_back(extents[axis]);
  }
  if (int64_t(order.size()) != rank - 1)
    return emitOptionalError(location, "pack's order names ", order.size(),
                             " of ", rank - 1, " axes");
  packed.push_back(Extent(width));
  Type element = getElementType(operand);
  if (!words)
    return getTensorType(packed, element);
  const auto *place = llvm::find(order, *words);
  if (place == order.end() || !extents[*words].isStatic())
    return emitOptionalError(location,
                             "pack needs a static axis besides that of the "
                             "panels for words, found axis ",
                             *words, " of ", operand);
  if (element.isF64() || element.isUnsignedInteger())
    return emitOptionalError(
        location, "pack makes words of f32, bf16 or i8, not of ", operand);
  Extent &length = packed[1 + (place - order.begin())];
  length = Extent(llvm::divideCeil(length.factor, getWordLength(element)));
  return getTensorType(packed, IntegerType::get(operand.getContext(), 32));
}

LogicalResult PackOp::inferReturnTypes(MLIRContext *,
                                       std::optional<Location> location,
                                       Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  if (failed(verifyNamedExtents(location, adaptor.getOperands())))
    return failure();
  FailureOr<RankedTensorType> packed =
      inferPacked(location, adaptor.getOperand().getType(), adaptor.getDim(),
                  adaptor.getWidth(), adaptor.getOrder(), adaptor.getWords());
  if (failed(packed))
    return failure();
  types.push_back(*packed);
  return success();
}

LogicalResult UnpackOp::verify() {
  FailureOr<RankedTensorType> packed = inferPacked(
      getLoc(), getType(), getDim(), getWidth(), getOrder(), getWords());
  if (failed(packed))
    return failure();
  if (getWords() && getElementType(getType()).isF32())
    return emitOpError("of words is of bf16 or i8, found ") << getType();
  if (*packed != getOperand().getType())
    return emitOpError("undoes a pack to ")
           << *packed << ", found " << getOperand().getType();
  return success();
}
