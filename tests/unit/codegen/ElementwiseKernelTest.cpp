// Part of Maek, under the MIT licence; see LICENSE.
// Kernels without a contraction or reduction.
#include "tests/unit/codegen/KernelHarness.h"

#include <gtest/gtest.h>

using namespace maek::test;

static const std::vector<Dims> batches = {
    {{"B", 1}}, {{"B", 2}}, {{"B", 7}}, {{"B", 64}}};

TEST(ElementwiseKernels, Binary) {
  checkKernelsBothPrecisions(R"(
    func.func @binary(%a: tensor<?x37xf32, #maek.dims<B>>,
                      %b: tensor<?x37xf32, #maek.dims<B>>)
        -> (tensor<?x37xf32, #maek.dims<B>>, tensor<?x37xf32, #maek.dims<B>>) {
      %0 = maek.add %a, %b : tensor<?x37xf32, #maek.dims<B>>
      %1 = maek.mul %0, %a : tensor<?x37xf32, #maek.dims<B>>
      %2 = maek.sub %1, %b : tensor<?x37xf32, #maek.dims<B>>
      %3 = maek.max %2, %a : tensor<?x37xf32, #maek.dims<B>>
      %4 = maek.min %3, %b : tensor<?x37xf32, #maek.dims<B>>
      func.return %2, %4 : tensor<?x37xf32, #maek.dims<B>>,
                           tensor<?x37xf32, #maek.dims<B>>
    }
  )",
                             batches);
}
