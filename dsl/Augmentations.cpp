// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/Augmentations.h"

#include "dsl/Diagnostics.h"

#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

static constexpr Augmentation augmentations[] = {
    {"crop", "pixels", 1, 4096, true, std::nullopt},
    {"flip", "probability", 0, 1, false, 0.5},
    {"erase", "probability", 0, 1, false, 0.5},
    {"mixup", "alpha", 0.01, 100, false, std::nullopt},
};

const Augmentation *findAugmentation(StringRef name) {
  for (const Augmentation &augmentation : augmentations)
    if (augmentation.name == name)
      return &augmentation;
  return nullptr;
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
    diagnostics.error(expr.begin, "expected crop(pixels), flip, erase or "
                                  "mixup(alpha)");
    return nullptr;
  }
  const Augmentation *found = findAugmentation(name->name);
  if (!found) {
    std::vector<StringRef> known;
    for (const Augmentation &augmentation : augmentations)
      known.push_back(augmentation.name);
    diagnostics.error(name->loc, "unknown augmentation '" + name->spelling +
                                     "'" + didYouMean(name->name, known) +
                                     "; there are crop, flip, erase, mixup");
    return nullptr;
  }
  size_t count = call ? call->arguments.size() : 0;
  if (count > 1 || (count == 0 && !found->otherwise)) {
    diagnostics.error(name->loc, "'" + found->name + "' takes one number, '" +
                                     found->argument + "', found " +
                                     Twine(count));
    return nullptr;
  }
  if (count == 1 && !call->arguments.front().name.empty() &&
      call->arguments.front().name != found->argument) {
    diagnostics.error(call->arguments.front().loc,
                      "'" + found->name + "' has no parameter '" +
                          call->arguments.front().name + "'; there is '" +
                          found->argument + "'");
    return nullptr;
  }
  return found;
}

} // namespace maek::dsl
