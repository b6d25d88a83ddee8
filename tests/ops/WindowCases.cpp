// Part of Maek, under the MIT licence; see LICENSE.
#include "tests/ops/OpCase.h"

namespace maek::test {

/// What both ops refuse, written for `op` with these types of operand and
/// result.
static std::vector<BadInput> getBadWindows(const std::string &op, bool isFold) {
  auto line = [&](const std::string &attributes, std::string plain,
                  std::string windows) {
    if (isFold)
      std::swap(plain, windows);
    return "%c = maek.constant 0.0 : " + plain + "\n%r = maek." + op + " %c " +
           attributes + " : " + plain + " -> " + windows;
  };
  const std::string x = "tensor<2x5xf64>", w = "tensor<2x5x3xf64>";
  return {
      {line("dim 2 stride 1 dilation 1 offset 0", x, w), "has no axis 2 in"},
      {line("dim -1 stride 1 dilation 1 offset 0", x, w), "has no axis -1 in"},
      {line("dim 1 stride 1 dilation 1 offset 0", x, "tensor<2x5x3xf32>"),
       "keeps the element type"},
      {line("dim 1 stride 1 dilation 1 offset 0", x, x),
       "needs one axis more for windows"},
      {line("dim 1 stride 1 dilation 1 offset 0", x, "tensor<4x5x3xf64>"),
       "changes axis 1 only"},
      {line("dim 1 stride 1 dilation 1 offset 0", x, "tensor<2x5x?xf64, #T>"),
       "needs windows of a static size, found T"},
      {line("dim 1 stride 0 dilation 1 offset 0", x, w),
       "needs a positive stride and a dilation other than 0"},
      {line("dim 1 stride 1 dilation 0 offset 0", x, w),
       "needs a positive stride and a dilation other than 0"},
      {line("dim 1 stride 9223372036854775807 dilation 1 offset 0", x, w),
       "reaches further than an index"},
      {line("dim 1 stride 1 dilation -9223372036854775808 offset 0", x, w),
       "reaches further than an index"},
      {line("dim 1 stride 1 dilation 1 offset 2147483647", x, w),
       "reaches further than an index"}};
}

static OpCase makeWindow(const std::string &name, const std::string &attributes,
                         const std::string &plain, const std::string &windows) {
  return {"window_" + name,
          {plain},
          "%r0 = maek.window %a0 " + attributes + " : " + plain + " -> " +
              windows,
          {windows},
          {0},
          {}};
}

static OpCase makeFold(const std::string &name, const std::string &attributes,
                       const std::string &windows, const std::string &plain) {
  return {"fold_" + name,
          {windows},
          "%r0 = maek.fold %a0 " + attributes + " : " + windows + " -> " +
              plain,
          {plain},
          {0},
          {}};
}

std::vector<OpCase> getWindowCases() {
  std::vector<OpCase> cases;
  for (auto make : {makeWindow, makeFold}) {
    bool isFold = make == makeFold;
    auto add = [&](const std::string &name, const std::string &attributes,
                   const std::string &plain, const std::string &windows) {
      cases.push_back(make(name, attributes, isFold ? windows : plain,
                           isFold ? plain : windows));
    };
    add("same", "dim 1 stride 1 dilation 1 offset -1", "tensor<?x5x2xf64, #B>",
        "tensor<?x5x3x2xf64, #B>");
    add("strided", "dim 1 stride 2 dilation 1 offset 0", "tensor<?x7xf64, #B>",
        "tensor<?x3x3xf64, #B>");
    add("dilated", "dim 0 stride 3 dilation 2 offset -3", "tensor<7x2xf64>",
        "tensor<4x3x2xf64>");
    add("backward", "dim 1 stride 1 dilation -1 offset 1",
        "tensor<?x5xf64, #B>", "tensor<?x6x3xf64, #B>");
    add("sequence", "dim 0 stride 1 dilation 1 offset -2",
        "tensor<?x2xf64, #T>", "tensor<?x3x2xf64, #T>");
    add("tiles", "dim 1 stride 3 dilation 1 offset 0", "tensor<?x6xf64, #B>",
        "tensor<?x2x3xf64, #B>");
    cases.back().bad = getBadWindows(isFold ? "fold" : "window", isFold);
  }
  return cases;
}

} // namespace maek::test
