// Part of Maek, under the MIT licence; see LICENSE.
// Runs the command line inside the test and keeps what it prints.
#ifndef MAEK_TESTS_UNIT_RUNTIME_RUN_H
#define MAEK_TESTS_UNIT_RUNTIME_RUN_H

#include "FakeModule.h"
#include <string>
#include <vector>

namespace maek::fake {

struct Result {
  int code;
  std::string out, err;
};

/// maek_main with these arguments behind the program's name, "fake".
Result run(const std::vector<std::string> &arguments,
           const maek_module_t &module = logistic());

/// The same, printing as usual; the exit code.
int runUncaptured(const std::vector<std::string> &arguments,
                  const maek_module_t &module = logistic());

/// `text` with each number that has a decimal point or a unit of time or speed
/// replaced by #.
std::string hideTimes(const std::string &text);

} // namespace maek::fake

#endif // MAEK_TESTS_UNIT_RUNTIME_RUN_H
