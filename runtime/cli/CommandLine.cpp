// Part of Maek, under the MIT licence; see LICENSE.
// The options of one command.
#include "runtime/cli/CommandLine.h"
#include "runtime/core/Names.h"

#include <boost/program_options/parsers.hpp>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <sstream>

using namespace maek::runtime;
namespace po = boost::program_options;

CommandLine::CommandLine(std::string program, std::string command,
                         std::string summary)
    : program(std::move(program)), command(std::move(command)),
      summary(std::move(summary)), options("options") {}

void CommandLine::add(const char *name, const char *value,
                      const std::string &help) {
  options.add_options()(name, po::value<std::string>()->value_name(value),
                        help.c_str());
  if (std::string_view(value) == "FILE" || std::string_view(value) == "DIR")
    paths.emplace_back(name);
}

void CommandLine::addList(const char *name, const char *value,
                          const std::string &help) {
  options.add_options()(
      name,
      po::value<std::vector<std::string>>()->composing()->value_name(value),
      help.c_str());
}

void CommandLine::addFlag(const char *name, const std::string &help) {
  options.add_options()(name, help.c_str());
}

int maek::runtime::reportUsage(const std::string &program,
                               std::string_view message,
                               const std::string &helpOf) {
  std::fprintf(stderr, "%s: error: %.*s\ntry '%s --help'\n", program.c_str(),
               static_cast<int>(message.size()), message.data(),
               helpOf.c_str());
  return ExitUsage;
}

std::optional<int> CommandLine::check() const {
  if (problem.empty())
    return std::nullopt;
  return reportUsage(program, problem, program + ' ' + command);
}

std::optional<int> CommandLine::parse(std::span<const std::string> arguments) {
  addFlag("help", "this text");
  namespace style = po::command_line_style;
  try {
    po::parsed_options parsed =
        po::command_line_parser({arguments.begin(), arguments.end()})
            .options(options)
            .style(style::unix_style & ~style::allow_guessing)
            .allow_unregistered()
            .run();
    std::vector<std::string_view> known;
    for (const auto &option : options.options())
      known.push_back(option->long_name());
    for (const po::option &option : parsed.options) {
      if (option.string_key.empty())
        complain("unexpected argument '", option.original_tokens.at(0), "'");
      else if (option.unregistered)
        complain("unknown option '", option.original_tokens.at(0), "'",
                 suggest(option.string_key, known));
    }
    if (!problem.empty())
      return check();
    po::store(parsed, values);
  } catch (const po::multiple_occurrences &error) {
    complain("option '", error.get_option_name(), "' is given twice");
    return check();
  } catch (const po::invalid_command_line_syntax &error) {
    bool takesNone = error.kind() == po::invalid_syntax::extra_parameter;
    complain("option '", error.get_option_name(),
             takesNone ? "' takes no value" : "' needs a value");
    return check();
  } catch (const po::error &error) {
    complain(error.what());
    return check();
  }
  if (!flag("help"))
    return checkPaths();
  std::ostringstream help;
  help << options;
  std::printf("usage: %s %s [OPTIONS]\n%s\n\n%s", program.c_str(),
              command.c_str(), summary.c_str(), help.str().c_str());
  return ExitSuccess;
}

std::optional<int> CommandLine::checkPaths() {
  for (const std::string &name : paths)
    if (has(name.c_str()) && string(name.c_str()).empty())
      complain("option '--", name, "' needs a name, found ''");
  return check();
}

std::string CommandLine::string(const char *name,
                                const std::string &otherwise) const {
  return has(name) ? values[name].as<std::string>() : otherwise;
}

std::vector<std::string> CommandLine::list(const char *name) const {
  if (!has(name))
    return {};
  return values[name].as<std::vector<std::string>>();
}

std::string CommandLine::required(const char *name) {
  std::string value = string(name);
  if (value.empty())
    complain("option '--", name, "' is needed");
  return value;
}

// Reads all of `value` or nothing.
template <typename T>
static bool parseAll(const std::string &value, T &out) {
  const char *end = value.data() + value.size();
  auto [stop, status] = std::from_chars(value.data(), end, out);
  return status == std::errc() && stop == end;
}

int64_t CommandLine::count(const char *name, int64_t otherwise, int64_t least,
                           int64_t most) {
  if (!has(name))
    return otherwise;
  int64_t result;
  if (!parseAll(string(name), result) || result < least || result > most) {
    complain("option '--", name, "' needs a whole number from ", least, " to ",
             most, ", found '", string(name), "'");
    return otherwise;
  }
  return result;
}

uint64_t CommandLine::seed(const char *name, uint64_t otherwise) {
  if (!has(name))
    return otherwise;
  uint64_t result;
  if (!parseAll(string(name), result)) {
    complain("option '--", name, "' needs a whole number from 0 to ",
             UINT64_MAX, ", found '", string(name), "'");
    return otherwise;
  }
  return result;
}

double CommandLine::positive(const char *name, double otherwise) {
  if (!has(name))
    return otherwise;
  double result;
  if (!parseAll(string(name), result) || !std::isfinite(result) ||
      result <= 0) {
    complain("option '--", name, "' needs a number above 0, found '",
             string(name), "'");
    return otherwise;
  }
  return result;
}
