// Part of Maek, under the MIT licence; see LICENSE.
// The options of maek build that speak of tuning.
#ifndef MAEK_TOOLS_MAEK_TUNE_H
#define MAEK_TOOLS_MAEK_TUNE_H

#include "codegen/host/Compiler.h"
#include "tools/maek/Command.h"

namespace maek::cli {

/// Adds --tune, --tune-file and --tune-threads.
void addTuneOptions(po::options_description &options);

/// What these and the sizes say of the compilation; throws UsageError.
TuneSettings getTuneSettings(const po::variables_map &options,
                             const CompileOptions &compile);

} // namespace maek::cli

#endif // MAEK_TOOLS_MAEK_TUNE_H
