// Part of Maek, under the MIT licence; see LICENSE.
// The function that says how large an entry's arena is, or that the entry
// cannot run with the extents asked for.
#include "ir/Entries.h"
#include "passes/memory/BufferForm.h"
#include "passes/memory/IndexMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace maek {

Value emitSlotSize(const Slot &slot, IndexMath &index) {
  OpBuilder &top = index.getTop();
  Value size;
  bool isAligned = true;
  for (const Polynomial &bytes : slot.bytes) {
    Value one = index.get(bytes, top);
    size = size ? arith::MaxSIOp::create(top, top.getUnknownLoc(), size, one)
                      .getResult()
                : one;
    for (const auto &[monomial, coefficient] : bytes.getTerms())
      isAligned &= coefficient % kSlotAlignment == 0;
  }
  return isAligned ? size : index.align(size, kSlotAlignment);
}

/// The largest numbers of elements that tensors have, one for each product of
/// symbols.
static SmallVector<Polynomial> getLargest(const Placement &placement) {
  SmallVector<Polynomial> largest;
  for (const Storage &storage : placement.getStorage()) {
    Polynomial count = storage.getNumElements();
    if (count.getConstant() || llvm::any_of(largest, [&](const Polynomial &p) {
          return p.isAtLeast(count);
        }))
      continue;
    llvm::erase_if(largest,
                   [&](const Polynomial &p) { return count.isAtLeast(p); });
    largest.push_back(count);
  }
  return largest;
}

/// Whether a polynomial without negative terms exceeds `limit`. No step of the
/// arithmetic overflows for symbols up to 2^31.
static Value emitExceeds(const Polynomial &value, Value limit,
                         IndexMath &index) {
  OpBuilder &top = index.getTop();
  Location location = top.getUnknownLoc();
  Value sum = index.getConstant(0);
  Value ceiling =
      arith::AddIOp::create(top, location, limit, index.getConstant(1));
  for (const auto &[monomial, coefficient] : value.getTerms()) {
    Value term = index.getConstant(coefficient);
    for (const std::string &name : monomial) {
      term = arith::MinSIOp::create(top, location, term, ceiling);
      term = arith::MulIOp::create(top, location, term, index.getSymbol(name));
    }
    sum = arith::AddIOp::create(
        top, location, sum,
        arith::MinSIOp::create(top, location, term, ceiling));
  }
  return arith::CmpIOp::create(top, location, arith::CmpIPredicate::sgt, sum,
                               limit);
}

func::FuncOp emitArenaSize(func::FuncOp entry, const Placement &placement,
                           const ArenaPlan &plan) {
  OpBuilder outside(entry);
  outside.setInsertionPointAfter(entry);
  auto names = entry->getAttrOfType<ArrayAttr>(kSymbolsAttr);
  Type indexType = outside.getIndexType();
  // No model can name a tensor so.
  auto made = func::FuncOp::create(
      outside, entry.getLoc(), entry.getName().str() + "$arena",
      outside.getFunctionType(SmallVector<Type>(names.size(), indexType),
                              indexType));
  made.setPrivate();
  made->setAttr(kArenaOfAttr, FlatSymbolRefAttr::get(entry.getNameAttr()));
  made->setAttr(kSymbolsAttr, names);
  Block *block = made.addEntryBlock();
  IndexMath index(OpBuilder::atBlockEnd(block));
  OpBuilder &top = index.getTop();
  Location location = top.getUnknownLoc();
  Value one = index.getConstant(1);
  Value limit = index.getConstant((int64_t(1) << 31) - 1);
  Value refused;
  auto refuseIf = [&](Value condition) {
    refused = refused ? arith::OrIOp::create(top, location, refused, condition)
                            .getResult()
                      : condition;
  };
  for (auto [name, value] :
       llvm::zip(names.getAsRange<StringAttr>(), block->getArguments())) {
    index.setSymbol(name, value);
    refuseIf(arith::CmpIOp::create(top, location, arith::CmpIPredicate::slt,
                                   value, one));
    refuseIf(arith::CmpIOp::create(top, location, arith::CmpIPredicate::sgt,
                                   value, limit));
  }
  for (const Polynomial &count : getLargest(placement))
    refuseIf(emitExceeds(count, limit, index));
  Value total = index.getConstant(0);
  for (const Slot &slot : plan.slots)
    total =
        arith::AddIOp::create(top, location, total, emitSlotSize(slot, index));
  if (refused)
    total = arith::SelectOp::create(top, location, refused,
                                    index.getConstant(kRefusedExtents), total);
  func::ReturnOp::create(top, location, total);
  return made;
}

} // namespace maek
