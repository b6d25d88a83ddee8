// Part of Maek, under the MIT licence; see LICENSE.
// Writes Halide's own runtime as the object that every compiled model is linked
// with. Run when Maek is built: to compile it anew takes longer than many
// models' kernels.
#include <Halide.h>

#include <cstdio>
#include <exception>

// Of no processor's features, so that kernels for any of them can be beside it.
static constexpr char target[] = "x86-64-linux";

int main(int argc, char **argv) try {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s OBJECT\n", argv[0]);
    return 2;
  }
  Halide::compile_standalone_runtime(argv[1], Halide::Target(target));
  return 0;
} catch (const std::exception &error) {
  std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
  return 1;
}
