// Part of Maek, under the MIT licence; see LICENSE.
#include "tools/maek/Tune.h"

#include "tools/maek/Options.h"

#include "llvm/ADT/StringRef.h"

namespace maek::cli {

void addTuneOptions(po::options_description &options) {
  options.add_options()(
      "tune", po::value<double>()->implicit_value(60)->value_name("SECONDS"),
      "look for faster schedules by running the kernels here, for so long "
      "(60)")(
      "tune-file", po::value<std::string>()->value_name("FILE"),
      "where such schedules are kept, and found by each build (the model's "
      "name with .tune.json)")(
      "tune-threads", po::value<int>()->value_name("N"),
      "the threads that the program is tuned for (one for each core)");
}

/// `models/lstm.maek`: `models/lstm.tune.json`.
static std::string getTuneFile(llvm::StringRef model) {
  model.consume_back(".maek");
  return (model + ".tune.json").str();
}

static void checkSearch(const CompileOptions &compile) {
  if (compile.target != "host")
    throw UsageError("--tune runs kernels on this machine; it goes with no "
                     "--target");
  if (compile.emit == Emit::Header ||
      getKernelText(compile.emit) != KernelText::None)
    throw UsageError("--tune goes with outputs that have code");
}

TuneSettings getTuneSettings(const po::variables_map &options,
                             const CompileOptions &compile) {
  TuneSettings tune;
  tune.isNamed = options.count("tune-file") != 0;
  tune.file = tune.isNamed ? options["tune-file"].as<std::string>()
                           : getTuneFile(compile.source);
  tune.search.sizes = getSizes(options);
  if (options.count("tune-threads")) {
    int threads = options["tune-threads"].as<int>();
    if (threads < 1 || threads > 256)
      throw UsageError("--tune-threads is 1 to 256, not " +
                       std::to_string(threads));
    tune.search.threads = unsigned(threads);
  }
  tune.isSearch = options.count("tune") != 0;
  if (!tune.isSearch) {
    if (!tune.search.sizes.empty() && !options.count("memory-limit"))
      throw UsageError(
          "--batch and --dim are sizes for --tune and --memory-limit");
    return tune;
  }
  checkSearch(compile);
  tune.search.seconds = options["tune"].as<double>();
  // A week, and no number that is none.
  if (!(tune.search.seconds > 0 && tune.search.seconds <= 604800))
    throw UsageError("--tune is a number of seconds above 0, up to 604800");
  return tune;
}

} // namespace maek::cli
