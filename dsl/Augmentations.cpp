// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/Augmentations.h"

#include "dsl/Diagnostics.h"

#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

/// Their names, each with its argument where it needs one.
static std::string listAugmentations(bool withArguments) {
  std::string list;
  size_t left = std::size(runtime::tables::augmentations);
  for (const Augmentation &known : runtime::tables::augmentations) {
    list += known.name;
    if (withArguments && !known.otherwise)
      list.append("(").append(known.argument).append(")");
    --left;
    list += left > 1 ? ", " : left == 0 ? "" : withArguments ? " or " : " and ";
  }
  return list;
}

const Expr *getAugmentationArgument(const Expr &expr) {
  auto *call = dyn_cast<CallExpr>(&expr);
  return call && !call->arguments.empty() ? call->arguments.front().value.get()
                                          : nullptr;
}

const Augmentation *checkAugmentation(const Expr &expr,
                                      Diagnostics &diagnostics) {
  auto *call = dyn_cast<CallExpr>(&expr);
  const NameExpr *name =
      call ? call->getCalleeName() : dyn_cast<NameExpr>(&expr);
  if (!name) {
    diagnostics.error(expr.begin, "expected " + listAugmentations(true));
    return nullptr;
  }
  const Augmentation *found = findAugmentation(name->name);
  if (!found) {
    std::vector<StringRef> known;
    for (const Augmentation &augmentation : runtime::tables::augmentations)
      known.push_back(augmentation.name);
    diagnostics.error(name->loc, "unknown augmentation '" + name->spelling +
                                     "'" + didYouMean(name->name, known) +
                                     "; there are " + listAugmentations(false));
    return nullptr;
  }
  StringRef kind = found->name, argument = found->argument;
  size_t count = call ? call->arguments.size() : 0;
  if (count > 1 || (count == 0 && !found->otherwise)) {
    diagnostics.error(name->loc, "'" + kind + "' takes one number, '" +
                                     argument + "', found " + Twine(count));
    return nullptr;
  }
  if (count == 1 && !call->arguments.front().name.empty() &&
      call->arguments.front().name != argument) {
    diagnostics.error(call->arguments.front().loc,
                      "'" + kind + "' has no parameter '" +
                          call->arguments.front().name + "'; there is '" +
                          argument + "'");
    return nullptr;
  }
  return found;
}

} // namespace maek::dsl
