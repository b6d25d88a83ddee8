// Part of Maek, under the MIT licence; see LICENSE.
// maek-quantize: products of weights and activations multiply codes of 8 bits.
//
// Note [Codes]
// A weight's codes are symmetric, of i8: those of one column of a product, what
// makes one element of a row, share the largest magnitude 127. An activation's
// are of ui8, since vpdpbusd multiplies unsigned by signed. They go from 0 to
// 255 where no number is negative, else their code of 0 is 128, and the largest
// magnitude is 127 from there. That magnitude is the range of the weights they
// meet, a parameter that the entry `reference` observes. With r for that range,
// z for the code of 0, l for the largest magnitude of a code and m for that of
// a column's weights,
//
//     x ≈ (code(x) - z) · r / l        w ≈ code(w) · m / 127
//     Σ x · w ≈ (Σ code(x) · code(w) - z · Σ code(w)) · r / l · m / 127
//
// where parameters alone decide all but the sum of products.
#include "passes/Conversions.h"
#include "passes/EntryValues.h"
#include "passes/NonNegative.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/Scans.h"
#include "passes/ShortProducts.h"

#include "ir/Entries.h"
#include "runtime/core/EntryNames.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include <map>

using namespace mlir;

namespace maek {
#define GEN_PASS_DEF_QUANTIZE
#include "passes/Passes.h.inc"

static constexpr llvm::StringLiteral kPass = "quantize";

/// Of a weight.
static constexpr double largestCode = 127;
/// A range that holds no other number than 0 would have no scale.
static constexpr double smallestRange = 1e-30;
/// Of a model that was not calibrated: programs that are timed need no weights.
static constexpr double firstRange = 8;
/// More products of codes, of 255 and 127 at most, may be beyond i32.
static constexpr int64_t mostSummands = 1 << 16;

/// A product that can multiply codes.
struct CodeProduct {
  EinsumOp product;
  /// Which operand the weights are.
  unsigned side;
  /// The parameters, of those that the weights are made of, whose ranges count.
  SmallVector<std::string> names;
  /// Whether what the weights are multiplied by is never negative.
  bool isUnsigned;

  Value getWeights() { return product->getOperand(side); }
  OpOperand &getActivations() { return product->getOpOperand(1 - side); }
};

static StringRef whyNot(EinsumOp product, unsigned side) {
  if (StringRef reason = whyNotShort(product, side); !reason.empty())
    return reason;
  EinsumAttr equation = product.getEquation();
  for (char letter : equation.getContracted())
    if (!equation.inLhs(letter) || !equation.inRhs(letter))
      return "it sums over an axis of one operand";
  Extent summands = countSummands(product);
  if (!summands.isStatic() || summands.factor > mostSummands)
    return "it sums too many numbers";
  return "";
}

/// The parameters that `value`, which parameters alone determine, is made of:
/// their matrices, or all if there is none.
static SmallVector<std::string> findParameters(Value value,
                                               func::FuncOp entry) {
  llvm::SetVector<Value> sources;
  sources.insert(value);
  for (size_t i = 0; i < sources.size(); ++i)
    if (Operation *op = sources[i].getDefiningOp())
      sources.insert(op->operand_begin(), op->operand_end());
  SmallVector<std::string> matrices, all;
  for (BlockArgument argument : entry.getArguments()) {
    if (!sources.contains(argument))
      continue;
    std::string name = getArgName(entry, argument.getArgNumber()).str();
    all.push_back(name);
    if (getRank(argument.getType()) > 1)
      matrices.push_back(name);
  }
  return matrices.empty() ? all : matrices;
}

static bool isF32(Value value) {
  return getElementType(value.getType()).isF32();
}

/// The products of the entry that can multiply codes.
static SmallVector<CodeProduct> findProducts(func::FuncOp entry) {
  llvm::DenseSet<Value> parameterValues = findParameterValues(entry);
  NonNegative nonNegative;
  SmallVector<CodeProduct> found;
  entry.walk([&](EinsumOp product) {
    bool lhs = parameterValues.contains(product.getLhs());
    bool rhs = parameterValues.contains(product.getRhs());
    if (lhs == rhs || !isF32(product.getLhs()))
      return;
    unsigned side = rhs;
    if (StringRef reason = whyNot(product, side); !reason.empty()) {
      remarkMissed(product, kPass)
          << ("the product multiplies no codes: " + reason).str();
      return;
    }
    found.push_back({product, side,
                     findParameters(product->getOperand(side), entry),
                     nonNegative.contains(product->getOperand(1 - side))});
  });
  return found;
}

//===----------------------------------------------------------------------===//
// Arithmetic on tensors that parameters determine
//===----------------------------------------------------------------------===//

namespace {
/// Makes ops at one place.
struct Arithmetic {
  OpBuilder &builder;
  Location loc;

  Value constant(double value, Type type) const {
    return ConstantOp::create(builder, loc, type,
                              builder.getF64FloatAttr(value));
  }
  /// The value at least as large as the smallest range.
  Value positive(Value x) const {
    return MaxOp::create(builder, loc, x, constant(smallestRange, x.getType()));
  }
  Value times(Value a, Value b) const {
    return MulOp::create(builder, loc, a, b);
  }
  Value over(double a, Value b) const {
    return DivOp::create(builder, loc, constant(a, b.getType()), b);
  }
  Value repeat(Value x, Type type, ArrayRef<int64_t> dims) const {
    return BroadcastOp::create(builder, loc, type, x, dims);
  }
  /// The largest magnitude over the axes.
  Value magnitude(Value x, ArrayRef<int64_t> dims) const {
    Value negative = NegOp::create(builder, loc, x);
    Value absolute = MaxOp::create(builder, loc, x, negative);
    return dims.empty() ? absolute
                        : ReduceOp::create(builder, loc, ReduceKind::Max,
                                           absolute, dims);
  }
};
} // namespace

static SmallVector<int64_t> allAxes(Value value) {
  return llvm::to_vector(llvm::seq<int64_t>(0, getRank(value.getType())));
}

//===----------------------------------------------------------------------===//
// Observing
//===----------------------------------------------------------------------===//

/// What has the same largest magnitude and is smaller.
static Value getSource(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<WindowOp, ReshapeOp, TransposeOp, BroadcastOp>(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

/// The largest magnitude of `value` in a call of the function, a scalar of its
/// own block; null if that is not in scans alone.
static Value observe(Value value, RewriterBase &rewriter) {
  value = getSource(value);
  rewriter.setInsertionPointAfterValue(value);
  auto reduce = [&](Value all) -> Value {
    return Arithmetic{rewriter, all.getLoc()}.magnitude(all, allAxes(all));
  };
  Value largest = reduce(value);
  while (auto scan =
             dyn_cast<ScanOp>(largest.getParentBlock()->getParentOp())) {
    Value collected = collectOverSteps(rewriter, scan, largest).front();
    rewriter.setInsertionPointAfterValue(collected);
    largest = reduce(collected);
  }
  return isa<func::FuncOp>(largest.getParentBlock()->getParentOp()) ? largest
                                                                    : Value();
}

/// Has the entry update the ranges of all parameters that its products can
/// multiply codes by; these.
static llvm::StringSet<> observeRanges(func::FuncOp entry) {
  IRRewriter rewriter(entry.getContext());
  std::map<std::string, Value> largest;
  for (CodeProduct &found : findProducts(entry)) {
    Value magnitude = observe(found.getActivations().get(), rewriter);
    if (!magnitude)
      continue;
    rewriter.setInsertionPoint(entry.front().getTerminator());
    for (const std::string &name : found.names) {
      Value &so = largest[name];
      so = so ? MaxOp::create(rewriter, so.getLoc(), so, magnitude).getResult()
              : magnitude;
    }
  }
  llvm::StringSet<> observed;
  Operation *terminator = entry.front().getTerminator();
  rewriter.setInsertionPoint(terminator);
  SmallVector<Value> results(terminator->getOperands());
  for (auto &[name, magnitude] : largest) {
    observed.insert(name);
    DictionaryAttr attrs = getRoleAttrs(entry.getContext(), "parameter",
                                        name + runtime::kRangeSuffix);
    unsigned number = entry.getNumArguments();
    if (failed(entry.insertArgument(number, magnitude.getType(), attrs,
                                    magnitude.getLoc())) ||
        failed(entry.insertResult(entry.getNumResults(), magnitude.getType(),
                                  attrs)))
      llvm_unreachable("the last place is one");
    results.push_back(MaxOp::create(rewriter, magnitude.getLoc(),
                                    entry.getArgument(number), magnitude));
  }
  terminator->setOperands(results);
  return observed;
}

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

namespace {

/// The entry's products, one after another. See Note [Codes].
class CodeBuilder {
public:
  explicit CodeBuilder(func::FuncOp entry)
      : entry(entry), parameterValues(findParameterValues(entry)),
        conversions(parameterValues, entry.getContext()),
        rewriter(entry.getContext()) {}

  void lower(CodeProduct product);
  void finish() { conversions.move(); }

private:
  /// Of what weights are multiplied by: its codes, and what one is worth.
  struct Range {
    Code code;
    Value step;
  };
  /// Of weights: their codes, what a product of codes is worth in each column,
  /// and, unless the code of 0 is 0, what that adds to each column.
  struct Weights {
    Value codes, steps, sums;
  };

  Range getRange(const CodeProduct &product);
  Weights getWeights(CodeProduct &product);
  Value getParameter(const std::string &name);

  func::FuncOp entry;
  llvm::DenseSet<Value> parameterValues;
  Conversions conversions;
  IRRewriter rewriter;
  std::map<std::pair<std::string, bool>, Range> ranges;
};

} // namespace

Value CodeBuilder::getParameter(const std::string &name) {
  for (BlockArgument argument : entry.getArguments())
    if (getArgName(entry, argument.getArgNumber()) == name)
      return argument;
  unsigned number = entry.getNumArguments();
  Type type = getTensorType({}, rewriter.getF32Type());
  if (failed(entry.insertArgument(
          number, type, getRoleAttrs(entry.getContext(), "parameter", name),
          entry.getLoc())))
    llvm_unreachable("the last place is one");
  return entry.getArgument(number);
}

CodeBuilder::Range CodeBuilder::getRange(const CodeProduct &product) {
  Range &range = ranges[{llvm::join(product.names, " "), product.isUnsigned}];
  if (range.code)
    return range;
  SmallVector<Value> parts;
  for (const std::string &name : product.names)
    parts.push_back(getParameter(name + runtime::kRangeSuffix));
  rewriter.setInsertionPointToStart(&entry.front());
  Arithmetic make{rewriter, entry.getLoc()};
  Value largest = make.positive(parts.front());
  for (Value part : ArrayRef(parts).drop_front())
    largest = MaxOp::create(rewriter, entry.getLoc(), largest, part);
  double most = product.isUnsigned ? 255 : 127;
  range.code = {make.over(most, largest), product.isUnsigned ? 0 : 128};
  range.step = make.times(largest, make.constant(1 / most, largest.getType()));
  return range;
}

/// The axes of a term that are not summed over, in the order of the result.
static SmallVector<int64_t> getKeptAxes(EinsumAttr equation, StringRef term) {
  SmallVector<int64_t> axes;
  for (char letter : equation.getResult())
    if (size_t axis = term.find(letter); axis != StringRef::npos)
      axes.push_back(axis);
  return axes;
}

CodeBuilder::Weights CodeBuilder::getWeights(CodeProduct &product) {
  Value weights = product.getWeights();
  EinsumAttr equation = product.product.getEquation();
  Range range = getRange(product);
  rewriter.setInsertionPointAfterValue(isa<BlockArgument>(weights) ? range.step
                                                                   : weights);
  Arithmetic make{rewriter, weights.getLoc()};
  SmallVector<int64_t> order =
      getKeptAxes(equation, equation.getTerm(product.side));
  SmallVector<int64_t> kept(order), summed;
  llvm::sort(kept);
  for (int64_t axis : allAxes(weights))
    if (!llvm::is_contained(kept, axis))
      summed.push_back(axis);
  Value largest = make.positive(make.magnitude(weights, summed));
  Value scales =
      make.repeat(make.over(largestCode, largest), weights.getType(), kept);
  Type i8 = rewriter.getIntegerType(8);
  Weights made;
  made.codes = QuantizeOp::create(rewriter, weights.getLoc(),
                                  withElementType(weights.getType(), i8),
                                  weights, scales, /*zero=*/0);
  Value step = make.times(range.step,
                          make.constant(1 / largestCode, range.step.getType()));
  made.steps = make.times(largest, make.repeat(step, largest.getType(), {}));
  if (range.code.zero != 0) {
    Value sums = ConvertOp::create(rewriter, weights.getLoc(),
                                   weights.getType(), made.codes);
    if (!summed.empty())
      sums = ReduceOp::create(rewriter, weights.getLoc(), ReduceKind::Sum, sums,
                              summed);
    sums = make.times(sums, make.constant(range.code.zero, sums.getType()));
    made.sums = make.times(sums, made.steps);
  }
  // The kept axes as they follow one another in the result.
  SmallVector<int64_t> permutation;
  for (int64_t axis : order)
    permutation.push_back(llvm::find(kept, axis) - kept.begin());
  if (!llvm::is_sorted(permutation))
    for (Value *value : {&made.steps, &made.sums})
      if (*value)
        *value = TransposeOp::create(rewriter, weights.getLoc(), *value,
                                     permutation);
  return made;
}

void CodeBuilder::lower(CodeProduct found) {
  EinsumOp product = found.product;
  Range range = getRange(found);
  Weights weights = getWeights(found);
  SmallVector<Value> operands(2);
  operands[found.side] = weights.codes;
  operands[1 - found.side] =
      conversions.convert(found.getActivations().get(), range.code);
  EinsumAttr equation = product.getEquation();
  SmallVector<int64_t> dims;
  for (auto [i, letter] : llvm::enumerate(equation.getResult()))
    if (equation.getTerm(found.side).contains(letter))
      dims.push_back(i);
  Location loc = product.getLoc();
  rewriter.setInsertionPoint(product);
  Arithmetic make{rewriter, loc};
  Type type = product.getType();
  Value sum =
      EinsumOp::create(rewriter, loc, equation, operands[0], operands[1]);
  Value number = make.times(sum, make.repeat(weights.steps, type, dims));
  if (weights.sums)
    number = SubOp::create(rewriter, loc, number,
                           make.repeat(weights.sums, type, dims));
  remarkPassed(product, kPass) << "multiplies codes of 8 bits";
  rewriter.replaceOp(product, number);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct Quantize : impl::QuantizeBase<Quantize> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    dropTraining(module);
    auto reference = module.lookupSymbol<func::FuncOp>(runtime::kReference);
    if (!reference)
      return;
    llvm::StringSet<> observed = observeRanges(reference);
    for (auto entry : module.getOps<func::FuncOp>())
      if (isEntry(entry) && !entry.isDeclaration() && !changesParameters(entry))
        lower(entry, observed);
    addParameters(module, observed);
  }

private:
  static void dropTraining(ModuleOp module);
  void lower(func::FuncOp entry, const llvm::StringSet<> &observed);
  static void addParameters(ModuleOp module, const llvm::StringSet<> &observed);
};

} // namespace

/// Codes are for inference. What training keeps is in files of weights, though:
/// the runtime is told the names.
void Quantize::dropTraining(ModuleOp module) {
  for (const char *name : {runtime::kTrainStep, runtime::kUpdate})
    if (Operation *entry = module.lookupSymbol(name))
      entry->erase();
  SmallVector<Attribute> unused;
  for (auto state : llvm::make_early_inc_range(module.getOps<StateOp>())) {
    if (state.getAverageOf())
      continue;
    unused.push_back(state.getSymNameAttr());
    state.erase();
  }
  if (!unused.empty())
    module->setAttr(kUnusedAttr, ArrayAttr::get(module.getContext(), unused));
}

void Quantize::lower(func::FuncOp entry, const llvm::StringSet<> &observed) {
  SmallVector<CodeProduct> products = findProducts(entry);
  CodeBuilder builder(entry);
  for (CodeProduct &product : products) {
    bool isObserved = llvm::all_of(product.names, [&](const std::string &name) {
      return observed.contains(name);
    });
    if (!isObserved)
      continue;
    builder.lower(product);
    ++numLowered;
  }
  builder.finish();
}

void Quantize::addParameters(ModuleOp module,
                             const llvm::StringSet<> &observed) {
  // In the order of the parameters that they belong to.
  for (auto parameter :
       llvm::make_early_inc_range(module.getOps<ParameterOp>())) {
    if (!observed.contains(parameter.getSymName()))
      continue;
    OpBuilder builder(module.getContext());
    builder.setInsertionPointAfter(parameter);
    auto init =
        InitAttr::get(module.getContext(), InitKind::Constant,
                      DenseF64ArrayAttr::get(module.getContext(), firstRange));
    ParameterOp::create(builder, parameter.getLoc(),
                        (parameter.getSymName() + runtime::kRangeSuffix).str(),
                        getTensorType({}, builder.getF32Type()), init,
                        /*running=*/true);
  }
}

} // namespace maek
