// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/data/DataSpec.h"
#include "runtime/core/Names.h"

#include <algorithm>
#include <charconv>
#include <cmath>

using namespace maek::runtime;

static void skipSpaces(std::string_view &rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
}

static std::string_view trim(std::string_view part) {
  skipSpaces(part);
  return part.substr(0, part.find_last_not_of(" \t") + 1);
}

// Takes what stands before one of `ends`, without spaces around it.
static std::string_view takeUntil(std::string_view &rest,
                                  std::string_view ends) {
  std::string_view part = rest.substr(0, rest.find_first_of(ends));
  rest.remove_prefix(part.size());
  return trim(part);
}

Expected<DataSpec> DataSpec::parse(std::string_view all) {
  auto bad = [&](const auto &...parts) {
    return makeError(MAEK_INVALID_ARGUMENT, "data set '", all, "': ", parts...);
  };
  DataSpec spec;
  std::string_view rest = all;
  spec.plainName = takeUntil(rest, "(");
  std::replace(spec.plainName.begin(), spec.plainName.end(), '-', '_');
  if (spec.plainName.empty())
    return bad("has no name");
  if (rest.empty())
    return spec;
  rest.remove_prefix(1);
  for (skipSpaces(rest); !rest.starts_with(')'); skipSpaces(rest)) {
    Argument argument;
    argument.name = takeUntil(rest, "=,()");
    if (argument.name.empty() || !rest.starts_with('='))
      return bad("expected NAME=VALUE, found '", argument.name, rest, "'");
    rest.remove_prefix(1);
    skipSpaces(rest);
    if (rest.starts_with('"')) {
      rest.remove_prefix(1);
      size_t end = rest.find('"');
      if (end == std::string_view::npos)
        return bad("the text of '", argument.name, "' has no closing '\"'");
      argument.value = rest.substr(0, end);
      rest.remove_prefix(end + 1);
      skipSpaces(rest);
    } else {
      argument.value = takeUntil(rest, ",()");
    }
    if (spec.find(argument.name))
      return bad("'", argument.name, "' is given twice");
    spec.arguments.push_back(std::move(argument));
    if (!rest.starts_with(','))
      break;
    rest.remove_prefix(1);
  }
  if (trim(rest) != ")")
    return bad("expected ')' at the end, found '", trim(rest), "'");
  return spec;
}

DataSpec::Argument *DataSpec::find(std::string_view argument) {
  auto at = std::find_if(
      arguments.begin(), arguments.end(),
      [&](const Argument &other) { return other.name == argument; });
  return at == arguments.end() ? nullptr : &*at;
}

std::string DataSpec::string(std::string_view argument,
                             const std::string &otherwise) {
  known.emplace_back(argument);
  Argument *found = find(argument);
  if (!found)
    return otherwise;
  found->isKnown = true;
  return found->value;
}

// Reads all of `value` or nothing.
static bool parseNumber(const std::string &value, double &out) {
  const char *end = value.data() + value.size();
  auto [stop, status] = std::from_chars(value.data(), end, out);
  return status == std::errc() && stop == end;
}

double DataSpec::fraction(std::string_view argument, double otherwise) {
  std::string value = string(argument);
  if (value.empty() && !find(argument))
    return otherwise;
  double number = 0;
  if (parseNumber(value, number) && number > 0 && number < 1)
    return number;
  complain("'", argument, "' must be a number between 0 and 1, found '", value,
           "'");
  return otherwise;
}

int64_t DataSpec::count(std::string_view argument, int64_t otherwise,
                        int64_t least, int64_t most) {
  std::string value = string(argument);
  if (value.empty() && !find(argument))
    return otherwise;
  // The compiler writes every number as a real one: 1e+06.
  double number = 0;
  if (parseNumber(value, number) && std::trunc(number) == number &&
      number >= static_cast<double>(least) &&
      number <= static_cast<double>(most))
    return static_cast<int64_t>(number);
  complain("'", argument, "' must be a whole number from ", least, " to ", most,
           ", found '", value, "'");
  return otherwise;
}

Error DataSpec::check() const {
  auto bad = [&](const auto &...parts) {
    return makeError(MAEK_INVALID_ARGUMENT, "data set '", plainName,
                     "': ", parts...);
  };
  std::vector<std::string_view> names(known.begin(), known.end());
  for (const Argument &argument : arguments)
    if (!argument.isKnown)
      return bad("unknown argument '", argument.name, "'",
                 suggest(argument.name, names));
  return problem.empty() ? Error::success() : bad(problem);
}
