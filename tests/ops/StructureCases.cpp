// Part of Maek, under the MIT licence; see LICENSE.
#include "tests/ops/OpCase.h"

namespace maek::test {

static std::string getScan(const std::string &direction) {
  return R"(
  %r0, %r1 = maek.scan )" +
         direction + R"( over(%a0) init(%a1) {
  ^bb0(%x: tensor<?x3xf64, #B>, %h: tensor<?x3xf64, #B>):
    %w = maek.broadcast %a2 dims [1] : tensor<3xf64> -> tensor<?x3xf64, #B>
    %p = maek.mul %h, %w : tensor<?x3xf64, #B>
    %s = maek.add %p, %x : tensor<?x3xf64, #B>
    %n = maek.tanh %s : tensor<?x3xf64, #B>
    %y = maek.mul %n, %x : tensor<?x3xf64, #B>
    maek.yield %n, %y : tensor<?x3xf64, #B>, tensor<?x3xf64, #B>
  } : (tensor<?x?x3xf64, #TB>, tensor<?x3xf64, #B>)
    -> (tensor<?x3xf64, #B>, tensor<?x?x3xf64, #TB>))";
}

static OpCase makeScan(const std::string &name, const std::string &direction) {
  return {name,
          {"tensor<?x?x3xf64, #TB>", "tensor<?x3xf64, #B>", "tensor<3xf64>"},
          getScan(direction),
          {"tensor<?x3xf64, #B>", "tensor<?x?x3xf64, #TB>"},
          {0, 1, 2},
          {}};
}

static OpCase makeBadScan() {
  OpCase scan = makeScan("scan", "");
  scan.bad = {{R"(maek.scan over() init(%a1) {
  ^bb0(%h: tensor<?x3xf64, #B>):
    maek.yield %h : tensor<?x3xf64, #B>
  } : (tensor<?x3xf64, #B>) -> tensor<?x3xf64, #B>)",
               "needs a sequence to run over"},
              {R"(maek.scan over(%a0) init(%a1) {
  ^bb0(%x: tensor<?x3xf64, #B>):
    maek.yield %x : tensor<?x3xf64, #B>
  } : (tensor<?x?x3xf64, #TB>, tensor<?x3xf64, #B>) -> tensor<?x3xf64, #B>)",
               "body needs one argument per sequence and state, 2, found 1"}};
  return scan;
}

static OpCase makeKernel() {
  return {"kernel",
          {"tensor<?x3xf64, #B>"},
          R"(%r0, %r1 = maek.kernel {
    %t = maek.tanh %a0 : tensor<?x3xf64, #B>
    %s = maek.add %t, %a0 : tensor<?x3xf64, #B>
    %e = maek.exp %t : tensor<?x3xf64, #B>
    maek.yield %s, %e : tensor<?x3xf64, #B>, tensor<?x3xf64, #B>
  } : tensor<?x3xf64, #B>, tensor<?x3xf64, #B>)",
          {"tensor<?x3xf64, #B>", "tensor<?x3xf64, #B>"},
          // Kernels are made after differentiation.
          {},
          {{R"(%r = maek.kernel {
    maek.yield %a0, %a0 : tensor<?x3xf64, #B>, tensor<?x3xf64, #B>
  } : tensor<?x3xf64, #B>)",
            "body must yield the result types"}}};
}

std::vector<OpCase> getStructureCases() {
  return {makeBadScan(), makeScan("scan_reverse", "reverse"), makeKernel()};
}

} // namespace maek::test
