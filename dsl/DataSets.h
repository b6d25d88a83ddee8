// Part of Maek, under the MIT licence; see LICENSE.
// The data set of a train block: its name, and its arguments' names and values.
#ifndef MAEK_DSL_DATASETS_H
#define MAEK_DSL_DATASETS_H

#include "dsl/AST.h"

namespace maek::dsl {
class Diagnostics;

/// The names, and the texts that are no texts.
void checkDataSet(const TrainItem &item, Diagnostics &diagnostics);

/// The value that an argument has, once it is known.
void checkDataSetNumber(const TrainItem &item, const NamedArgument &argument,
                        double number, Diagnostics &diagnostics);

} // namespace maek::dsl

#endif // MAEK_DSL_DATASETS_H
