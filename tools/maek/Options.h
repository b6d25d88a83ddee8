// Part of Maek, under the MIT licence; see LICENSE.
// Options that several subcommands share.
#ifndef MAEK_TOOLS_MAEK_OPTIONS_H
#define MAEK_TOOLS_MAEK_OPTIONS_H

#include "codegen/host/KernelUses.h"
#include "dsl/Frontend.h"
#include "passes/Pipelines.h"
#include "tools/maek/Command.h"

namespace maek::cli {

/// Adds --set, --precision and --model: how a model file is read.
void addModelOptions(po::options_description &options);

/// What those options say; throws UsageError.
FrontendOptions getFrontendOptions(const po::variables_map &options);

/// What --precision says of products.
Factors getFactors(const po::variables_map &options);

/// Adds --batch and --dim, for what they are of use.
void addSizeOptions(po::options_description &options, const char *use);

/// The sizes that they give, by symbol; throws UsageError.
Sizes getSizes(const po::variables_map &options);

/// The one model file of the command line; throws UsageError.
std::string getInput(const po::variables_map &options);

} // namespace maek::cli

#endif // MAEK_TOOLS_MAEK_OPTIONS_H
