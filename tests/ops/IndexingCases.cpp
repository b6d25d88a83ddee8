// Part of Maek, under the MIT licence; see LICENSE.
#include "tests/ops/OpCase.h"

namespace maek::test {

static OpCase makeGather() {
  return {"gather",
          {"tensor<5x3xf64>", "tensor<?x4xi32, #B>"},
          "%r0 = maek.gather %a0 at %a1 : tensor<5x3xf64>, "
          "tensor<?x4xi32, #B>",
          {"tensor<?x4x3xf64, #B>"},
          {0},
          {{"%r = maek.gather %a0 at %a1 batch 1 : tensor<5x3xf64>, "
            "tensor<?x4xi32, #B>",
            "shares axes of size 5 and B"},
           {"%r = maek.gather %a0 at %a1 batch 2 : tensor<5x3xf64>, "
            "tensor<?x4xi32, #B>",
            "cannot share 2 axes"},
           {"%r = maek.gather %a0 at %a1 batch -1 : tensor<5x3xf64>, "
            "tensor<?x4xi32, #B>",
            "cannot share -1 axes"},
           {"%s = maek.constant 1.0 : tensor<f64>\n"
            "%r = maek.gather %s at %a1 : tensor<f64>, tensor<?x4xi32, #B>",
            "cannot share 0 axes"}}};
}

static OpCase makeGatherBatch() {
  return {"gather_batch",
          {"tensor<?x4x3xf64, #B>", "tensor<?x2xi32, #B>"},
          "%r0 = maek.gather %a0 at %a1 batch 1 : tensor<?x4x3xf64, #B>, "
          "tensor<?x2xi32, #B>",
          {"tensor<?x2x3xf64, #B>"},
          {0},
          {}};
}

static OpCase makeGatherOne() {
  return {"gather_one",
          {"tensor<?x4xf64, #B>", "tensor<?xi32, #B>"},
          "%r0 = maek.gather %a0 at %a1 batch 1 : tensor<?x4xf64, #B>, "
          "tensor<?xi32, #B>",
          {"tensor<?xf64, #B>"},
          {0},
          {}};
}

static OpCase makeScatterAdd() {
  return {"scatter_add",
          {"tensor<?x4x3xf64, #B>", "tensor<?x4xi32, #B>"},
          "%r0 = maek.scatter_add %a0 at %a1 : tensor<?x4x3xf64, #B>, "
          "tensor<?x4xi32, #B> -> tensor<5x3xf64>",
          {"tensor<5x3xf64>"},
          {0},
          {{"%r = maek.scatter_add %a0 at %a1 : tensor<?x4x3xf64, #B>, "
            "tensor<?x4xi32, #B> -> tensor<5x2xf64>",
            "adds 'tensor<?x4x2xf64, #maek.dims<B>>', found"},
           {"%r = maek.scatter_add %a0 at %a1 batch 1 : tensor<?x4x3xf64, "
            "#B>, tensor<?x4xi32, #B> -> tensor<5x3xf64>",
            "shares axes of size 5 and B"}}};
}

static OpCase makeScatterAddBatch() {
  return {"scatter_add_batch",
          {"tensor<?x2x3xf64, #B>", "tensor<?x2xi32, #B>"},
          "%r0 = maek.scatter_add %a0 at %a1 batch 1 : tensor<?x2x3xf64, #B>, "
          "tensor<?x2xi32, #B> -> tensor<?x4x3xf64, #B>",
          {"tensor<?x4x3xf64, #B>"},
          {0},
          {}};
}

static OpCase makeUpdateSlice() {
  const char *types = "tensor<?x4x3xf64, #B>, tensor<?x1x3xf64, #B>, "
                      "tensor<i32>";
  auto apply = [&](std::string words) { return words + " : " + types; };
  return {"update_slice",
          {"tensor<?x4x3xf64, #B>", "tensor<?x1x3xf64, #B>", "tensor<i32>"},
          apply("%r0 = maek.update_slice %a0, %a1 at %a2 dim 1"),
          {"tensor<?x4x3xf64, #B>"},
          {0, 1},
          {{apply("%r = maek.update_slice %a0, %a1 at %a2 dim 3"),
            "has no axis 3 in"},
           {apply("%r = maek.update_slice %a0, %a1 at %a2 dim -1"),
            "has no axis -1 in"},
           {apply("%r = maek.update_slice %a0, %a1 at %a2 dim 2"),
            "gives 'tensor<?x4x1xf64, #maek.dims<B>>' anew, found"},
           {"%p = maek.constant 1.0 : tensor<2xi32>\n"
            "%r = maek.update_slice %a0, %a1 at %p dim 1 : "
            "tensor<?x4x3xf64, #B>, tensor<?x1x3xf64, #B>, tensor<2xi32>",
            "needs one position"}}};
}

std::vector<OpCase> getIndexingCases() {
  return {makeGather(),     makeGatherBatch(),     makeGatherOne(),
          makeScatterAdd(), makeScatterAddBatch(), makeUpdateSlice()};
}

} // namespace maek::test
