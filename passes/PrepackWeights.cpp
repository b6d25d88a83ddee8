// Part of Maek, under the MIT licence; see LICENSE.
// maek-prepack-weights: a product reads its weights in panels, in the order in
// which it needs them; the panels are made once, outside of the time loop.
#include "passes/EntryValues.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"

#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <algorithm>

using namespace mlir;

namespace maek {
#define GEN_PASS_DEF_PREPACKWEIGHTS
#include "passes/Passes.h.inc"

static constexpr llvm::StringLiteral kPass = "prepack-weights";

/// How the weight of a product is packed.
struct Packing {
  int64_t dim;
  SmallVector<int64_t> order;
  /// The axis along which short numbers come in words.
  std::optional<int64_t> words;
};

/// The weight's axis along which it is multiplied in words: that of the other
/// operand's innermost letter that has a fixed size, so that a word of that
/// operand is read at once. Or nothing.
static std::optional<int64_t> findWords(EinsumAttr equation, Type weight) {
  for (char letter : llvm::reverse(equation.getLhs())) {
    size_t axis = equation.getRhs().find(letter);
    if (axis != StringRef::npos && getExtent(weight, axis).isStatic())
      return axis;
  }
  return std::nullopt;
}

/// Panels over the result's last axis, which belongs to the weight; within a
/// panel the summed axes in the order of the other operand and the weight's
/// other axes in the order of the result, those or these first. Or the reason
/// why there is none.
static FailureOr<Packing> findPacking(EinsumAttr equation, Type weight,
                                      bool sumsInnermost, StringRef &reason) {
  StringRef own = equation.getRhs(), result = equation.getResult();
  if (result.empty() || !own.contains(result.back()) ||
      equation.inLhs(result.back())) {
    reason = "the result's last axis is not one of the weights'";
    return failure();
  }
  for (char letter : own)
    if (equation.inLhs(letter) && equation.inResult(letter)) {
      reason = "each example has its own";
      return failure();
    }
  Packing packing;
  packing.dim = own.find(result.back());
  if (!getExtent(weight, packing.dim).isStatic()) {
    reason = "the panels' axis has no fixed size";
    return failure();
  }
  Type element = getElementType(weight);
  if (element.isBF16() || element.isInteger(8)) {
    packing.words = findWords(equation, weight);
    if (!packing.words) {
      reason = "no summed axis of fixed size comes in words";
      return failure();
    }
  }
  for (char letter : equation.getLhs())
    if (own.contains(letter))
      packing.order.push_back(own.find(letter));
  for (char letter : own)
    if (!equation.inLhs(letter) && !equation.inResult(letter))
      packing.order.push_back(own.find(letter));
  size_t numSummed = packing.order.size();
  for (char letter : result.drop_back())
    if (own.contains(letter))
      packing.order.push_back(own.find(letter));
  if (sumsInnermost)
    std::rotate(packing.order.begin(), packing.order.begin() + numSummed,
                packing.order.end());
  return packing;
}

namespace {

struct PrepackWeights : impl::PrepackWeightsBase<PrepackWeights> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
      return;
    llvm::DenseSet<Value> parameterValues = findParameterValues(function);
    SmallVector<EinsumOp> products;
    function.walk([&](EinsumOp product) { products.push_back(product); });
    for (EinsumOp product : products)
      prepack(product, parameterValues);
  }

  void prepack(EinsumOp product, const llvm::DenseSet<Value> &parameterValues) {
    if (product.getLhs().getDefiningOp<UnpackOp>() ||
        product.getRhs().getDefiningOp<UnpackOp>())
      return;
    bool lhs = isWeight(product.getLhs(), product, parameterValues);
    bool rhs = isWeight(product.getRhs(), product, parameterValues);
    if (lhs == rhs)
      return;
    if (lhs) {
      Value weight = product.getLhs();
      product.getLhsMutable().set(product.getRhs());
      product.getRhsMutable().set(weight);
      product.setEquationAttr(product.getEquation().getSwapped());
    }
    StringRef reason;
    FailureOr<Packing> packing =
        findPacking(product.getEquation(), product.getRhs().getType(),
                    sumsInnermost, reason);
    if (failed(packing)) {
      remarkMissed(product, kPass)
          << ("weights stay as they are: " + reason).str();
      return;
    }
    rewrite(product, *packing);
  }

  void rewrite(EinsumOp product, const Packing &packing) {
    Value weight = product.getRhs(), source = weight;
    // Packing in words rounds, too.
    if (auto convert = weight.getDefiningOp<ConvertOp>();
        convert && packing.words)
      source = convert.getOperand();
    OpBuilder builder(product.getContext());
    builder.setInsertionPointAfterValue(weight);
    int64_t elementBytes =
        packing.words
            ? 4
            : getElementType(weight.getType()).getIntOrFloatBitWidth() / 8;
    int64_t width = std::max<int64_t>(panelBytes / elementBytes, 1);
    IntegerAttr words;
    if (packing.words)
      words = builder.getI64IntegerAttr(*packing.words);
    Value packed = PackOp::create(builder, product.getLoc(), source,
                                  packing.dim, width, packing.order, words);
    builder.setInsertionPoint(product);
    product.getRhsMutable().set(
        UnpackOp::create(builder, product.getLoc(), weight.getType(), packed,
                         packing.dim, width, packing.order, words));
    ++numPacked;
    remarkPassed(product, kPass) << "weights are read in panels";
  }
};

} // namespace
} // namespace maek
