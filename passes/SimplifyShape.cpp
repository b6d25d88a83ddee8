// Part of Maek, under the MIT licence; see LICENSE.
// Transposes cancelled, absorbed or turned into reshapes.
#include "passes/Rewriting.h"
#include "passes/Simplify.h"

using namespace mlir;

namespace maek {
namespace {

/// transpose(broadcast(x)) -> broadcast(transpose(x)), which moves less
struct TransposeOfBroadcast : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto broadcast = op.getOperand().getDefiningOp<BroadcastOp>();
    if (!broadcast)
      return failure();
    ArrayRef<int64_t> mapped = broadcast.getDims();
    SmallVector<int64_t> permutation, dims;
    for (auto [axis, source] : llvm::enumerate(op.getPermutation()))
      if (const auto *place = llvm::find(mapped, source);
          place != mapped.end()) {
        permutation.push_back(place - mapped.begin());
        dims.push_back(axis);
      }
    Value moved = rewriter.createOrFold<TransposeOp>(
        op.getLoc(), broadcast.getOperand(), permutation);
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), moved, dims);
    return success();
  }
};

/// transpose(reverse(x)) -> reverse(transpose(x)): towards the scan that then
/// runs the other way, and towards the reverse that undoes it.
struct TransposeOfReverse : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto reverse = op.getOperand().getDefiningOp<ReverseOp>();
    if (!reverse)
      return failure();
    Value moved = TransposeOp::create(
        rewriter, op.getLoc(), reverse.getOperand(), op.getPermutation());
    int64_t dim = llvm::find(op.getPermutation(), reverse.getDim()) -
                  op.getPermutation().begin();
    rewriter.replaceOpWithNewOp<ReverseOp>(op, moved, dim);
    return success();
  }
};

/// einsum(transpose(x), y) -> einsum(x, y) with the letters permuted, where
/// the transpose moves the innermost axis. The others are views for free, and
/// the equation reads better without.
struct AbsorbTranspose : OpRewritePattern<EinsumOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(EinsumOp op,
                                PatternRewriter &rewriter) const override {
    EinsumAttr equation = op.getEquation();
    SmallVector<Value> operands(op->getOperands());
    std::string terms[] = {equation.getLhs().str(), equation.getRhs().str()};
    bool any = false;
    for (auto [i, operand, term] : llvm::enumerate(operands, terms)) {
      auto transpose = operand.getDefiningOp<TransposeOp>();
      if (!transpose || keepsInnermost(transpose.getPermutation()))
        continue;
      for (auto [axis, source] : llvm::enumerate(transpose.getPermutation()))
        term[source] = equation.getTerm(i)[axis];
      operand = transpose.getOperand();
      any = true;
    }
    if (!any)
      return failure();
    equation = EinsumAttr::get(op.getContext(), terms[0], terms[1],
                               equation.getResult());
    rewriter.replaceOpWithNewOp<EinsumOp>(op, equation, operands[0],
                                          operands[1]);
    return success();
  }
};

/// Undoes transposes under a tree of ops whose result is transposed: layers
/// that map over the batch sit between scans, each of which wants time first.
class TransposeCanceller {
public:
  explicit TransposeCanceller(PatternRewriter &rewriter) : rewriter(rewriter) {}

  /// Whether transposing `value` by `permutation` only removes work: each leaf
  /// of the tree of single-use ops is a transpose back, or repeats freely. A
  /// tree of more than `levels`, deeper than layers between scans are, is not
  /// looked at: it may be deeper than the stack.
  static bool isFree(Value value, ArrayRef<int64_t> permutation, bool &cancels,
                     unsigned levels = 256);
  /// `value` transposed, as `isFree` found.
  Value apply(Value value, ArrayRef<int64_t> permutation);

private:
  PatternRewriter &rewriter;
};

/// How an einsum's lhs is transposed so that its result is transposed by
/// `permutation`: none if letters of the rhs would move.
std::optional<SmallVector<int64_t>> permuteLhs(EinsumOp op,
                                               ArrayRef<int64_t> permutation) {
  EinsumAttr equation = op.getEquation();
  std::string moved;
  for (auto [axis, source] : llvm::enumerate(permutation)) {
    char letter = equation.getResult()[source];
    if (int64_t(axis) == source)
      continue;
    if (equation.inRhs(letter))
      return std::nullopt;
    moved += letter;
  }
  SmallVector<int64_t> result;
  size_t next = 0;
  for (auto [axis, letter] : llvm::enumerate(equation.getLhs())) {
    bool moves = StringRef(moved).contains(letter);
    result.push_back(moves ? equation.getLhs().find(moved[next++]) : axis);
  }
  return result;
}

std::string permute(StringRef letters, ArrayRef<int64_t> permutation) {
  std::string permuted;
  for (int64_t source : permutation)
    permuted += letters[source];
  return permuted;
}

bool TransposeCanceller::isFree(Value value, ArrayRef<int64_t> permutation,
                                bool &cancels, unsigned levels) {
  Operation *op = value.getDefiningOp();
  if (!op || levels == 0)
    return false;
  if (isa<ConstantOp>(op))
    return true;
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    cancels = true;
    return transpose.getPermutation() ==
           ArrayRef(invertPermutation(permutation));
  }
  if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
    SmallVector<int64_t> inverse = invertPermutation(permutation);
    int64_t last = -1;
    for (int64_t dim : broadcast.getDims()) {
      if (inverse[dim] < last)
        return false;
      last = inverse[dim];
    }
    return true;
  }
  if (!op->hasOneUse())
    return false;
  if (auto einsum = dyn_cast<EinsumOp>(op)) {
    auto lhs = permuteLhs(einsum, permutation);
    return lhs && isFree(einsum.getLhs(), *lhs, cancels, levels - 1);
  }
  return op->hasTrait<OpTrait::Elementwise>() &&
         llvm::all_of(op->getOperands(), [&](Value operand) {
           return isFree(operand, permutation, cancels, levels - 1);
         });
}

Value TransposeCanceller::apply(Value value, ArrayRef<int64_t> permutation) {
  Operation *op = value.getDefiningOp();
  rewriter.setInsertionPoint(op);
  if (isa<ConstantOp, BroadcastOp, TransposeOp>(op))
    return rewriter.createOrFold<TransposeOp>(op->getLoc(), value, permutation);
  if (auto einsum = dyn_cast<EinsumOp>(op)) {
    EinsumAttr equation = einsum.getEquation();
    SmallVector<int64_t> lhsPermutation = *permuteLhs(einsum, permutation);
    Value lhs = apply(einsum.getLhs(), lhsPermutation);
    equation = EinsumAttr::get(
        op->getContext(), permute(equation.getLhs(), lhsPermutation),
        equation.getRhs(), permute(equation.getResult(), permutation));
    rewriter.setInsertionPoint(op);
    return EinsumOp::create(rewriter, op->getLoc(), equation, lhs,
                            einsum.getRhs());
  }
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(apply(operand, permutation));
  SmallVector<Extent> extents;
  for (int64_t source : permutation)
    extents.push_back(getExtent(value.getType(), source));
  rewriter.setInsertionPoint(op);
  return cloneWith(rewriter, op,
                   getTensorType(extents, getElementType(value.getType())),
                   operands)
      ->getResult(0);
}

/// transpose(f(transpose(x), ...)) -> f(x, ...)
struct CancelTransposes : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    Operation *source = op.getOperand().getDefiningOp();
    if (!source || isa<ConstantOp, BroadcastOp, TransposeOp>(source))
      return failure();
    bool cancels = false;
    if (!TransposeCanceller::isFree(op.getOperand(), op.getPermutation(),
                                    cancels) ||
        !cancels)
      return failure();
    Value result = TransposeCanceller(rewriter).apply(op.getOperand(),
                                                      op.getPermutation());
    rewriter.replaceOp(op, result);
    return success();
  }
};

} // namespace

void populateShapePatterns(RewritePatternSet &patterns) {
  patterns.add<TransposeOfBroadcast, TransposeOfReverse, AbsorbTranspose,
               CancelTransposes>(patterns.getContext());
}

} // namespace maek
