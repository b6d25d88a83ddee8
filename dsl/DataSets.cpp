// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/DataSets.h"

#include "dsl/Diagnostics.h"
#include "dsl/Value.h"
#include "runtime/data/DatasetTable.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace maek::dsl {

using runtime::DatasetArgument;
using runtime::DatasetInfo;

/// As the runtime, which reads the sets, takes a '-' for a '_'.
static const DatasetInfo *findInfo(const TrainItem &item) {
  std::string name = item.text.str();
  llvm::replace(name, '-', '_');
  return runtime::findDataset(name);
}

/// What is meant most likely, or else all that there is.
static std::string suggestOrList(StringRef name, ArrayRef<StringRef> known) {
  std::string text = didYouMean(name, known);
  if (!text.empty() || known.empty())
    return text;
  text = "; there are ";
  for (auto [i, candidate] : llvm::enumerate(known)) {
    text += i == 0 ? "" : i + 1 == known.size() ? " and " : ", ";
    text += candidate;
  }
  return text;
}

void checkDataSet(const TrainItem &item, Diagnostics &diagnostics) {
  const DatasetInfo *info = findInfo(item);
  SmallVector<StringRef> known;
  if (!info) {
    for (const DatasetInfo &other : runtime::datasets)
      known.push_back(other.name);
    diagnostics.error(item.textLoc, "unknown data set '" + item.text + "'" +
                                        suggestOrList(item.text, known));
    return;
  }
  for (const DatasetArgument &argument : info->arguments)
    known.push_back(argument.name);
  for (const NamedArgument &argument : item.arguments) {
    StringRef name = argument.name.name;
    const DatasetArgument *found = info->find(name);
    if (!found && known.empty())
      diagnostics.error(argument.name.loc,
                        "data set '" + item.text + "' takes no arguments");
    else if (!found)
      diagnostics.error(argument.name.loc,
                        "data set '" + item.text + "' has no argument '" +
                            name + "'" + suggestOrList(name, known));
    else if ((found->kind == DatasetArgument::Kind::Text) !=
             (argument.value == nullptr))
      diagnostics.error(argument.value ? argument.value->begin
                                       : argument.name.loc,
                        "'" + name + "' needs a " +
                            (argument.value ? "text in quotes" : "number"));
  }
  for (const DatasetArgument &needed : info->arguments)
    if (needed.isNeeded &&
        llvm::none_of(item.arguments, [&](const NamedArgument &argument) {
          return argument.name.name == StringRef(needed.name);
        }))
      diagnostics.error(item.textLoc,
                        "data set '" + item.text + "' needs an argument: " +
                            StringRef(needed.name) + " = \"...\"");
}

void checkDataSetNumber(const TrainItem &item, const NamedArgument &argument,
                        double number, Diagnostics &diagnostics) {
  const DatasetInfo *info = findInfo(item);
  StringRef name = argument.name.name;
  const DatasetArgument *known = info ? info->find(name) : nullptr;
  if (!known)
    return; // reported with the names
  if (!known->allows(number))
    diagnostics.error(argument.value->begin, "'" + name + "' of data set '" +
                                                 item.text + "' must be " +
                                                 known->bounds() + ", found " +
                                                 formatNumber(number));
}

} // namespace maek::dsl
