// Part of Maek, under the MIT licence; see LICENSE.
// What `maek build --tune` tries: kernels with other choices than the cost
// model's give the same.
#include "tests/unit/codegen/KernelHarness.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/STLExtras.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace maek;
using namespace maek::test;

/// One kernel of each kind that has choices.
static const char *const kernels = R"(
!x = tensor<?x40xf32, #maek.dims<B>>
!y = tensor<?x48xf32, #maek.dims<B>>
!g = tensor<?x4x16xf32, #maek.dims<B>>
!i = tensor<?x8x9x5xf32, #maek.dims<B>>
!u = tensor<?x8x9x3x5xf32, #maek.dims<B>>
!p = tensor<?x8x3x9x3x5xf32, #maek.dims<B>>
!o = tensor<?x8x9x16xf32, #maek.dims<B>>
!q = tensor<?x45x12xf32, #maek.dims<B>>
!r = tensor<?x45xf32, #maek.dims<B>>
func.func private @product(%x: !x, %p: tensor<3x40x16xf32>, %b: tensor<48xf32>) -> !y attributes {maek.kernel} {
  %w = maek.unpack %p dim 0 width 16 order [1] : tensor<3x40x16xf32> -> tensor<48x40xf32>
  %0 = maek.einsum "bk,nk->bn" %x, %w : !x, tensor<48x40xf32>
  %1 = maek.broadcast %b dims [1] : tensor<48xf32> -> !y
  %2 = maek.add %0, %1 : !y
  func.return %2 : !y
}
func.func private @gates(%x: !x, %w: tensor<4x16x40xf32>) -> !g attributes {maek.kernel} {
  %0 = maek.einsum "bk,gnk->bgn" %x, %w : !x, tensor<4x16x40xf32>
  func.return %0 : !g
}
func.func private @long(%y: !y, %x: !x) -> tensor<48x40xf32> attributes {maek.kernel} {
  %0 = maek.einsum "bn,bk->nk" %y, %x : !y, !x
  func.return %0 : tensor<48x40xf32>
}
func.func private @convolution(%x: !i, %p: tensor<1x3x3x5x16xf32>) -> !o attributes {maek.kernel} {
  %0 = maek.window %x dim 2 stride 1 dilation 1 offset -1 : !i -> !u
  %1 = maek.window %0 dim 1 stride 1 dilation 1 offset -1 : !u -> !p
  %w = maek.unpack %p dim 3 width 16 order [0, 1, 2] : tensor<1x3x3x5x16xf32> -> tensor<3x3x5x16xf32>
  %2 = maek.einsum "bhiwjc,ijco->bhwo" %1, %w : !p, tensor<3x3x5x16xf32>
  func.return %2 : !o
}
func.func private @by_weights(%d: !o, %x: !o) -> tensor<3x3x16x16xf32> attributes {maek.kernel} {
  %0 = maek.window %x dim 2 stride 1 dilation 1 offset -1 : !o -> tensor<?x8x9x3x16xf32, #maek.dims<B>>
  %1 = maek.window %0 dim 1 stride 1 dilation 1 offset -1 : tensor<?x8x9x3x16xf32, #maek.dims<B>> -> tensor<?x8x3x9x3x16xf32, #maek.dims<B>>
  %2 = maek.einsum "bhwo,bhiwjc->ijco" %d, %1 : !o, tensor<?x8x3x9x3x16xf32, #maek.dims<B>>
  func.return %2 : tensor<3x3x16x16xf32>
}
func.func private @attention(%q: !q, %k: !q, %v: !q) -> !q attributes {maek.kernel} {
  %0 = maek.attention %q, %k, %v scale 0.25 : !q, !q, !q
  func.return %0 : !q
}
func.func private @attention_gradient(%q: !q, %k: !q, %v: !q, %a: !q, %s: !r, %d: !r)
    -> (!q, !q, !q) attributes {maek.kernel} {
  %0, %1, %2 = maek.attention_gradient %q, %k, %v, %a, %s, %d scale 0.25
      : !q, !q, !q, !q, !r, !r
  func.return %0, %1, %2 : !q, !q, !q
}
func.func private @elementwise(%x: !x) -> !x attributes {maek.kernel} {
  %0 = maek.tanh %x : !x
  func.return %0 : !x
}
)";

TEST(Choices, GiveTheSame) {
  std::unique_ptr<MLIRContext> context = makeTestContext();
  DialectRegistry registry;
  registerHalideModels(registry);
  context->appendDialectRegistry(registry);
  OwningOpRef<ModuleOp> module = parseModule(*context, kernels);
  ASSERT_TRUE(module);
  KernelOptions options;
  options.target = *resolveTarget("host", module->getLoc());
  // The likeliest, one from between, and the last.
  constexpr size_t rounds = 3;
  std::vector<KernelOptions> tried(rounds);
  for (auto kernel : module->getOps<func::FuncOp>()) {
    std::vector<std::string> others = getOtherChoices(kernel, options);
    ASSERT_FALSE(others.empty()) << kernel.getName().str();
    for (size_t round = 0; round < rounds; ++round) {
      const std::string &choice =
          others[round * (others.size() - 1) / (rounds - 1)];
      tried[round].choices[getKernelKey(kernel)] = choice;
      // A choice that is taken is not offered again, one that is refused is.
      KernelOptions own = options;
      own.choices = {{getKernelKey(kernel), choice}};
      EXPECT_FALSE(llvm::is_contained(getOtherChoices(kernel, own), choice))
          << choice;
    }
  }
  for (const KernelOptions &choices : tried)
    checkKernels(kernels, {{{"B", 1}}, {{"B", 37}}}, 1e-5, choices);
}
