// Part of Maek, under the MIT licence; see LICENSE.
// The options of one command, on Boost.Program_options, with messages that say
// what was found and what was needed.
#ifndef MAEK_RUNTIME_CLI_COMMANDLINE_H
#define MAEK_RUNTIME_CLI_COMMANDLINE_H

#include "runtime/core/Error.h"
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>
#include <optional>
#include <span>
#include <vector>

namespace maek::runtime {

/// Exit codes of a generated program.
enum ExitCode {
  ExitSuccess = 0,
  ExitError = 1,
  ExitUsage = 2,
  ExitInterrupted = 130
};

/// Reads one command's options. Getters note the first thing that is wrong and
/// give the default; `check`, after the last of them, reports it.
class CommandLine {
public:
  /// `program` and `command` are for messages, `summary` heads the help.
  CommandLine(std::string program, std::string command, std::string summary);

  /// An option with a value, called `value` in the help. That of a FILE or DIR
  /// must not be empty.
  void add(const char *name, const char *value, const std::string &help);
  /// The same; it may be given several times.
  void addList(const char *name, const char *value, const std::string &help);
  void addFlag(const char *name, const std::string &help);

  /// Reads the arguments. A number is the exit code to leave with: the help
  /// was asked for and printed, or something was wrong and reported.
  std::optional<int> parse(std::span<const std::string> arguments);

  bool has(const char *name) const { return values.count(name) > 0; }
  bool flag(const char *name) const { return has(name); }
  /// The value, or `otherwise`.
  std::string string(const char *name, const std::string &otherwise = "") const;
  std::vector<std::string> list(const char *name) const;
  /// The value, which must be there and not empty.
  std::string required(const char *name);
  /// A whole number in least .. most.
  int64_t count(const char *name, int64_t otherwise, int64_t least,
                int64_t most);
  uint64_t seed(const char *name, uint64_t otherwise);
  /// A number above 0.
  double positive(const char *name, double otherwise);

  /// Notes something wrong that a command found out.
  template <typename... Parts>
  void complain(const Parts &...parts) {
    if (problem.empty())
      problem = text(parts...);
  }
  /// The exit code to leave with, if something was wrong.
  std::optional<int> check() const;

private:
  std::optional<int> checkPaths();

  std::string program, command, summary;
  boost::program_options::options_description options;
  boost::program_options::variables_map values;
  std::vector<std::string> paths; ///< options that are names of files
  std::string problem;
};

/// Prints "program: error: message" and the help's name; returns ExitUsage.
int reportUsage(const std::string &program, std::string_view message,
                const std::string &helpOf);

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CLI_COMMANDLINE_H
