// Part of Maek, under the MIT licence; see LICENSE.
// One subcommand of `maek`: its options and what it does with them.
#ifndef MAEK_TOOLS_MAEK_COMMAND_H
#define MAEK_TOOLS_MAEK_COMMAND_H

#include <boost/program_options.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace maek::cli {

namespace po = boost::program_options;

/// Exit codes of every command.
enum ExitCode { Success = 0, Failure = 1, Usage = 2 };

/// A mistake on the command line: printed with a hint at --help, exit code 2.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Command {
  const char *name;
  const char *arguments; ///< "FILE -o OUT", for the usage line
  const char *summary;   ///< one line for `maek help`
  void (*addOptions)(po::options_description &);
  /// Gets the parsed options (the positional words under "input").
  int (*run)(const po::variables_map &);
};

extern const Command checkCommand, buildCommand, irCommand, fmtCommand;

} // namespace maek::cli

#endif // MAEK_TOOLS_MAEK_COMMAND_H
