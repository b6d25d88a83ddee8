// Part of Maek, under the MIT licence; see LICENSE.
// The entry point of a generated program: finds the command and runs it.
#include "maek/cli.h"
#include "runtime/cli/Commands.h"
#include "runtime/core/Names.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>

using namespace maek::runtime;

namespace {
struct Command {
  const char *name;
  const char *summary;
  int (*run)(const Program &, Arguments);
};

constexpr Command commands[] = {
    {"train", "learn on a data set", runTrain},
    {"eval", "loss and metrics of saved weights", runEval},
    {"calibrate", "weights for products of int8", runCalibrate},
    {"predict", "outputs for .npy files and pictures", runPredict},
    {"generate", "text of a language model", runGenerate},
    {"convert", "weights to the names and layout of another program",
     runConvert},
    {"bench", "time an entry on random input", runBench},
    {"info", "entries, tensors, memory, versions", runInfo},
};
} // namespace

static void printHelp(const Program &program) {
  const ModuleInfo &info = program.info;
  std::printf("usage: %s COMMAND [OPTIONS]\n%s%s%s\n\ncommands\n",
              program.name.c_str(), info.name.c_str(),
              info.source.empty() ? "" : ", compiled by Maek from ",
              info.source.c_str());
  for (const Command &command : commands)
    std::printf("  %-9s  %s\n", command.name, command.summary);
  std::printf("\n'%s COMMAND --help' tells the options of a command.\n",
              program.name.c_str());
}

static void printVersion(const Program &program) {
  const ModuleInfo &info = program.info;
  std::printf("%s", info.name.c_str());
  for (const auto &[name, version] : info.versions)
    std::printf("%s%s %s", &name == &info.versions[0].first ? " (" : ", ",
                name.c_str(), version.c_str());
  std::printf("%s for %s\n", info.versions.empty() ? "" : ")",
              info.target.c_str());
}

static int runCommand(const Program &program,
                      const std::vector<std::string> &arguments) {
  if (arguments.empty())
    return reportUsage(program.name, "a command is needed", program.name);
  const std::string &first = arguments[0];
  if (first == "--help" || first == "-h" || first == "help") {
    printHelp(program);
    return ExitSuccess;
  }
  if (first == "--version") {
    printVersion(program);
    return ExitSuccess;
  }
  std::vector<std::string_view> names;
  for (const Command &command : commands) {
    if (first == command.name)
      return command.run(program, Arguments(arguments).subspan(1));
    names.emplace_back(command.name);
  }
  return reportUsage(
      program.name,
      text("unknown command '", first, "'", suggest(first, names)),
      program.name);
}

// What was printed must have arrived: a full disk is an error.
static int finishOutput(const Program &program, int code) {
  bool failed = std::fflush(stdout) != 0 || std::ferror(stdout) != 0;
  if (!failed || code != ExitSuccess)
    return code;
  return report(program,
                makeError(MAEK_IO_ERROR, "cannot write to standard output: ",
                          std::strerror(errno)));
}

int maek_main(const maek_module_t *module, int argc, char **argv) {
  const char *path = argc > 0 ? argv[0] : "maek";
  const char *slash = std::strrchr(path, '/');
  const char *name = slash ? slash + 1 : path;
  try {
    Program program{module, {}, name};
    Expected<ModuleInfo> info = readModule(*module);
    if (!info)
      return report(program, info.takeError());
    program.info = std::move(*info);
    return finishOutput(program, runCommand(program, {argv + 1, argv + argc}));
  } catch (const std::bad_alloc &) {
    std::fprintf(stderr, "%s: error: no memory\n", name);
  } catch (const std::exception &exception) {
    std::fprintf(stderr, "%s: internal error: %s\n", name, exception.what());
  }
  return ExitError;
}
