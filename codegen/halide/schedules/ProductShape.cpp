// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/schedules/ProductShape.h"

#include "ir/MaekOps.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek::halide {

std::optional<ProductShape> ProductShape::match(Reduction &reduction) {
  auto einsum = dyn_cast<EinsumOp>(reduction.op);
  if (!einsum)
    return std::nullopt;
  ProductShape shape;
  shape.reduction = &reduction;
  EinsumAttr equation = shape.equation = einsum.getEquation();
  StringRef result = equation.getResult();
  if (result.empty())
    return std::nullopt;
  shape.column = result.back();
  bool weightsAreRhs = equation.inRhs(shape.column);
  if (weightsAreRhs == equation.inLhs(shape.column))
    return std::nullopt;
  StringRef weights = equation.getTerm(weightsAreRhs);
  StringRef others = equation.getTerm(!weightsAreRhs);
  if (Extent columns = shape.extent(shape.column); columns.isStatic())
    shape.numColumns = columns.factor;
  for (char letter : result.drop_back()) {
    if (!contains(weights, letter))
      shape.rows += letter;
    else if (contains(others, letter))
      shape.batches += letter;
    else
      shape.gates += letter;
  }
  for (char letter : shape.gates)
    shape.numGates *= shape.extent(letter).factor;
  shape.weights = reduction.operands[weightsAreRhs];
  shape.activations = reduction.operands[!weightsAreRhs];
  Value operand = einsum->getOperand(weightsAreRhs);
  auto unpack = operand.getDefiningOp<UnpackOp>();
  bool isPacked =
      unpack && unpack.getDim() == int64_t(weights.find(shape.column));
  shape.panelWidth = isPacked ? unpack.getWidth() : 0;
  shape.isColumnInnermost = !unpack && weights.back() == shape.column;
  return shape;
}

bool ProductShape::isOfPairs() const {
  return getElementType(reduction->op->getOperand(0).getType()).isBF16();
}

Halide::Var ProductShape::var(char letter) const {
  StringRef result = equation.getResult();
  return KernelAlgorithm::var(result.size(), result.find(letter));
}

Halide::Var ProductShape::operandVar(const Halide::Func &operand,
                                     char letter) const {
  bool isWeights = operand.name() == weights.name();
  StringRef term = equation.getTerm(equation.inRhs(column) == isWeights);
  return KernelAlgorithm::var(term.size(), term.find(letter));
}

Extent ProductShape::extent(char letter) const {
  return getExtent(reduction->op->getResult(0).getType(),
                   equation.getResult().find(letter));
}

bool ProductShape::isStatic(StringRef letters) const {
  return llvm::all_of(letters,
                      [&](char letter) { return extent(letter).isStatic(); });
}

Halide::Expr ProductShape::countMultiplyAdds(KernelAlgorithm &kernel) const {
  Halide::Expr count = Halide::cast<float>(1);
  for (char letter : equation.getResult())
    count *= Halide::cast<float>(kernel.extent(extent(letter)));
  for (const Extent &summed : reduction->extents)
    count *= Halide::cast<float>(kernel.extent(summed));
  return count;
}

bool hasCostlyOp(KernelAlgorithm &kernel) {
  for (Operation &op : kernel.getKernel().getBody().front())
    if (KernelAlgorithm::isCostly(&op))
      return true;
  return false;
}

/// Follows a value whose axes are `letters` to the kernel's results.
static bool follow(Value value, const std::string &letters, StringRef gates,
                   llvm::DenseMap<Value, std::string> &seen) {
  auto [known, isNew] = seen.try_emplace(value, letters);
  if (!isNew)
    return known->second == letters;
  for (Operation *user : value.getUsers()) {
    if (user->hasTrait<OpTrait::IsTerminator>())
      continue;
    std::string next = letters;
    if (auto unstack = dyn_cast<UnstackOp>(user)) {
      if (!contains(gates, letters[unstack.getDim()]))
        return false;
      next.erase(unstack.getDim(), 1);
    } else if (!user->hasTrait<OpTrait::Elementwise>()) {
      return false;
    }
    for (Value result : user->getResults())
      if (!follow(result, next, gates, seen))
        return false;
  }
  return true;
}

std::optional<std::string> matchEpilogue(KernelAlgorithm &kernel,
                                         ArrayRef<ProductShape> products) {
  if (kernel.getOutputs().size() != 1)
    return std::nullopt;
  llvm::DenseMap<Value, std::string> letters;
  for (const ProductShape &product : products)
    if (!follow(product.reduction->op->getResult(0),
                product.equation.getResult().str(), product.gates, letters))
      return std::nullopt;
  std::optional<std::string> result;
  for (Value value : kernel.getOutputs().front().values) {
    auto known = letters.find(value);
    if (known == letters.end())
      continue;
    if (result && *result != known->second)
      return std::nullopt;
    result = known->second;
  }
  return result;
}

} // namespace maek::halide
