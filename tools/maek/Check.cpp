// Part of Maek, under the MIT licence; see LICENSE.
// maek check: names, dimensions and types of a model file.
#include "tools/maek/Options.h"

#include "llvm/Support/raw_ostream.h"

namespace maek::cli {

static int run(const po::variables_map &options) {
  return checkModelFile(getInput(options), getFrontendOptions(options),
                        llvm::errs())
             ? Success
             : Failure;
}

const Command checkCommand = {"check", "FILE",
                              "check a file's names, dimensions and types",
                              addModelOptions, run};

} // namespace maek::cli
