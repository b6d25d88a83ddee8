// Part of Maek, under the MIT licence; see LICENSE.
// Shape functions of the ops that sum or choose over axes.
#include "ir/Extent.h"
#include "ir/LetterExtents.h"
#include "ir/MaekOps.h"
#include "ir/Words.h"

#include "llvm/ADT/STLExtras.h"
#include <map>

using namespace mlir;
using namespace maek;

Extent maek::getLetterExtent(EinsumOp product, char letter) {
  EinsumAttr equation = product.getEquation();
  unsigned side = equation.inLhs(letter) ? 0 : 1;
  return getExtent(product->getOperand(side).getType(),
                   equation.getTerm(side).find(letter));
}

LogicalResult EinsumOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> location,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  if (failed(verifyNamedExtents(location, adaptor.getOperands())))
    return failure();
  EinsumAttr equation = adaptor.getEquation();
  Type lhs = adaptor.getLhs().getType(), rhs = adaptor.getRhs().getType();
  auto areCodes = [](Type a, Type b) {
    return getElementType(a).isUnsignedInteger(8) &&
           getElementType(b).isSignlessInteger(8);
  };
  bool hasCodes = areCodes(lhs, rhs) || areCodes(rhs, lhs);
  if (!hasCodes && (getElementType(lhs) != getElementType(rhs) ||
                    isByte(getElementType(lhs))))
    return emitOptionalError(location, "einsum multiplies ", lhs, " by ", rhs,
                             ", which have no product");
  std::map<char, Extent> sizes;
  for (auto [term, type] :
       {std::pair(equation.getLhs(), lhs), std::pair(equation.getRhs(), rhs)}) {
    SmallVector<Extent> extents = getExtents(type);
    if (extents.size() != term.size())
      return emitOptionalError(location, "einsum: '", term, "' names ",
                               term.size(), " axes of ", type);
    for (auto [letter, extent] : llvm::zip(term, extents))
      if (auto [entry, isNew] = sizes.try_emplace(letter, extent);
          !isNew && entry->second != extent)
        return emitOptionalError(location, "einsum: '", StringRef(&letter, 1),
                                 "' is ", entry->second.str(), " in ", lhs,
                                 " and ", extent.str(), " in ", rhs);
  }
  SmallVector<Extent> result;
  for (char letter : equation.getResult())
    result.push_back(sizes[letter]);
  Type element = getElementType(lhs);
  bool isShort = element.isBF16() || isByte(element);
  types.push_back(
      getTensorType(result, isShort ? Float32Type::get(context) : element));
  return success();
}

LogicalResult ReduceOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> location,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  if (failed(verifyNamedExtents(location, adaptor.getOperands())))
    return failure();
  Type type = adaptor.getOperand().getType();
  SmallVector<Extent> extents = getExtents(type), kept;
  ArrayRef<int64_t> dims = adaptor.getDims();
  for (auto [i, dim] : llvm::enumerate(dims))
    if (dim < 0 || dim >= int64_t(extents.size()) || (i && dims[i - 1] >= dim))
      return emitOptionalError(location, "reduce needs increasing axes of ",
                               type, ", found ", dim);
  for (auto [axis, extent] : llvm::enumerate(extents))
    if (!llvm::is_contained(dims, int64_t(axis)))
      kept.push_back(extent);
  types.push_back(getTensorType(kept, getElementType(type)));
  return success();
}

LogicalResult ArgmaxOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> location,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  if (failed(verifyNamedExtents(location, adaptor.getOperands())))
    return failure();
  Type type = adaptor.getOperand().getType();
  SmallVector<Extent> extents = getExtents(type);
  int64_t dim = adaptor.getDim();
  if (dim < 0 || dim >= int64_t(extents.size()))
    return emitOptionalError(location, "argmax has no axis ", dim, " in ",
                             type);
  if (extents[dim] == Extent(0))
    return emitOptionalError(location, "argmax needs an element along axis ",
                             dim, " of ", type);
  extents.erase(extents.begin() + dim);
  types.push_back(getTensorType(extents, IntegerType::get(context, 32)));
  return success();
}

//===----------------------------------------------------------------------===//
// Axes
//===----------------------------------------------------------------------===//

void EinsumOp::relateAxes(AxisRelations &axes) {
  EinsumAttr equation = getEquation();
  std::pair<StringRef, Value> terms[] = {{equation.getLhs(), getLhs()},
                                         {equation.getRhs(), getRhs()},
                                         {equation.getResult(), getResult()}};
  for (auto &[term, value] : terms)
    for (auto &[other, otherValue] : terms)
      for (auto [i, letter] : llvm::enumerate(term))
        if (size_t j = other.find(letter); j != StringRef::npos)
          axes.same(value, i, otherValue, j);
  // Two loops over the axes of one value: "td,sd->t" of x and x.
  if (getLhs() == getRhs())
    for (auto [i, letters] :
         llvm::enumerate(llvm::zip(equation.getLhs(), equation.getRhs())))
      if (std::get<0>(letters) != std::get<1>(letters))
        axes.fix(getLhs(), i);
}

void EinsumOp::renumberAxes(AxisNumbering numbering) {
  auto shorten = [&](StringRef term, Value value) {
    std::string kept;
    for (auto [axis, letter] : llvm::enumerate(term))
      if (numbering(value, axis))
        kept += letter;
    return kept;
  };
  EinsumAttr equation = getEquation();
  setEquationAttr(EinsumAttr::get(getContext(),
                                  shorten(equation.getLhs(), getLhs()),
                                  shorten(equation.getRhs(), getRhs()),
                                  shorten(equation.getResult(), getResult())));
}

void ReduceOp::relateAxes(AxisRelations &axes) {
  for (int64_t i = 0, j = 0; i < getRank(getOperand().getType()); ++i)
    if (!llvm::is_contained(getDims(), i))
      axes.same(getOperand(), i, getResult(), j++);
}

void ReduceOp::renumberAxes(AxisNumbering numbering) {
  setDims(renumber(numbering, getOperand(), getDims()));
}

void ArgmaxOp::relateAxes(AxisRelations &axes) {
  axes.parts(getOperand(), getResult(), getDim());
}

void ArgmaxOp::renumberAxes(AxisNumbering numbering) {
  setDim(*numbering(getOperand(), getDim()));
}
