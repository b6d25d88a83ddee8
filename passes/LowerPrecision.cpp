// Part of Maek, under the MIT licence; see LICENSE.
// maek-lower-precision: products read their operands in bf16, and what makes
// those stores them so.
#include "passes/Conversions.h"
#include "passes/EntryValues.h"
#include "passes/KernelOps.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/ShortProducts.h"

#include "runtime/core/EntryNames.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {
#define GEN_PASS_DEF_LOWERPRECISION
#include "passes/Passes.h.inc"

static constexpr llvm::StringLiteral kPass = "lower-precision";

/// A product of two operands that change reads them in blocks, which are copied
/// anyway; it is of that kind from here on, see
/// codegen/halide/schedules/LongContraction.cpp.
static constexpr int64_t fewestLongSummands = 1024;

/// Why a product of two operands that change stays in f32, or nothing.
static StringRef whyNotLong(EinsumOp product) {
  EinsumAttr equation = product.getEquation();
  StringRef result = equation.getResult();
  std::string summed = equation.getContracted();
  auto isOnBothSides = [&](char letter) {
    return equation.inLhs(letter) && equation.inRhs(letter);
  };
  if (summed.empty() || !llvm::all_of(summed, isOnBothSides))
    return "it sums nothing of both operands";
  auto isRow = [&](char letter) {
    return equation.inLhs(letter) != equation.inLhs(result.back());
  };
  if (result.empty() || isOnBothSides(result.back()) ||
      llvm::none_of(result, isRow))
    return "it has no rows or no columns";
  for (StringRef term : {equation.getLhs(), equation.getRhs()})
    if (!term.contains(summed))
      return "the summed axes lie apart";
  Extent columns = getLetterExtent(product, result.back());
  if (isBelow(columns, fewestShortColumns))
    return "it has few columns";
  if (columns.isStatic() && llvm::any_of(result, isOnBothSides))
    return "both operands change, and each example has its own product";
  if (columns.isStatic() && isBelow(countSummands(product), fewestLongSummands))
    return "both operands change, and it sums few numbers";
  auto isStatic = [&](char letter) {
    return getLetterExtent(product, letter).isStatic();
  };
  if (columns.isStatic() && !llvm::all_of(result, isStatic))
    return "both operands change, and the number of rows is not fixed";
  return "";
}

/// Why a product of windows and another operand that changes stays in f32, or
/// nothing. A convolution's weight gradient, "bhwo,bhiwjc->ijco", multiplies
/// pairs of images.
static StringRef whyNotWithWindows(EinsumOp product) {
  EinsumAttr equation = product.getEquation();
  StringRef result = equation.getResult();
  StringRef lhs = equation.getLhs(), rhs = equation.getRhs();
  if (lhs.empty() || rhs.empty() || lhs.front() != rhs.front() ||
      equation.inResult(lhs.front()))
    return "the outermost axis of the windows is not summed over";
  if (result.size() < 2 ||
      equation.inLhs(result.back()) == equation.inRhs(result.back()))
    return "it has no rows or no columns";
  for (char letter : result.take_back(2)) {
    Extent extent = getLetterExtent(product, letter);
    if (!extent.isStatic() || isBelow(extent, shortestWordAxis))
      return "it has few channels";
  }
  return "";
}

namespace {

struct LowerPrecision : impl::LowerPrecisionBase<LowerPrecision> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration() ||
        function.getSymName() == runtime::kReference)
      return;
    llvm::DenseSet<Value> parameterValues = findParameterValues(function);
    SmallVector<EinsumOp> products;
    function.walk([&](EinsumOp product) {
      if (getElementType(product.getLhs().getType()).isF32())
        products.push_back(product);
    });
    Conversions conversions(parameterValues, &getContext());
    function.walk([&](Operation *op) {
      if (isAttention(op))
        lowerAttention(op, conversions);
    });
    for (EinsumOp product : products) {
      StringRef reason = whyNot(product, parameterValues);
      if (!reason.empty()) {
        remarkMissed(product, kPass)
            << ("the product stays in f32: " + reason).str();
        continue;
      }
      for (OpOperand &operand : product->getOpOperands())
        operand.set(conversions.convert(operand.get()));
      ++numLowered;
      remarkPassed(product, kPass) << "multiplies in bf16 and sums in f32";
    }
    conversions.move();
  }

  /// Queries, keys, values and adjoints; not the sums that gradients take.
  void lowerAttention(Operation *op, Conversions &conversions) {
    SmallVector<OpOperand *> factors;
    for (OpOperand &operand : op->getOpOperands())
      if (Type type = operand.get().getType();
          getRank(type) == getRank(op->getOperand(0).getType()) &&
          getElementType(type).isF32())
        factors.push_back(&operand);
    auto isNarrow = [](OpOperand *factor) {
      Type type = factor->get().getType();
      return isBelow(getExtent(type, getRank(type) - 1), shortestWordAxis);
    };
    if (factors.empty() || llvm::any_of(factors, isNarrow)) {
      remarkMissed(op, kPass) << "attention stays in f32: it has few features";
      return;
    }
    for (OpOperand *factor : factors)
      factor->set(conversions.convert(factor->get()));
    ++numLowered;
    remarkPassed(op, kPass) << "attention multiplies in bf16 and sums in f32";
  }

  static StringRef whyNot(EinsumOp product,
                          const llvm::DenseSet<Value> &parameterValues) {
    bool lhs = isWeight(product.getLhs(), product, parameterValues);
    bool rhs = isWeight(product.getRhs(), product, parameterValues);
    if (lhs && rhs)
      return "the parameters alone determine it";
    if (lhs || rhs)
      return whyNotShort(product, rhs);
    bool hasWindows = llvm::any_of(product->getOperands(), [](Value operand) {
      return operand.getDefiningOp<WindowOp>() != nullptr;
    });
    return hasWindows ? whyNotWithWindows(product) : whyNotLong(product);
  }
};

} // namespace
} // namespace maek
