// Part of Maek, under the MIT licence; see LICENSE.
// The plan of memory as an attribute, to be read.
#include "passes/memory/BufferForm.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace maek {

/// "B*Tx24xf32"
static std::string describe(const Storage &storage) {
  std::string text;
  llvm::raw_string_ostream out(text);
  for (auto [axis, extent] : llvm::enumerate(storage.extents)) {
    if (storage.extraRow && axis == 0)
      out << "(" << extent.str() << "+1)x";
    else
      out << extent.str() << "x";
  }
  out << storage.element;
  return text;
}

static std::string describeSize(const Slot &slot) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << (slot.bytes.size() == 1 ? "" : "max(");
  llvm::interleaveComma(slot.bytes, out,
                        [&](const Polynomial &bytes) { out << bytes.str(); });
  out << (slot.bytes.size() == 1 ? "" : ")");
  return text;
}

ArrayAttr describeSlots(const ArenaPlan &plan, Builder builder) {
  SmallVector<Attribute> slots;
  for (const Slot &slot : plan.slots) {
    SmallVector<Attribute> tensors;
    for (const Storage *member : slot.members) {
      const Lifetime &lifetime = plan.lifetimes.find(member)->second;
      tensors.push_back(builder.getDictionaryAttr(
          {builder.getNamedAttr("from",
                                builder.getI64IntegerAttr(lifetime.first)),
           builder.getNamedAttr("to", builder.getI64IntegerAttr(lifetime.last)),
           builder.getNamedAttr("type",
                                builder.getStringAttr(describe(*member)))}));
    }
    slots.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("bytes",
                              builder.getStringAttr(describeSize(slot))),
         builder.getNamedAttr("tensors", builder.getArrayAttr(tensors))}));
  }
  return builder.getArrayAttr(slots);
}

} // namespace maek
