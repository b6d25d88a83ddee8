// Part of Maek, under the MIT licence; see LICENSE.
// The dialect's attributes: parsing, printing, checks.
#include "ir/MaekDialect.h"

#include "ir/Entries.h"
#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace maek;

#include "ir/MaekDialect.cpp.inc"

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
    OptionalParseResult number =
        text.empty() ? parser.parseOptionalInteger(factor)
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
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     parseOne))
    return {};
  return DimsAttr::get(parser.getContext(), symbols);
}

void DimsAttr::print(AsmPrinter &printer) const {
  printer << "<";
  llvm::interleaveComma(getSymbols(), printer, [&](StringAttr entry) {
    Extent extent = *Extent::parse(entry.getValue());
    if (extent.factor != 1)
      printer << extent.factor << "*";
    llvm::interleave(
        extent.symbols, printer,
        [&](const std::string &symbol) { printer.printKeywordOrString(symbol); },
        "*");
  });
  printer << ">";
}

LogicalResult DimsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<StringAttr> symbols) {
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
  std::string kind;
  SmallVector<double> arguments;
  SMLoc loc = parser.getCurrentLocation();
  auto parseNumber = [&] { return parser.parseFloat(arguments.emplace_back()); };
  if (parser.parseLess() || parser.parseKeywordOrString(&kind) ||
      parser.parseComma() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                     parseNumber) ||
      parser.parseGreater())
    return {};
  return InitAttr::getChecked([&] { return parser.emitError(loc); },
                              parser.getContext(), kind,
                              DenseF64ArrayAttr::get(parser.getContext(),
                                                     arguments));
}

void InitAttr::print(AsmPrinter &printer) const {
  printer << "<" << getKind() << ", [";
  llvm::interleaveComma(getArguments().asArrayRef(), printer, [&](double value) {
    printer.printFloat(APFloat(value));
  });
  printer << "]>";
}

LogicalResult InitAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               StringRef kind, DenseF64ArrayAttr arguments) {
  int64_t needed = kind == "constant" ? 1 : 2;
  if (kind != "constant" && kind != "uniform" && kind != "normal")
    return emitError() << "expected constant, uniform or normal, found '"
                       << kind << "'";
  if (arguments.size() != needed)
    return emitError() << kind << " takes " << needed << " numbers, found "
                       << arguments.size();
  return success();
}

//===----------------------------------------------------------------------===//
// Discardable attributes
//===----------------------------------------------------------------------===//

static LogicalResult verifyRole(Operation *op, NamedAttribute attribute) {
  if (attribute.getName() == kClassesAttr) {
    auto classes = dyn_cast<IntegerAttr>(attribute.getValue());
    if (!classes || !classes.getType().isInteger(64) || classes.getInt() < 1)
      return op->emitError() << kClassesAttr << " is not a positive i64";
    return success();
  }
  auto text = dyn_cast<StringAttr>(attribute.getValue());
  if (!text)
    return op->emitError() << attribute.getName() << " is not a string";
  if (attribute.getName() == kRoleAttr && !isKnownRole(text.getValue()))
    return op->emitError() << "unknown role '" << text.getValue() << "'";
  return success();
}

LogicalResult MaekDialect::verifyOperationAttribute(Operation *op,
                                                    NamedAttribute attribute) {
  if ((attribute.getName() == kKernelAttr ||
       attribute.getName() == kSymbolsAttr) &&
      !isa<func::FuncOp>(op))
    return op->emitError() << attribute.getName() << " belongs on a function";
  return success();
}

LogicalResult
MaekDialect::verifyRegionArgAttribute(Operation *op, unsigned, unsigned,
                                      NamedAttribute attribute) {
  return verifyRole(op, attribute);
}

LogicalResult
MaekDialect::verifyRegionResultAttribute(Operation *op, unsigned, unsigned,
                                         NamedAttribute attribute) {
  return verifyRole(op, attribute);
}
