// Part of Maek, under the MIT licence; see LICENSE.
// What a tool says where its output does not arrive, as on a full disk.
#ifndef MAEK_TOOLS_FAILEDWRITES_H
#define MAEK_TOOLS_FAILEDWRITES_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/ErrorHandling.h"
#include <cstdio>
#include <cstdlib>

namespace maek::cli {

/// LLVM ends a program by a fatal error at the end of a stream that could not
/// write. From here on that is one line, beginning with `program`, and exit
/// code 1.
inline void reportFailedWrites(const char *program) {
  auto report = [](void *program, const char *reason, bool isBug) {
    llvm::StringRef why = reason;
    bool isWrite = why.consume_front("IO failure on output stream: ");
    std::fprintf(stderr, "%s: %serror: %s%s\n",
                 static_cast<const char *>(program), isBug ? "internal " : "",
                 isWrite ? "cannot write the output: " : "", why.str().c_str());
    if (!isBug)
      std::_Exit(1); // this may be the end of a static object
  };
  llvm::install_fatal_error_handler(report, const_cast<char *>(program));
}

} // namespace maek::cli

#endif // MAEK_TOOLS_FAILEDWRITES_H
