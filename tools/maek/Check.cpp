// Part of Maek, under the MIT licence; see LICENSE.
// maek check: names, dimensions and types of a model file.
#include "tools/maek/Options.h"

#include "llvm/Support/raw_ostream.h"

namespace maek::cli {

static void addOptions(po::options_description &options) {
  addModelOptions(options);
  options.add_options()("shapes", "print the shape of every equation");
}

static int run(const po::variables_map &options) {
  FrontendOptions frontend = getFrontendOptions(options);
  if (options.count("shapes"))
    frontend.shapes = &llvm::outs();
  return checkModelFile(getInput(options), frontend, llvm::errs()) ? Success
                                                                   : Failure;
}

const Command checkCommand = {"check", "FILE",
                              "check a file's names, dimensions and types",
                              addOptions, run};

} // namespace maek::cli
