// Part of Maek, under the MIT licence; see LICENSE.
// Arguments that depend on names and a seed alone, and running entries on them.
#include "tests/support/TestModule.h"

#include "ir/Entries.h"
#include "ir/MaekOps.h"
#include "ir/interpreter/SymbolValues.h"
#include "runtime/core/EntryNames.h"

#include "mlir/IR/Diagnostics.h"
#include <cmath>

using namespace mlir;

namespace maek::test {

/// Stafford's mix 13, the finaliser of splitmix64.
static uint64_t mix(uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
  return bits ^ (bits >> 31);
}

double randomNumber(uint64_t seed, StringRef name, uint64_t index) {
  uint64_t state = mix(seed + 0x9e3779b97f4a7c15u);
  for (char letter : name)
    state = mix(state ^ uint8_t(letter));
  return double(mix(state + index * 0x9e3779b97f4a7c15u) >> 11) * 0x1p-53;
}

namespace {
/// The range of an argument's numbers: low + random * (high - low).
struct Range {
  double low, high;
  bool whole = false;
};
} // namespace

/// Whether it is one number for each example.
static bool isLength(func::FuncOp function, unsigned number) {
  return getArgRole(function, number) == "input" &&
         getExtents(function.getArgumentTypes()[number]) ==
             SmallVector<Extent>{Extent::symbol(kBatchSymbol)};
}

/// From one step to all of the shortest sequence.
static Range getLengths(const Dims &dims) {
  int64_t most = 10;
  for (const auto &[symbol, value] : dims)
    if (symbol != kBatchSymbol)
      most = std::min(most, value);
  return {1, double(most) + 1, true};
}

/// How many steps `generate_step` keeps.
static double getCapacity(const Dims &dims) {
  auto capacity =
      llvm::find_if(dims, [](auto &dim) { return dim.first == "C"; });
  return capacity == dims.end() ? 1 : double(capacity->second);
}

static Range getRange(func::FuncOp function, unsigned number, StringRef name,
                      const Dims &dims) {
  StringRef role = getArgRole(function, number);
  Type type = function.getArgumentTypes()[number];
  Type element = getElementType(type);
  if (auto classes =
          function.getArgAttrOfType<IntegerAttr>(number, kClassesAttr))
    return {0, double(classes.getInt()), true};
  // Within the capacity of what is kept.
  if (name == runtime::kPositionName)
    return {0, std::min(10.0, getCapacity(dims)), true};
  if (element.isInteger(1))
    return {0, 2, true};
  if (isa<IntegerType>(element))
    return {0, 10, true};
  if (isLength(function, number))
    return getLengths(dims);
  if (role == "scalar")
    return name == "lr"     ? Range{0.01, 0.01}
           : name == "step" ? Range{3, 3}
                            : Range{100, 100};
  if (role == "state")
    return {0, 0.1};
  // A running variance is positive.
  auto module = function->getParentOfType<ModuleOp>();
  auto stored = module ? module.lookupSymbol<ParameterOp>(name) : ParameterOp();
  if (role == "parameter" && stored && stored.getRunning())
    return {0.5, 1};
  if (role == "parameter" && getRank(type) > 0) {
    Extent last = getExtents(type).back();
    double limit = 1 / std::sqrt(double(std::max<int64_t>(last.factor, 1)));
    return {-limit, limit};
  }
  return {-1, 1};
}

static std::string getName(StringRef name, StringRef fallback,
                           unsigned number) {
  return name.empty() ? (fallback + Twine(number)).str() : name.str();
}

static FailureOr<Tensor> makeArgument(func::FuncOp function, unsigned number,
                                      StringRef name, const Dims &dims,
                                      const SymbolValues &symbols,
                                      uint64_t seed) {
  auto type = dyn_cast<RankedTensorType>(function.getArgumentTypes()[number]);
  if (!type)
    return function.emitError() << "argument " << name << " is no tensor";
  Shape shape;
  for (const Extent &extent : getExtents(type)) {
    std::optional<int64_t> size = symbols.evaluate(extent);
    if (!size)
      return function.emitError() << "the value of " << extent.str() << " in "
                                  << type << " of " << name << " is not given";
    shape.push_back(*size);
  }
  if (!countElements(shape))
    return function.emitError() << "argument " << name << " is too large";
  Range range = getRange(function, number, name, dims);
  Tensor tensor(shape);
  for (auto [i, element] : llvm::enumerate(tensor.elements)) {
    element =
        range.low + randomNumber(seed, name, i) * (range.high - range.low);
    if (range.whole)
      element = std::floor(element);
  }
  return tensor;
}

FailureOr<NamedTensors> makeArguments(func::FuncOp function, const Dims &dims,
                                      uint64_t seed,
                                      const NamedTensors &given) {
  SymbolValues symbols;
  for (const auto &[symbol, value] : dims)
    if (failed(symbols.bind(Extent::symbol(symbol), value)))
      return function.emitError() << "two values of " << symbol;
  NamedTensors arguments;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    std::string name = getName(getArgName(function, i), "arg", i);
    if (const Tensor *tensor = find(given, name)) {
      arguments.emplace_back(name, *tensor);
      continue;
    }
    FailureOr<Tensor> tensor =
        makeArgument(function, i, name, dims, symbols, seed);
    if (failed(tensor))
      return failure();
    arguments.emplace_back(name, std::move(*tensor));
  }
  return arguments;
}

static bool needsPreparing(func::FuncOp function) {
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (getArgRole(function, i) == "prepared")
      return true;
  return false;
}

FailureOr<NamedTensors> runEntry(ModuleOp module, StringRef name,
                                 const Dims &dims, uint64_t seed,
                                 const NamedTensors &given, ValueHook hook) {
  auto function = module.lookupSymbol<func::FuncOp>(name);
  if (!function)
    return module.emitError() << "there is no function " << name;
  NamedTensors known = given;
  if (needsPreparing(function) && name != "prepare") {
    FailureOr<NamedTensors> prepared =
        runEntry(module, "prepare", dims, seed, given, hook);
    if (failed(prepared))
      return failure();
    llvm::append_range(known, *prepared);
  }
  FailureOr<NamedTensors> arguments =
      makeArguments(function, dims, seed, known);
  if (failed(arguments))
    return failure();
  SmallVector<Tensor> values;
  for (auto &[argument, tensor] : *arguments)
    values.push_back(std::move(tensor));
  FailureOr<SmallVector<Tensor>> results = interpret(function, values, hook);
  if (failed(results))
    return failure();
  NamedTensors named;
  for (auto [i, result] : llvm::enumerate(*results)) {
    std::string text = getName(getResultName(function, i), "result", i);
    StringRef role = getResultRole(function, i);
    if (role == "parameter" || role == "state")
      text = "new " + text;
    named.emplace_back(text, std::move(result));
  }
  return named;
}

} // namespace maek::test
