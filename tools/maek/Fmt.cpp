// Part of Maek, under the MIT licence; see LICENSE.
// maek fmt: model files in their canonical form.
#include "codegen/host/OutputFile.h"
#include "dsl/Frontend.h"
#include "tools/maek/Command.h"

#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

namespace maek::cli {

static void addOptions(po::options_description &options) {
  options.add_options()("check", "write nothing; exit code 1 if a file is not "
                                 "in its canonical form")(
      "stdout", "print the result instead of writing it to the file");
}

static bool fail(const std::string &path, const llvm::Twine &reason) {
  llvm::errs() << path << ": error: " << reason << "\n";
  return false;
}

static bool formatFile(const std::string &path,
                       const po::variables_map &options) {
  auto file = llvm::MemoryBuffer::getFileOrSTDIN(path);
  if (!file)
    return fail(path, file.getError().message());
  llvm::StringRef text = (*file)->getBuffer();
  std::optional<std::string> formatted = formatModel(text, path, llvm::errs());
  if (!formatted)
    return false;
  if (options.count("check"))
    return *formatted == text ||
           fail(path, "not in its canonical form; run maek fmt on it");
  if (options.count("stdout") || path == "-") {
    llvm::outs() << *formatted;
    return true;
  }
  if (*formatted == text)
    return true;
  llvm::Error error = replaceFile(path, *formatted);
  return !error || fail(path, llvm::toString(std::move(error)));
}

static int run(const po::variables_map &options) {
  if (!options.count("input"))
    throw UsageError("a model file is needed");
  bool good = true;
  for (const std::string &path :
       options["input"].as<std::vector<std::string>>())
    good &= formatFile(path, options);
  return good ? Success : Failure;
}

const Command fmtCommand = {
    "fmt", "FILE...", "write files in their canonical form", addOptions, run};

} // namespace maek::cli
