// Part of Maek, under the MIT licence; see LICENSE.
#include "ir/Extent.h"

#include "ir/MaekDialect.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace maek {

Extent Extent::symbol(StringRef name) {
  Extent extent;
  extent.symbols.push_back(name.str());
  return extent;
}

bool Extent::isValidSymbol(StringRef name) {
  return !name.empty() && !llvm::isDigit(name.front()) &&
         llvm::all_of(name, [](char c) {
           return llvm::isAlnum(c) || (c & 0x80) ||
                  StringRef("_.$'").contains(c);
         });
}

std::optional<Extent> Extent::parse(StringRef text) {
  Extent extent;
  SmallVector<StringRef> parts;
  text.split(parts, '*');
  for (auto [i, part] : llvm::enumerate(parts)) {
    if (!part.empty() && llvm::isDigit(part.front())) {
      if (i != 0 || part.getAsInteger(10, extent.factor) || extent.factor <= 0)
        return std::nullopt;
      continue;
    }
    if (!isValidSymbol(part))
      return std::nullopt;
    extent.symbols.push_back(part.str());
  }
  llvm::sort(extent.symbols);
  return extent;
}

Extent Extent::operator*(const Extent &other) const {
  if (factor == 0 || other.factor == 0)
    return Extent(0);
  Extent product = *this;
  if (llvm::MulOverflow(factor, other.factor, product.factor))
    product.factor = kTooLarge;
  product.symbols.append(other.symbols.begin(), other.symbols.end());
  llvm::sort(product.symbols);
  return product;
}

std::string Extent::str() const {
  if (isStatic())
    return std::to_string(factor);
  std::string text = factor == 1 ? "" : std::to_string(factor) + "*";
  return text + llvm::join(symbols, "*");
}

bool hasNamedExtents(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return false;
  // The encoding's own verifier compares the number of names.
  return tensor.hasStaticShape()
             ? !tensor.getEncoding()
             : isa_and_nonnull<DimsAttr>(tensor.getEncoding());
}

LogicalResult verifyNamedExtents(std::optional<Location> location,
                                 ValueRange values) {
  for (Type type : values.getTypes())
    if (!hasNamedExtents(type))
      return emitOptionalError(
          location, "expected a ranked tensor with named extents, found ",
          type);
  return success();
}

SmallVector<Extent> getExtents(Type tensor) {
  auto type = cast<RankedTensorType>(tensor);
  auto dims = dyn_cast_or_null<DimsAttr>(type.getEncoding());
  SmallVector<Extent> extents;
  size_t next = 0;
  for (int64_t size : type.getShape()) {
    if (!ShapedType::isDynamic(size)) {
      extents.push_back(Extent(size));
      continue;
    }
    std::optional<Extent> named;
    if (dims && next < dims.getSymbols().size())
      named = Extent::parse(dims.getSymbols()[next++].getValue());
    extents.push_back(named.value_or(Extent::symbol("?")));
  }
  return extents;
}

Extent getExtent(Type tensor, int64_t axis) { return getExtents(tensor)[axis]; }

RankedTensorType getTensorType(ArrayRef<Extent> extents, Type element) {
  MLIRContext *context = element.getContext();
  SmallVector<int64_t> shape;
  SmallVector<StringAttr> symbols;
  bool named = true;
  for (const Extent &extent : extents) {
    named &= !llvm::is_contained(extent.symbols, "?");
    shape.push_back(extent.isStatic() ? extent.factor : ShapedType::kDynamic);
    if (named && !extent.isStatic())
      symbols.push_back(StringAttr::get(context, extent.str()));
  }
  Attribute encoding =
      symbols.empty() || !named ? Attribute() : DimsAttr::get(context, symbols);
  return RankedTensorType::get(shape, element, encoding);
}

Extent getNumElements(ArrayRef<Extent> extents) {
  Extent product;
  for (const Extent &extent : extents)
    product = product * extent;
  return product;
}

RankedTensorType getStepType(Type sequence) {
  return getTensorType(ArrayRef(getExtents(sequence)).drop_front(),
                       getElementType(sequence));
}

RankedTensorType withElementType(Type tensor, Type element) {
  auto type = cast<RankedTensorType>(tensor);
  return RankedTensorType::get(type.getShape(), element, type.getEncoding());
}

} // namespace maek
