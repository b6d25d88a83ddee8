// Part of Maek, under the MIT licence; see LICENSE.
// A data set as the model file and the option --data name it: a name, and
// arguments in parentheses.
#ifndef MAEK_RUNTIME_DATA_DATASPEC_H
#define MAEK_RUNTIME_DATA_DATASPEC_H

#include "runtime/core/Error.h"
#include <cstdint>
#include <vector>

namespace maek::runtime {

/// `adding(T = 200, n = 1000)`, `text(file = "a.txt")`.
class DataSpec {
public:
  /// Reads the whole text. A text argument needs its quotes only if a comma
  /// or a parenthesis is in it. Messages begin with "data set ...".
  static Expected<DataSpec> parse(std::string_view text);

  /// The name, with '_' for each '-'.
  const std::string &name() const { return plainName; }

  /// Whether there is such a data set with such arguments (see
  /// DatasetTable.h); after that, getters give what is stated, or the default.
  Error check() const;
  int64_t count(std::string_view argument, int64_t otherwise) const;
  double fraction(std::string_view argument, double otherwise) const;
  std::string string(std::string_view argument,
                     const std::string &otherwise = "") const;

private:
  struct Argument {
    std::string name, value;
  };
  const Argument *find(std::string_view argument) const;

  std::string plainName;
  std::vector<Argument> arguments;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DATA_DATASPEC_H
