// Part of Maek, under the MIT licence; see LICENSE.
// maek-fold-batch-norm: where parameters alone decide what a product's columns
// are multiplied by and shifted by, the factors go into its weights, which are
// then computed once.
#include "passes/EntryValues.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"

#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace maek {
#define GEN_PASS_DEF_FOLDBATCHNORM
#include "passes/Passes.h.inc"

namespace {

constexpr llvm::StringLiteral kPass = "fold-batch-norm";

/// A chain of ops that makes `y * factor + shift` of a product's result, where
/// factor and shift are made of parameters, along the product's axes `dims`.
struct AffineChain {
  EinsumOp product;
  SmallVector<Operation *> ops;
  /// What each op has beside the value, before its broadcast.
  SmallVector<Value> others;
  SmallVector<int64_t> dims;
  bool hasFactor = false;

  Value getResult() const { return ops.back()->getResult(0); }
};

/// The weights' axes that are axes `dims` of the result; nothing if the other
/// operand has one of them, or in another order.
std::optional<SmallVector<int64_t>>
findWeightAxes(EinsumOp product, bool weightsAreRhs, ArrayRef<int64_t> dims) {
  EinsumAttr equation = product.getEquation();
  StringRef own = equation.getTerm(weightsAreRhs);
  StringRef other = equation.getTerm(!weightsAreRhs);
  SmallVector<int64_t> axes;
  for (int64_t dim : dims) {
    char letter = equation.getResult()[dim];
    size_t axis = own.find(letter);
    if (axis == StringRef::npos || other.contains(letter) ||
        (!axes.empty() && axes.back() >= int64_t(axis)))
      return std::nullopt;
    axes.push_back(axis);
  }
  return axes;
}

struct FoldBatchNorm : impl::FoldBatchNormBase<FoldBatchNorm> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    // In training the weights change with every step.
    if (function.isDeclaration() || !findUpdates(function).empty())
      return;
    parameterValues = findParameterValues(function);
    SmallVector<EinsumOp> products;
    function.walk([&](EinsumOp product) { products.push_back(product); });
    for (EinsumOp product : products)
      for (bool weightsAreRhs : {true, false})
        if (tryFold(product, weightsAreRhs))
          break;
  }

private:
  /// The value that parameters determine beneath a broadcast of `value`.
  Value getShared(Value value, AffineChain &chain) const {
    auto broadcast = value.getDefiningOp<BroadcastOp>();
    if (!broadcast || !parameterValues.contains(broadcast.getOperand()) ||
        broadcast.getDims().empty())
      return {};
    if (chain.dims.empty())
      chain.dims.assign(broadcast.getDims());
    return broadcast.getDims() == ArrayRef(chain.dims) ? broadcast.getOperand()
                                                       : Value();
  }

  AffineChain follow(EinsumOp product) const {
    AffineChain chain{product, {}, {}, {}, false};
    Value value = product;
    while (value.hasOneUse()) {
      Operation *user = *value.getUsers().begin();
      if (!isa<AddOp, SubOp, MulOp, DivOp>(user) ||
          user->getBlock() != product->getBlock())
        break;
      bool isLeft = user->getOperand(0) == value;
      // c - y and c / y are other functions of y.
      if (!isLeft && isa<SubOp, DivOp>(user))
        break;
      Value other = getShared(user->getOperand(isLeft ? 1 : 0), chain);
      if (!other)
        break;
      chain.ops.push_back(user);
      chain.others.push_back(other);
      chain.hasFactor |= isa<MulOp, DivOp>(user);
      value = user->getResult(0);
    }
    return chain;
  }

  bool tryFold(EinsumOp product, bool weightsAreRhs) {
    Value weights = product->getOperand(weightsAreRhs);
    if (!parameterValues.contains(weights) ||
        parameterValues.contains(product->getOperand(!weightsAreRhs)))
      return false;
    AffineChain chain = follow(product);
    if (!chain.hasFactor)
      return false;
    std::optional<SmallVector<int64_t>> axes =
        findWeightAxes(product, weightsAreRhs, chain.dims);
    if (!axes) {
      remarkMissed(product, kPass)
          << "the factors are not along axes of the weights alone";
      return false;
    }
    rewrite(chain, weightsAreRhs, *axes);
    return true;
  }

  void rewrite(const AffineChain &chain, bool weightsAreRhs,
               ArrayRef<int64_t> axes) {
    EinsumOp product = chain.product;
    Operation *last = chain.ops.back();
    OpBuilder builder(last);
    Location loc = product.getLoc();
    Value factor, shift;
    for (auto [op, other] : llvm::zip(chain.ops, chain.others)) {
      Location at = op->getLoc();
      if (isa<AddOp, SubOp>(op)) {
        if (!shift && isa<SubOp>(op))
          shift = NegOp::create(builder, at, other);
        else if (!shift)
          shift = other;
        else if (isa<AddOp>(op))
          shift = AddOp::create(builder, at, shift, other);
        else
          shift = SubOp::create(builder, at, shift, other);
        continue;
      }
      bool divides = isa<DivOp>(op);
      auto scale = [&](Value value) -> Value {
        if (divides)
          return DivOp::create(builder, at, value, other);
        return MulOp::create(builder, at, value, other);
      };
      if (shift)
        shift = scale(shift);
      if (factor || !divides)
        factor = factor ? scale(factor) : other;
      else
        factor = scale(ConstantOp::create(builder, at, other.getType(),
                                          builder.getF64FloatAttr(1)));
    }
    Value weights = product->getOperand(weightsAreRhs);
    Value spread =
        BroadcastOp::create(builder, loc, weights.getType(), factor, axes);
    SmallVector<Value> operands(product.getOperands());
    operands[weightsAreRhs] = MulOp::create(builder, loc, weights, spread);
    Value result = EinsumOp::create(builder, loc, product.getEquation(),
                                    operands[0], operands[1]);
    if (shift)
      result = AddOp::create(builder, last->getLoc(), result,
                             BroadcastOp::create(builder, last->getLoc(),
                                                 result.getType(), shift,
                                                 chain.dims));
    chain.getResult().replaceAllUsesWith(result);
    for (Operation *op : llvm::reverse(chain.ops))
      op->erase();
    product.erase();
    ++numFolded;
    remarkPassed(result.getDefiningOp(), loc, kPass)
        << (llvm::Twine(chain.ops.size()) +
            " operations on the result are part of the "
            "weights and one shift")
               .str();
  }

  llvm::DenseSet<Value> parameterValues;
};

} // namespace
} // namespace maek
