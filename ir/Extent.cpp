// Part of Maek, under the MIT licence; see LICENSE.
#include "ir/Extent.h"

#include "ir/MaekDialect.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace maek {

Extent Extent::symbol(StringRef name) {
  Extent extent;
  extent.symbols.push_back(name.str());
  return extent;
}

std::optional<Extent> Extent::parse(StringRef text) {
  Extent extent;
  SmallVector<StringRef> parts;
  text.split(parts, '*');
  for (auto [i, part] : llvm::enumerate(parts)) {
    if (part.empty())
      return std::nullopt;
    if (llvm::isDigit(part.front())) {
      if (i != 0 || part.getAsInteger(10, extent.factor) || extent.factor <= 0)
        return std::nullopt;
      continue;
    }
    extent.symbols.push_back(part.str());
  }
  llvm::sort(extent.symbols);
  return extent;
}

Extent Extent::operator*(const Extent &other) const {
  Extent product = *this;
  product.factor *= other.factor;
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
  for (const Extent &extent : extents) {
    shape.push_back(extent.isStatic() ? extent.factor : ShapedType::kDynamic);
    if (!extent.isStatic())
      symbols.push_back(StringAttr::get(context, extent.str()));
  }
  Attribute encoding =
      symbols.empty() ? Attribute() : DimsAttr::get(context, symbols);
  return RankedTensorType::get(shape, element, encoding);
}

Extent getNumElements(ArrayRef<Extent> extents) {
  Extent product;
  for (const Extent &extent : extents)
    product = product * extent;
  return product;
}

RankedTensorType withElementType(Type tensor, Type element) {
  auto type = cast<RankedTensorType>(tensor);
  return RankedTensorType::get(type.getShape(), element, type.getEncoding());
}

} // namespace maek
