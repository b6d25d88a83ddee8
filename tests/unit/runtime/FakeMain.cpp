// Part of Maek, under the MIT licence; see LICENSE.
// A program like a generated one, on the hand-written module.
#include "FakeModule.h"
#include "maek/cli.h"

int main(int argc, char **argv) {
  return maek_main(&maek::fake::logistic(), argc, argv);
}
