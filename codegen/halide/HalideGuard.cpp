// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/HalideGuard.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include "Halide.h"
#include <exception>

using namespace mlir;

namespace maek::halide {

/// One line, without "Error: " and the trailing blanks that Halide adds.
static std::string clean(StringRef text) {
  text.consume_front("Error: ");
  std::string line = text.trim().str();
  for (char &c : line)
    if (c == '\n')
      c = ' ';
  return line;
}

LogicalResult guardHalide(std::string &message, function_ref<void()> body) {
  try {
    body();
    return success();
  } catch (const Halide::Error &error) {
    message = "Halide: " + clean(error.what());
  } catch (const std::exception &error) {
    message = clean(error.what());
  }
  return failure();
}

} // namespace maek::halide
