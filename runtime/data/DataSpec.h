// Part of Maek, under the MIT licence; see LICENSE.
// A data set as the model file and the option --data name it: a name, and
// arguments in parentheses.
#ifndef MAEK_RUNTIME_DATA_DATASPEC_H
#define MAEK_RUNTIME_DATA_DATASPEC_H

#include "runtime/core/Error.h"
#include <cstdint>
#include <vector>

namespace maek::runtime {

/// `adding(T = 200, n = 1000)`, `text(file = "a.txt")`. Getters note the first
/// thing that is wrong and give the default; `check`, after the last of them,
/// reports it, and an argument that no getter asked for.
class DataSpec {
public:
  /// Reads the whole text. A text argument needs its quotes only if a comma
  /// or a parenthesis is in it. Messages begin with "data set ...".
  static Expected<DataSpec> parse(std::string_view text);

  /// The name, with '_' for each '-'.
  const std::string &name() const { return plainName; }

  /// A whole number in least .. most.
  int64_t count(std::string_view argument, int64_t otherwise, int64_t least,
                int64_t most);
  /// A number above 0 and below 1.
  double fraction(std::string_view argument, double otherwise);
  std::string string(std::string_view argument,
                     const std::string &otherwise = "");
  /// Notes something that is wrong with the arguments together.
  template <typename... Parts>
  void complain(const Parts &...parts) {
    if (problem.empty())
      problem = text(parts...);
  }
  Error check() const;

private:
  struct Argument {
    std::string name, value;
    bool isKnown = false;
  };
  Argument *find(std::string_view argument);

  std::string plainName;
  std::vector<Argument> arguments;
  std::vector<std::string> known;
  std::string problem;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DATA_DATASPEC_H
