// Part of Maek, under the MIT licence; see LICENSE.
// maek-lower-precision: products read their operands in bf16, and what makes
// those stores them so.
//
// Note [Conversions]
// A conversion stands first where its product reads it. It then moves to where
// the number is made, so that the kernel that makes it stores it in bf16 as
// well: through stacks, concats, transposes, reshapes and windows, out of a
// scan with the sequence that it reads, into a scan whose output it is. Of a
// state that a step converts, the scan carries a second one, in bf16. Where
// nothing else reads the number in f32, it is never stored in f32.
#include "passes/EntryValues.h"
#include "passes/KernelOps.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/Rewriting.h"
#include "passes/Scans.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {
#define GEN_PASS_DEF_LOWERPRECISION
#include "passes/Passes.h.inc"

static constexpr llvm::StringLiteral kPass = "lower-precision";

/// Below these the conversions take longer than is saved.
static constexpr int64_t fewestSummands = 32, fewestColumns = 16;
/// Pairs along a shorter axis would leave much of the words empty, or be read
/// number by number.
static constexpr int64_t shortestPairedAxis = 8;
/// A product of two operands that change reads them in blocks, which are copied
/// anyway; it is of that kind from here on, see
/// codegen/halide/schedules/LongContraction.cpp.
static constexpr int64_t fewestLongSummands = 1024;

static bool isBelow(const Extent &extent, int64_t fewest) {
  return extent.isStatic() && extent.factor < fewest;
}

static Extent getLetterExtent(EinsumOp product, char letter) {
  EinsumAttr equation = product.getEquation();
  unsigned side = equation.inLhs(letter) ? 0 : 1;
  return getExtent(product->getOperand(side).getType(),
                   equation.getTerm(side).find(letter));
}

static Extent countSummands(EinsumOp product) {
  Extent count(1);
  for (char letter : product.getEquation().getContracted())
    count = count * getLetterExtent(product, letter);
  return count;
}

/// Why a product of weights and activations stays in f32, or nothing.
static StringRef whyNotWithWeights(EinsumOp product, unsigned side) {
  EinsumAttr equation = product.getEquation();
  StringRef weights = equation.getTerm(side);
  StringRef others = equation.getTerm(1 - side), result = equation.getResult();
  if (result.empty() || !weights.contains(result.back()) ||
      others.contains(result.back()))
    return "the result's last axis is not one of the weights'";
  auto isBatch = [&](char letter) {
    return others.contains(letter) && result.contains(letter);
  };
  if (llvm::any_of(weights, isBatch))
    return "each example has its own weights";
  if (llvm::none_of(result, [&](char c) { return !weights.contains(c); }))
    return "it has no rows";
  Extent columns = getLetterExtent(product, result.back());
  if (!columns.isStatic() || isBelow(columns, fewestColumns))
    return "it has few columns";
  if (others.empty() || result.contains(others.back()) ||
      !weights.contains(others.back()))
    return "the innermost axis of what it multiplies is not summed over";
  Extent paired = getLetterExtent(product, others.back());
  if (!paired.isStatic() || isBelow(paired, shortestPairedAxis))
    return "the innermost summed axis is short";
  if (isBelow(countSummands(product), fewestSummands))
    return "it sums few numbers";
  return "";
}

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
  if (isBelow(columns, fewestColumns))
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
    if (!extent.isStatic() || isBelow(extent, shortestPairedAxis))
      return "it has few channels";
  }
  return "";
}

namespace {

/// The conversions of one function, moved to where the numbers are made. See
/// Note [Conversions].
class Conversions {
public:
  Conversions(const llvm::DenseSet<Value> &parameterValues,
              MLIRContext *context)
      : parameterValues(parameterValues), rewriter(context) {}

  /// `value` in bf16, where it is defined; one for all.
  Value convert(Value value);
  void move();

private:
  Value moveUp(ConvertOp conversion);
  Value moveAbove(Operation *op);
  Value moveOutOf(ScanOp scan, BlockArgument argument);
  Value moveInto(ScanOp scan, OpResult output);

  Type getShort(Value value) {
    return withElementType(value.getType(), rewriter.getBF16Type());
  }

  const llvm::DenseSet<Value> &parameterValues;
  IRRewriter rewriter;
  SmallVector<ConvertOp> pending;
  /// What scans' bodies have as arguments in bf16 already.
  llvm::DenseMap<Value, Value> arguments;
};

} // namespace

Value Conversions::convert(Value value) {
  for (Operation *user : value.getUsers())
    if (auto known = dyn_cast<ConvertOp>(user);
        known && known.getType() == getShort(value) &&
        known->getBlock() == value.getParentBlock())
      return known;
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointAfterValue(value);
  auto made =
      ConvertOp::create(rewriter, value.getLoc(), getShort(value), value);
  pending.push_back(made);
  return made;
}

/// op(x, ...) in bf16 -> op(x in bf16, ...)
Value Conversions::moveAbove(Operation *op) {
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(convert(operand));
  rewriter.setInsertionPointAfter(op);
  return cloneWith(rewriter, op, getShort(op->getResult(0)), operands)
      ->getResult(0);
}

/// An element or a state of a step in bf16 -> of another sequence, of another
/// state.
Value Conversions::moveOutOf(ScanOp scan, BlockArgument argument) {
  unsigned number = argument.getArgNumber(), first = scan.getNumSequences();
  if (number < first) {
    Value sequence = convert(scan.getSequences()[number]);
    scan = rebuildScan(rewriter, scan, ScanDrops(scan), sequence);
    return arguments[argument] = scan.getElements().back();
  }
  unsigned state = number - first;
  scan = addState(rewriter, scan, convert(scan.getInits()[state]));
  Value added = arguments[argument] = scan.getStates().back();
  Value next = convert(scan.getYield().getValues()[state]);
  scan.getYield().getValuesMutable()[scan.getNumStates() - 1].set(next);
  return added;
}

/// An output of a scan in bf16 -> another output.
Value Conversions::moveInto(ScanOp scan, OpResult output) {
  Value yielded = scan.getYield().getValues()[output.getResultNumber()];
  Value element = convert(yielded);
  scan = rebuildScan(rewriter, scan, ScanDrops(scan), {}, element);
  return scan.getOutputs().back();
}

/// What takes the conversion's place; null if it stays.
Value Conversions::moveUp(ConvertOp conversion) {
  Value source = conversion.getOperand();
  if (auto argument = dyn_cast<BlockArgument>(source)) {
    if (Value known = arguments.lookup(source))
      return known;
    auto scan = dyn_cast<ScanOp>(argument.getOwner()->getParentOp());
    return scan ? moveOutOf(scan, argument) : Value();
  }
  Operation *op = source.getDefiningOp();
  // Unless it is an argument that is read in another order: once is enough.
  if (auto transpose = dyn_cast<TransposeOp>(op);
      transpose && keepsInnermost(transpose.getPermutation()) &&
      !isa<BlockArgument>(transpose.getOperand()))
    return moveAbove(op);
  // A pack rounds weights, however they are joined.
  if (isa<WindowOp>(op) || (isa<StackOp, ConcatOp, ReshapeOp>(op) &&
                            !parameterValues.contains(source)))
    return moveAbove(op);
  auto result = cast<OpResult>(source);
  auto scan = dyn_cast<ScanOp>(op);
  return scan && result.getResultNumber() >= scan.getNumStates()
             ? moveInto(scan, result)
             : Value();
}

void Conversions::move() {
  while (!pending.empty()) {
    ConvertOp conversion = pending.pop_back_val();
    Value moved = moveUp(conversion);
    if (!moved)
      continue;
    rewriter.replaceOp(conversion, moved);
  }
}

namespace {

struct LowerPrecision : impl::LowerPrecisionBase<LowerPrecision> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
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
      return isBelow(getExtent(type, getRank(type) - 1), shortestPairedAxis);
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
      return whyNotWithWeights(product, rhs);
    bool hasWindows = llvm::any_of(product->getOperands(), [](Value operand) {
      return operand.getDefiningOp<WindowOp>() != nullptr;
    });
    return hasWindows ? whyNotWithWindows(product) : whyNotLong(product);
  }
};

} // namespace
} // namespace maek
