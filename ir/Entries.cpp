// Part of Maek, under the MIT licence; see LICENSE.
#include "ir/Entries.h"

#include "runtime/core/RoleTable.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

static StringRef valueOr(Attribute attribute) {
  auto text = dyn_cast_or_null<StringAttr>(attribute);
  return text ? text.getValue() : StringRef();
}

StringRef getArgRole(func::FuncOp entry, unsigned index) {
  return valueOr(entry.getArgAttr(index, kRoleAttr));
}
StringRef getArgName(func::FuncOp entry, unsigned index) {
  return valueOr(entry.getArgAttr(index, kNameAttr));
}
StringRef getResultRole(func::FuncOp entry, unsigned index) {
  return valueOr(entry.getResultAttr(index, kRoleAttr));
}
StringRef getResultName(func::FuncOp entry, unsigned index) {
  return valueOr(entry.getResultAttr(index, kNameAttr));
}

bool isUpdate(func::FuncOp entry, unsigned result) {
  const runtime::RoleRow *role =
      runtime::findRole(getResultRole(entry, result));
  return role && role->isUpdate;
}

SmallVector<int> getUpdatedArguments(func::FuncOp entry) {
  llvm::DenseMap<std::pair<StringRef, StringRef>, int> arguments;
  for (unsigned i = 0; i < entry.getNumArguments(); ++i)
    arguments.try_emplace({getArgRole(entry, i), getArgName(entry, i)}, i);
  SmallVector<int> updated(entry.getNumResults(), -1);
  for (auto [i, argument] : llvm::enumerate(updated)) {
    auto found =
        arguments.find({getResultRole(entry, i), getResultName(entry, i)});
    if (isUpdate(entry, i) && found != arguments.end())
      argument = found->second;
  }
  return updated;
}

DictionaryAttr getRoleAttrs(MLIRContext *context, StringRef role,
                            StringRef name) {
  return DictionaryAttr::get(
      context, {NamedAttribute(StringAttr::get(context, kNameAttr),
                               StringAttr::get(context, name)),
                NamedAttribute(StringAttr::get(context, kRoleAttr),
                               StringAttr::get(context, role))});
}

} // namespace maek
