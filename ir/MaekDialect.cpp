// Part of Maek, under the MIT licence; see LICENSE.
// The dialect's attributes: parsing, printing, checks.
#include "ir/MaekDialect.h"

#include "ir/Entries.h"
#include "ir/Extent.h"
#include "ir/Limits.h"
#include "ir/MaekOps.h"
#include "runtime/core/RoleTable.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace maek;

#include "ir/MaekDialect.cpp.inc"

#include "ir/MaekEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/MaekAttrs.cpp.inc"

void MaekDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ir/MaekAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "ir/MaekOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// #maek.dims
//===----------------------------------------------------------------------===//

/// One extent: [factor `*`] symbol (`*` symbol)*.
static ParseResult parseExtent(AsmParser &parser, std::string &text) {
  do {
    int64_t factor = 0;
    OptionalParseResult number = text.empty()
                                     ? parser.parseOptionalInteger(factor)
                                     : OptionalParseResult(std::nullopt);
    std::string part;
    if (number.has_value()) {
      if (failed(*number))
        return failure();
      part = std::to_string(factor);
    } else if (parser.parseKeywordOrString(&part)) {
      return failure();
    }
    text += (text.empty() ? "" : "*") + part;
  } while (succeeded(parser.parseOptionalStar()));
  return success();
}

Attribute DimsAttr::parse(AsmParser &parser, Type) {
  SmallVector<StringAttr> symbols;
  auto parseOne = [&]() -> ParseResult {
    std::string text;
    SMLoc loc = parser.getCurrentLocation();
    if (parseExtent(parser, text))
      return failure();
    std::optional<Extent> extent = Extent::parse(text);
    if (!extent || extent->isStatic())
      return parser.emitError(loc, "expected symbols joined by '*', found '")
             << text << "'";
    symbols.push_back(StringAttr::get(parser.getContext(), extent->str()));
    return success();
  };
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     parseOne))
    return {};
  return DimsAttr::getChecked([&] { return parser.emitError(loc); },
                              parser.getContext(), symbols);
}

void DimsAttr::print(AsmPrinter &printer) const {
  printer << "<";
  llvm::interleaveComma(getSymbols(), printer, [&](StringAttr entry) {
    Extent extent = *Extent::parse(entry.getValue());
    if (extent.factor != 1)
      printer << extent.factor << "*";
    llvm::interleave(
        extent.symbols, printer,
        [&](const std::string &symbol) {
          printer.printKeywordOrString(symbol);
        },
        "*");
  });
  printer << ">";
}

LogicalResult DimsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<StringAttr> symbols) {
  if (symbols.empty())
    return emitError() << "expected at least one extent";
  for (StringAttr entry : symbols) {
    std::optional<Extent> extent = Extent::parse(entry.getValue());
    if (!extent || extent->isStatic() || extent->str() != entry.getValue())
      return emitError() << "'" << entry.getValue()
                         << "' is not a sorted product of symbols";
  }
  return success();
}

LogicalResult
DimsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                         function_ref<InFlightDiagnostic()> emitError) const {
  size_t dynamic = llvm::count_if(shape, ShapedType::isDynamic);
  if (dynamic != getSymbols().size())
    return emitError() << "the encoding names " << getSymbols().size()
                       << " extents, the shape has " << dynamic
                       << " dynamic ones";
  return success();
}

//===----------------------------------------------------------------------===//
// #maek.init
//===----------------------------------------------------------------------===//

Attribute InitAttr::parse(AsmParser &parser, Type) {
  SmallVector<double> arguments;
  SMLoc loc = parser.getCurrentLocation();
  auto parseNumber = [&] {
    return parser.parseFloat(arguments.emplace_back());
  };
  std::string name;
  if (parser.parseLess() || parser.parseKeywordOrString(&name))
    return {};
  std::optional<InitKind> kind = symbolizeInitKind(name);
  if (!kind) {
    parser.emitError(loc) << "expected constant, uniform or normal, found '"
                          << name << "'";
    return {};
  }
  if (parser.parseComma() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                     parseNumber) ||
      parser.parseGreater())
    return {};
  return InitAttr::getChecked(
      [&] { return parser.emitError(loc); }, parser.getContext(), *kind,
      DenseF64ArrayAttr::get(parser.getContext(), arguments));
}

void InitAttr::print(AsmPrinter &printer) const {
  printer << "<" << getKind() << ", [";
  llvm::interleaveComma(
      getArguments().asArrayRef(), printer,
      [&](double value) { printer.printFloat(APFloat(value)); });
  printer << "]>";
}

LogicalResult InitAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               InitKind kind, DenseF64ArrayAttr arguments) {
  int64_t needed = kind == InitKind::Constant ? 1 : 2;
  StringRef name = stringifyInitKind(kind);
  if (arguments.size() != needed)
    return emitError() << name << " takes " << needed << " numbers, found "
                       << arguments.size();
  if (!llvm::all_of(arguments.asArrayRef(),
                    [](double number) { return std::isfinite(number); }))
    return emitError() << name << " takes finite numbers";
  if (kind == InitKind::Uniform && arguments[0] > arguments[1])
    return emitError() << "uniform needs low <= high, found " << arguments[0]
                       << " and " << arguments[1];
  if (kind == InitKind::Normal && arguments[1] < 0)
    return emitError() << "normal needs a standard deviation >= 0, found "
                       << arguments[1];
  return success();
}

//===----------------------------------------------------------------------===//
// Discardable attributes
//===----------------------------------------------------------------------===//

static bool isListOf(Attribute value, function_ref<bool(Attribute)> isMember) {
  auto list = dyn_cast<ArrayAttr>(value);
  return list && llvm::all_of(list, isMember);
}

/// What an argument or result of an entry may say of itself.
static LogicalResult verifyEntryAttribute(Operation *op,
                                          NamedAttribute attribute) {
  StringAttr name = attribute.getName();
  if (name == kClassesAttr) {
    auto classes = dyn_cast<IntegerAttr>(attribute.getValue());
    if (!classes || !classes.getType().isInteger(64) || classes.getInt() < 1)
      return op->emitError() << name << " is not a positive i64";
  }
  if (name == kReadsAttr &&
      !isListOf(attribute.getValue(), llvm::IsaPred<StringAttr>))
    return op->emitError() << name << " is not a list of strings";
  if (name != kRoleAttr && name != kNameAttr)
    return success();
  auto text = dyn_cast<StringAttr>(attribute.getValue());
  if (!text)
    return op->emitError() << name << " is not a string";
  if (name == kRoleAttr && !runtime::findRole(text.getValue()))
    return op->emitError() << "unknown role '" << text.getValue() << "'";
  return success();
}

/// Passes know parameters and what is updated by their names. The first such
/// argument checks all of them. In buffer form a result's buffer has the same
/// name.
static LogicalResult verifyNames(func::FuncOp function, unsigned argument) {
  auto isNamed = [&](unsigned i) {
    const runtime::RoleRow *role = runtime::findRole(getArgRole(function, i));
    return isa<RankedTensorType>(function.getArgumentTypes()[i]) && role &&
           role->isUpdate;
  };
  if (!isNamed(argument) || llvm::any_of(llvm::seq(0u, argument), isNamed))
    return success();
  llvm::StringSet<> known;
  for (unsigned i = argument; i < function.getNumArguments(); ++i) {
    if (!isNamed(i))
      continue;
    StringRef role = getArgRole(function, i), name = getArgName(function, i);
    if (name.empty())
      return function.emitError()
             << "argument " << i << " of role " << role << " has no name";
    if (!known.insert((role + " " + name).str()).second)
      return function.emitError() << "argument " << i << " is a second " << role
                                  << " '" << name << "'";
  }
  return success();
}

/// A result of role parameter, state or carried is written over the argument of
/// the same role, name and type. The first such result checks all of them,
/// since each check alone would look through all arguments.
static LogicalResult verifyUpdates(func::FuncOp function, unsigned result) {
  auto before = llvm::seq(0u, result);
  if (!isUpdate(function, result) ||
      llvm::any_of(before, [&](unsigned i) { return isUpdate(function, i); }))
    return success();
  for (auto [i, argument] : llvm::enumerate(getUpdatedArguments(function))) {
    Type type = function.getResultTypes()[i];
    if (isUpdate(function, i) &&
        (argument < 0 || function.getArgumentTypes()[argument] != type))
      return function.emitError()
             << "result " << i << " updates the " << getResultRole(function, i)
             << " '" << getResultName(function, i) << "' of type " << type
             << ", which is no argument";
  }
  return success();
}

/// {size = "T", most = 128 : i64, table = "positions.P"}
static bool isLimit(Attribute attribute) {
  auto limit = dyn_cast<DictionaryAttr>(attribute);
  if (!limit)
    return false;
  auto size = limit.getAs<StringAttr>("size");
  auto most = limit.getAs<IntegerAttr>("most");
  return size && Extent::parse(size.getValue()) && most &&
         most.getType().isInteger(64) && limit.getAs<StringAttr>("table");
}

LogicalResult MaekDialect::verifyOperationAttribute(Operation *op,
                                                    NamedAttribute attribute) {
  StringAttr name = attribute.getName();
  if (!llvm::is_contained(
          {kKernelAttr, kSymbolsAttr, kIgnoreAttr, kTextAttr, kLimitsAttr},
          name.getValue()))
    return success();
  if (!isa<func::FuncOp>(op))
    return op->emitError() << name << " belongs on a function";
  Attribute value = attribute.getValue();
  if (name == kKernelAttr && !isa<UnitAttr>(value))
    return op->emitError() << name << " has no value";
  if (name == kTextAttr && !isa<StringAttr>(value))
    return op->emitError() << name << " is not a string";
  if ((name == kSymbolsAttr || name == kIgnoreAttr) &&
      !isListOf(value, llvm::IsaPred<StringAttr>))
    return op->emitError() << name << " is not a list of strings";
  if (name == kLimitsAttr && !isListOf(value, isLimit))
    return op->emitError() << name << " is not a list of sizes with their "
                           << "bounds and tables";
  return success();
}

LogicalResult MaekDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                    unsigned argument,
                                                    NamedAttribute attribute) {
  if (failed(verifyEntryAttribute(op, attribute)))
    return failure();
  auto function = dyn_cast<func::FuncOp>(op);
  return function && attribute.getName() == kRoleAttr
             ? verifyNames(function, argument)
             : success();
}

LogicalResult MaekDialect::verifyRegionResultAttribute(
    Operation *op, unsigned, unsigned result, NamedAttribute attribute) {
  if (failed(verifyEntryAttribute(op, attribute)))
    return failure();
  auto function = dyn_cast<func::FuncOp>(op);
  return function && attribute.getName() == kRoleAttr
             ? verifyUpdates(function, result)
             : success();
}
