// Part of Maek, under the MIT licence; see LICENSE.
// Writes Halide's own runtime as the object that every compiled model is linked
// with. Run when Maek is built: to compile it anew takes longer than many
// models' kernels. A target of no processor's features lets kernels for any of
// them be beside it.
#include <Halide.h>

#include <cstdio>
#include <exception>

int main(int argc, char **argv) try {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s OBJECT TARGET\n", argv[0]);
    return 2;
  }
  Halide::compile_standalone_runtime(argv[1], Halide::Target(argv[2]));
  return 0;
} catch (const std::exception &error) {
  std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
  return 1;
}
