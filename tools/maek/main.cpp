// Part of Maek, under the MIT licence; see LICENSE.
// maek: checks, formats and compiles model files. Each subcommand has a file
// of its own; this one picks it and parses the command line.
#include "dsl/Diagnostics.h"
#include "tools/FailedWrites.h"
#include "tools/maek/Command.h"

#include <cstdio>
#include <iostream>

using namespace maek::cli;

namespace {

const Command *const commands[] = {&checkCommand, &buildCommand, &irCommand,
                                   &fmtCommand};

void printUsage(std::ostream &out) {
  out << "usage: maek COMMAND [OPTIONS]\n\n";
  for (const Command *command : commands) {
    std::string left =
        std::string("  ") + command->name + " " + command->arguments;
    left.resize(std::max<size_t>(left.size() + 2, 38), ' ');
    out << left << command->summary << "\n";
  }
  out << "\nmaek COMMAND --help, or maek help COMMAND, lists a command's "
         "options.\n"
         "maek --version prints the version.\n";
}

int runCommand(const Command &command, int argc, const char *const *argv) {
  po::options_description visible("options");
  command.addOptions(visible);
  visible.add_options()("help,h", "print this text");
  po::options_description all;
  all.add(visible).add_options()("input",
                                 po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("input", -1);

  po::variables_map options;
  using namespace po::command_line_style;
  po::store(po::command_line_parser(argc, argv)
                .options(all)
                .positional(positional)
                .style(unix_style & ~allow_guessing)
                .run(),
            options);
  po::notify(options);
  if (options.count("help")) {
    std::cout << "usage: maek " << command.name << " " << command.arguments
              << "\n\n"
              << command.summary << "\n\n"
              << visible;
    return Success;
  }
  return command.run(options);
}

/// The same with mistakes on the command line reported.
int runChecked(const Command &command, int argc, const char *const *argv) {
  std::string problem;
  try {
    return runCommand(command, argc, argv);
  } catch (const po::error &error) {
    problem = error.what();
  } catch (const UsageError &error) {
    problem = error.what();
  }
  std::cerr << "maek " << command.name << ": " << problem << "; see maek "
            << command.name << " --help\n";
  return Usage;
}

const Command *findCommand(const std::string &name) {
  for (const Command *command : commands)
    if (name == command->name)
      return command;
  return nullptr;
}

void reportUnknown(const std::string &name) {
  std::cerr << "maek: unknown command '" << name << "'";
  for (const char *known :
       {"train", "eval", "predict", "generate", "convert", "bench", "info"})
    if (name == known) {
      std::cerr << "; the program that maek builds has it: maek build FILE -o "
                   "PROGRAM, then ./PROGRAM "
                << name << "\n";
      return;
    }
  std::cerr << maek::dsl::didYouMean(name, {"check", "build", "ir", "fmt"})
            << "; see maek help\n";
}

int runMain(int argc, char **argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  if (name == "--version") {
    std::cout << "maek " MAEK_VERSION "\n";
    return Success;
  }
  bool asksForHelp = name == "help" || name == "--help" || name == "-h";
  if (asksForHelp && argc == 2) {
    printUsage(std::cout);
    return Success;
  }
  // `maek help build` is `maek build --help`.
  const std::string wanted = asksForHelp ? argv[2] : name;
  if (const Command *command = findCommand(wanted)) {
    const char *help[] = {argv[2], "--help"};
    return asksForHelp ? runChecked(*command, 2, help)
                       : runChecked(*command, argc - 1, argv + 1);
  }
  if (wanted.empty())
    printUsage(std::cerr);
  else
    reportUnknown(wanted);
  return Usage;
}

} // namespace

int main(int argc, char **argv) {
  reportFailedWrites("maek");
  int code = runMain(argc, argv);
  if (std::cout.flush())
    return code;
  std::cerr << "maek: error: cannot write the output\n";
  return Failure;
}
