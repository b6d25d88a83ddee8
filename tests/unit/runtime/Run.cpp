// Part of Maek, under the MIT licence; see LICENSE.
// Runs the command line inside the test.
#include "Run.h"
#include "maek/cli.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

using namespace maek::fake;

namespace {
/// Sends a stream's descriptor into memory for a while.
class Capture {
public:
  explicit Capture(std::FILE *stream)
      : stream(stream), memory(memfd_create("capture", 0)) {
    std::fflush(stream);
    former = dup(fileno(stream));
    dup2(memory, fileno(stream));
  }
  std::string finish() {
    std::fflush(stream);
    dup2(former, fileno(stream));
    close(former);
    auto size = static_cast<size_t>(lseek(memory, 0, SEEK_END));
    std::string text(size, '\0');
    if (pread(memory, text.data(), size, 0) != static_cast<ssize_t>(size))
      std::abort();
    close(memory);
    return text;
  }

private:
  std::FILE *stream;
  int memory, former;
};
} // namespace

int maek::fake::runUncaptured(const std::vector<std::string> &arguments,
                              const maek_module_t &module) {
  std::vector<std::string> owned = {"/usr/bin/fake"};
  owned.insert(owned.end(), arguments.begin(), arguments.end());
  std::vector<char *> pointers;
  for (std::string &argument : owned)
    pointers.push_back(argument.data());
  return maek_main(&module, static_cast<int>(pointers.size()), pointers.data());
}

Result maek::fake::run(const std::vector<std::string> &arguments,
                       const maek_module_t &module) {
  Capture out(stdout), err(stderr);
  int code = runUncaptured(arguments, module);
  std::string printed = out.finish();
  return {code, printed, err.finish()};
}

std::string maek::fake::hideTimes(const std::string &text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    size_t end =
        std::min(text.find_first_not_of("0123456789.", at), text.size());
    std::string_view number(&text[at], end - at);
    std::string_view rest = std::string_view(text).substr(end);
    if (number.empty()) {
      out += text[at++];
      continue;
    }
    size_t point = number.find('.');
    bool isReal = point > 0 && point + 1 < number.size();
    bool hide = (isReal && point != std::string_view::npos) ||
                rest.starts_with(" samples/s") || rest.starts_with(" runs");
    out += hide ? "#" : number;
    at = end;
  }
  return out;
}
