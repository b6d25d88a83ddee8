// Part of Maek, under the MIT licence; see LICENSE.
// maek-split-concat-matmul: W · [h, x] -> W_h · h + W_x · x in scans, so that
// the part that does not wait for the state can leave the loop.
#include "ir/DeadOps.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/Rewriting.h"
#include "passes/Scans.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace maek {

#define GEN_PASS_DEF_SPLITCONCATMATMUL
#include "passes/Passes.h.inc"

namespace {

constexpr llvm::StringLiteral kPass = "split-concat-matmul";

/// An einsum's operand that is a concat along a letter that is summed over.
struct ConcatOperand {
  ConcatOp concat;
  unsigned side;
  char letter;
};

std::optional<ConcatOperand> findConcat(EinsumOp op) {
  EinsumAttr equation = op.getEquation();
  for (unsigned side : {0, 1}) {
    auto concat = op->getOperand(side).getDefiningOp<ConcatOp>();
    if (!concat)
      continue;
    char letter = equation.getTerm(side)[concat.getDim()];
    if (!equation.inResult(letter))
      return ConcatOperand{concat, side, letter};
  }
  return std::nullopt;
}

/// Why the parts would not be better off apart, or an empty string.
std::string getObstacle(EinsumOp op, ConcatOperand operand) {
  auto scan = dyn_cast<ScanOp>(op->getParentOp());
  if (!scan)
    return "the product is in no loop that a part could leave";
  ScanDependence dependence(scan);
  if (dependence.of(op->getOperand(1 - operand.side)) == Dependence::State)
    return "the other operand depends on the loop's state";
  bool stays = false, leaves = false;
  for (Value part : operand.concat.getOperands())
    (dependence.of(part) == Dependence::State ? stays : leaves) = true;
  if (!leaves)
    return "every part depends on the loop's state";
  if (!stays)
    return "no part depends on the loop's state";
  return "";
}

/// The parts of the other operand that meet the concat's operands: cut where
/// the operand is made, as far out of the loops as possible.
SmallVector<Value> cutOther(EinsumOp op, ConcatOperand operand) {
  Value other = op->getOperand(1 - operand.side);
  size_t dim = op.getEquation().getTerm(1 - operand.side).find(operand.letter);
  ValueRange parts = operand.concat.getOperands();
  if (dim == StringRef::npos)
    return SmallVector<Value>(parts.size(), other);
  SmallVector<Type> types;
  for (Value part : parts) {
    SmallVector<Extent> extents = getExtents(other.getType());
    extents[dim] = getExtent(part.getType(), operand.concat.getDim());
    types.push_back(getTensorType(extents, getElementType(other.getType())));
  }
  OpBuilder builder(getHoistPoint(op, other));
  auto split = SplitOp::create(builder, op.getLoc(), types, other, dim);
  return SmallVector<Value>(split.getOutputs());
}

void splitProduct(EinsumOp op, ConcatOperand operand) {
  SmallVector<Value> others = cutOther(op, operand);
  OpBuilder builder(op);
  Value sum;
  for (auto [part, other] : llvm::zip(operand.concat.getOperands(), others)) {
    Value lhs = operand.side == 0 ? part : other;
    Value rhs = operand.side == 0 ? other : part;
    Value product =
        EinsumOp::create(builder, op.getLoc(), op.getEquation(), lhs, rhs);
    sum = sum ? AddOp::create(builder, op.getLoc(), sum, product) : product;
  }
  op.replaceAllUsesWith(sum);
  op.erase();
}

struct SplitConcatMatmul : impl::SplitConcatMatmulBase<SplitConcatMatmul> {
  using SplitConcatMatmulBase::SplitConcatMatmulBase;

  void runOnOperation() override {
    SmallVector<EinsumOp> products;
    getOperation().walk([&](EinsumOp op) { products.push_back(op); });
    for (EinsumOp op : products)
      visit(op);
    eraseDeadOps(getOperation());
  }

private:
  void visit(EinsumOp op) {
    std::optional<ConcatOperand> operand = findConcat(op);
    if (!operand)
      return;
    if (std::string why = getObstacle(op, *operand); !why.empty()) {
      remarkMissed(op, kPass)
          << "left the product with a concatenated operand whole: " + why;
      return;
    }
    remarkPassed(op, kPass)
        << llvm::formatv("split a product with a concatenated operand into {0} "
                         "products",
                         operand->concat.getOperands().size())
               .str();
    ++numSplit;
    splitProduct(op, *operand);
  }
};

} // namespace
} // namespace maek
