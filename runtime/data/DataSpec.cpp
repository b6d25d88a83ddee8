// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/data/DataSpec.h"
#include "runtime/core/Names.h"
#include "runtime/data/DatasetTable.h"

#include <algorithm>
#include <charconv>

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

const DataSpec::Argument *DataSpec::find(std::string_view argument) const {
  auto at = std::find_if(
      arguments.begin(), arguments.end(),
      [&](const Argument &other) { return other.name == argument; });
  return at == arguments.end() ? nullptr : &*at;
}

std::string DataSpec::string(std::string_view argument,
                             const std::string &otherwise) const {
  const Argument *found = find(argument);
  return found ? found->value : otherwise;
}

// Reads all of `value` or nothing.
static bool parseNumber(const std::string &value, double &out) {
  const char *end = value.data() + value.size();
  auto [stop, status] = std::from_chars(value.data(), end, out);
  return status == std::errc() && stop == end;
}

double DataSpec::fraction(std::string_view argument, double otherwise) const {
  double number = otherwise;
  if (const Argument *found = find(argument))
    parseNumber(found->value, number);
  return number;
}

// The compiler writes every number as a real one: 1e+06.
int64_t DataSpec::count(std::string_view argument, int64_t otherwise) const {
  double number = 0;
  const Argument *found = find(argument);
  return found && parseNumber(found->value, number)
             ? static_cast<int64_t>(number)
             : otherwise;
}

static bool isAllowed(const DatasetArgument &known, const std::string &value) {
  double number = 0;
  return known.kind == DatasetArgument::Kind::Text ||
         (parseNumber(value, number) && known.allows(number));
}

// "; there are 'T', 'n', 'test' and 'seed'"
static std::string listNames(std::span<const std::string_view> names) {
  std::string list = names.empty() ? "" : "; there are ";
  for (size_t i = 0; i < names.size(); ++i)
    append(list, text(i == 0                  ? ""
                      : i + 1 == names.size() ? " and "
                                              : ", ",
                      names[i]));
  return list;
}

static std::string suggestOrList(std::string_view name,
                                 std::span<const std::string_view> names) {
  std::string hint = suggest(name, names);
  return hint.empty() ? listNames(names) : hint;
}

Error DataSpec::check() const {
  auto bad = [&](const auto &...parts) {
    return makeError(MAEK_INVALID_ARGUMENT, "data set '", plainName,
                     "': ", parts...);
  };
  std::vector<std::string_view> names;
  const DatasetInfo *info = findDataset(plainName);
  if (!info) {
    for (const DatasetInfo &other : datasets)
      names.push_back(other.name);
    return makeError(MAEK_INVALID_ARGUMENT, "unknown data set '", plainName,
                     "'", suggestOrList(plainName, names));
  }
  for (const DatasetArgument &known : info->arguments)
    names.push_back(known.name);
  for (const Argument &argument : arguments) {
    const DatasetArgument *known = info->find(argument.name);
    if (!known)
      return bad("unknown argument '", argument.name, "'",
                 names.empty() ? "; it takes none"
                               : suggestOrList(argument.name, names));
    if (!isAllowed(*known, argument.value))
      return bad("'", argument.name, "' must be ", known->bounds(), ", found '",
                 argument.value, "'");
  }
  for (const DatasetArgument &known : info->arguments)
    if (known.isNeeded && string(known.name).empty())
      return bad(known.name, " = \"…\" is needed");
  return Error::success();
}
