// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/Arguments.h"

#include "dsl/Diagnostics.h"
#include "dsl/ForeignSyntax.h"

using namespace llvm;

namespace maek::dsl {

static std::string plural(size_t count, StringRef noun) {
  return std::to_string(count) + " " + noun.str() + (count == 1 ? "" : "s");
}

std::string getParameterHint(StringRef name, ArrayRef<Formal> formals) {
  std::vector<StringRef> names;
  for (const Formal &formal : formals)
    names.push_back(formal.name.name);
  std::string hint = didYouMean(name, names);
  if (hint.empty())
    hint = getForeignArgument(name);
  constexpr size_t most = 8;
  if (!hint.empty() || names.empty() || names.size() > most)
    return hint;
  hint = names.size() == 1 ? "; there is " : "; there are ";
  for (size_t i = 0; i < names.size(); ++i) {
    hint += i == 0 ? "'" : i + 1 == names.size() ? " and '" : ", '";
    hint += names[i].str() + "'";
  }
  return hint;
}

std::optional<std::vector<const Expr *>>
matchArguments(const Definition &definition, ArrayRef<Formal> formals,
               ArrayRef<Argument> arguments, SMLoc loc,
               Diagnostics *diagnostics, unsigned given) {
  std::string name = ("'" + definition.name.name + "'").str();
  auto fail = [&](SMLoc at, const Twine &message) {
    if (diagnostics)
      diagnostics->error(at, message)
          .note(definition.name.loc, name + " is defined here");
    return std::nullopt;
  };
  std::vector<const Expr *> values(formals.size());
  size_t next = given;
  bool named = false;
  for (const Argument &argument : arguments) {
    size_t index = next;
    if (argument.name.empty()) {
      if (named)
        return fail(argument.loc, "arguments by position come before those by "
                                  "name");
      // Linear(3, 4, x)
      bool isInput = (definition.kind == DefinitionKind::Layer ||
                      definition.kind == DefinitionKind::Cell) &&
                     formals.data() == definition.hyperparameters.data() &&
                     argument.value->kind != ExprKind::Number;
      if (next++ >= formals.size())
        return fail(argument.loc,
                    name + " takes " +
                        plural(formals.size() - given, "argument") +
                        ", found " + Twine(arguments.size()) +
                        (isInput ? "; what it is applied to stands in "
                                   "parentheses of its own: '" +
                                       definition.name.name.str() + "(…)(x)'"
                                 : std::string()));
    } else {
      named = true;
      index = given;
      while (index < formals.size() &&
             formals[index].name.name != argument.name)
        ++index;
      if (index >= formals.size())
        return fail(
            argument.loc,
            name + " has no parameter '" + argument.name + "'" +
                getParameterHint(argument.name, formals.drop_front(given)));
      if (values[index])
        return fail(argument.loc, "'" + argument.name + "' is given twice");
    }
    values[index] = argument.value.get();
  }
  for (size_t i = given; i < formals.size(); ++i)
    if (!values[i] && !(values[i] = formals[i].defaultValue.get()))
      return fail(loc,
                  name + " needs a value for '" + formals[i].name.name + "'");
  return values;
}

} // namespace maek::dsl
