// Part of Maek, under the MIT licence; see LICENSE.
// maek: checks, formats and compiles model files. Each subcommand has a file
// of its own; this one picks it and parses the command line.
#include "dsl/Diagnostics.h"
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
  out << "\nmaek COMMAND --help lists a command's options.\n"
         "maek --version prints the version.\n";
}

int runCommand(const Command &command, int argc, char **argv) {
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

} // namespace

int main(int argc, char **argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  if (name == "--version") {
    std::cout << "maek " MAEK_VERSION "\n";
    return Success;
  }
  if (name == "help" || name == "--help" || name == "-h") {
    printUsage(std::cout);
    return Success;
  }
  for (const Command *command : commands) {
    if (name != command->name)
      continue;
    try {
      return runCommand(*command, argc - 1, argv + 1);
    } catch (const po::error &error) {
      std::cerr << "maek " << name << ": " << error.what() << "; see maek "
                << name << " --help\n";
    } catch (const UsageError &error) {
      std::cerr << "maek " << name << ": " << error.what() << "; see maek "
                << name << " --help\n";
    }
    return Usage;
  }
  if (name.empty())
    printUsage(std::cerr);
  else
    std::cerr << "maek: unknown command '" << name << "'"
              << maek::dsl::didYouMean(name, {"check", "build", "ir", "fmt"})
              << "; see maek help\n";
  return Usage;
}
