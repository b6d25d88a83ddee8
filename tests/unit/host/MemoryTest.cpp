// Part of Maek, under the MIT licence; see LICENSE.
// Entries in planned memory give what the interpreter gives: host programs for
// each way that a tensor can lie, random ones and whole models.
#include "ir/Entries.h"
#include "tests/unit/host/HostHarness.h"
#include "tests/unit/passes/RandomProgram.h"

#include <gtest/gtest.h>

using namespace maek;
using namespace maek::test;

namespace {

const std::vector<Dims> kSizes = {{{"B", 1}, {"T", 1}},
                                  {{"B", 2}, {"T", 2}},
                                  {{"B", 7}, {"T", 5}},
                                  {{"B", 3}, {"T", 12}}};

void checkModule(mlir::ModuleOp module, llvm::StringRef entry,
                 double tolerance) {
  checkEntry(module, entry, kSizes, tolerance);
  checkEntry(module, entry, kSizes, tolerance, "{share=false}");
}

/// Checks @forward of `body`, which follows the names of some types.
void check(const std::string &body) {
  auto context = makeTestContext();
  auto module = parseModule(*context, R"(
    !B = tensor<?x3xf32, #maek.dims<B>>
    !TB = tensor<?x?x3xf32, #maek.dims<T, B>>
    !BT = tensor<?x?x3xf32, #maek.dims<B, T>>
    !W = tensor<2x3xf32>
    func.func private @tanh(%x: !B) -> !B attributes {maek.kernel} {
      %0 = maek.tanh %x : !B
      return %0 : !B
    }
    func.func private @both(%x: !B, %y: !B) -> (!B, !B)
        attributes {maek.kernel} {
      %0 = maek.add %x, %y : !B
      %1 = maek.mul %x, %y : !B
      return %0, %1 : !B, !B
    }
    func.func private @zero() -> !B attributes {maek.kernel} {
      %0 = maek.constant 0.0 : !B
      return %0 : !B
    }
    func.func private @update(%p: !W, %g: !W) -> !W attributes {maek.kernel} {
      %0 = maek.sub %p, %g : !W
      return %0 : !W
    }
  )" + body);
  ASSERT_TRUE(module);
  checkModule(*module, "forward", 1e-6);
}

} // namespace

TEST(Memory, ArgumentReturned) {
  check("func.func @forward(%x: !B) -> (!B, !B) { return %x, %x : !B, !B }");
}

TEST(Memory, ValueReturnedTwiceAndRead) {
  check(R"(func.func @forward(%x: !B) -> (!B, !B, !B) {
    %0 = call @tanh(%x) : (!B) -> !B
    %1 = call @tanh(%0) : (!B) -> !B
    return %0, %0, %1 : !B, !B, !B
  })");
}

TEST(Memory, Joined) {
  check(R"(func.func @forward(%x: !B, %y: !B)
      -> (tensor<?x2x3xf32, #maek.dims<B>>, tensor<?x6xf32, #maek.dims<B>>,
          tensor<?x3x2xf32, #maek.dims<B>>, !B) {
    %a, %b = call @both(%x, %y) : (!B, !B) -> (!B, !B)
    %c, %d = call @both(%a, %b) : (!B, !B) -> (!B, !B)
    %s = maek.stack %a, %a dim 1 : !B, !B
    %t = maek.concat %c, %x dim 1 : !B, !B
    %u = maek.stack %b, %d dim 2 : !B, !B
    return %s, %t, %u, %d : tensor<?x2x3xf32, #maek.dims<B>>,
      tensor<?x6xf32, #maek.dims<B>>, tensor<?x3x2xf32, #maek.dims<B>>, !B
  })");
}

TEST(Memory, Views) {
  check(R"(func.func @forward(%x: !BT) -> (!TB, !B, !B,
      tensor<?x2xf32, #maek.dims<B>>, tensor<3x?x?xf32, #maek.dims<B, T>>,
      tensor<?x3xf32, #maek.dims<B*T>>) {
    %t = maek.transpose %x [1, 0, 2] : !BT
    %l = maek.slice %t dim 0 offset -1 : !TB -> tensor<1x?x3xf32, #maek.dims<B>>
    %r = maek.reshape %l : tensor<1x?x3xf32, #maek.dims<B>> -> !B
    %y = call @tanh(%r) : (!B) -> !B
    %s0, %s1 = maek.split %y dim 1 : !B -> tensor<?x1xf32, #maek.dims<B>>,
      tensor<?x2xf32, #maek.dims<B>>
    %m = maek.transpose %x [2, 0, 1] : !BT
    %f = maek.reshape %t : !TB -> tensor<?x3xf32, #maek.dims<B*T>>
    return %t, %r, %y, %s1, %m, %f : !TB, !B, !B,
      tensor<?x2xf32, #maek.dims<B>>, tensor<3x?x?xf32, #maek.dims<B, T>>,
      tensor<?x3xf32, #maek.dims<B*T>>
  })");
}

TEST(Memory, FinalStatesOnly) {
  for (std::string direction : {"", "reverse "})
    check(R"(func.func @forward(%x: !TB, %i: !B) -> (!B, !B) {
      %z = call @zero() : () -> !B
      %r:3 = maek.scan )" +
          direction + R"(over(%x) init(%z, %z, %i) {
      ^bb0(%e: !B, %h: !B, %c: !B, %d: !B):
        %a, %b = func.call @both(%e, %h) : (!B, !B) -> (!B, !B)
        %a2, %b2 = func.call @both(%c, %b) : (!B, !B) -> (!B, !B)
        %a3, %b3 = func.call @both(%a2, %d) : (!B, !B) -> (!B, !B)
        maek.yield %a, %b2, %a3 : !B, !B, !B
      } : (!TB, !B, !B, !B) -> (!B, !B, !B)
      %y = call @tanh(%r#1) : (!B) -> !B
      return %y, %r#2 : !B, !B
    })");
}

TEST(Memory, StatesInRows) {
  for (std::string direction : {"", "reverse "})
    check(R"(func.func @forward(%x: !TB, %i: !B)
        -> (!TB, !TB, !TB, !B, !B, !TB) {
      %z = call @zero() : () -> !B
      %r:6 = maek.scan )" +
          direction + R"(over(%x) init(%z, %i) {
      ^bb0(%e: !B, %h: !B, %c: !B):
        %a, %b = func.call @both(%e, %h) : (!B, !B) -> (!B, !B)
        %a2, %b2 = func.call @both(%c, %b) : (!B, !B) -> (!B, !B)
        maek.yield %a, %a2, %a, %h, %a2, %b2 : !B, !B, !B, !B, !B, !B
      } : (!TB, !B, !B) -> (!B, !B, !TB, !TB, !TB, !TB)
      return %r#2, %r#3, %r#4, %r#0, %r#1, %r#5
        : !TB, !TB, !TB, !B, !B, !TB
    })");
}

TEST(Memory, RowsOfNoKernel) {
  // Yields of an element, a state, an outer value and a value twice; a state
  // that moves to another, and a state that never changes.
  check(R"(func.func @forward(%x: !TB, %i: !B)
      -> (!TB, !TB, !TB, !TB, !TB, !B, !B, !B) {
    %o = call @tanh(%i) : (!B) -> !B
    %r:8 = maek.scan over(%x) init(%i, %o, %o) {
    ^bb0(%e: !B, %h: !B, %c: !B, %k: !B):
      %a, %b = func.call @both(%e, %h) : (!B, !B) -> (!B, !B)
      maek.yield %a, %h, %k, %e, %c, %i, %b, %b
        : !B, !B, !B, !B, !B, !B, !B, !B
    } : (!TB, !B, !B, !B) -> (!B, !B, !B, !TB, !TB, !TB, !TB, !TB)
    return %r#3, %r#4, %r#5, %r#6, %r#7, %r#0, %r#1, %r#2
      : !TB, !TB, !TB, !TB, !TB, !B, !B, !B
  })");
}

TEST(Memory, NestedScans) {
  check(R"(func.func @forward(%x: !TB, %i: !B) -> (!TB, !B,
      tensor<?x?x?x3xf32, #maek.dims<T, T, B>>) {
    %r:3 = maek.scan over(%x) init(%i) {
    ^bb0(%e: !B, %h: !B):
      %q:3 = maek.scan reverse over(%x) init(%h) {
      ^bb1(%e2: !B, %h2: !B):
        %a, %b = func.call @both(%e2, %h2) : (!B, !B) -> (!B, !B)
        %n = func.call @tanh(%a) : (!B) -> !B
        maek.yield %n, %n, %h2 : !B, !B, !B
      } : (!TB, !B) -> (!B, !TB, !TB)
      %n2, %m2 = func.call @both(%q#0, %e) : (!B, !B) -> (!B, !B)
      %k = func.call @tanh(%n2) : (!B) -> !B
      maek.yield %k, %m2, %q#1 : !B, !B, !TB
    } : (!TB, !B) -> (!B, !TB, tensor<?x?x?x3xf32, #maek.dims<T, T, B>>)
    return %r#1, %r#0, %r#2
      : !TB, !B, tensor<?x?x?x3xf32, #maek.dims<T, T, B>>
  })");
}

TEST(Memory, ParametersInPlace) {
  // %p is updated in place; %q is read after its update, and returned as well.
  check(R"(func.func @forward(
      %p: !W {maek.role = "parameter", maek.name = "p"},
      %q: !W {maek.role = "parameter", maek.name = "q"},
      %r: !W {maek.role = "state", maek.name = "r"}, %g: !W)
      -> (!W {maek.role = "parameter", maek.name = "p"},
          !W {maek.role = "parameter", maek.name = "q"},
          !W {maek.role = "state", maek.name = "r"},
          !W {maek.role = "output", maek.name = "old"},
          !W {maek.role = "output", maek.name = "late"}) {
    %0 = call @update(%p, %g) : (!W, !W) -> !W
    %1 = call @update(%q, %g) : (!W, !W) -> !W
    %2 = call @update(%1, %q) : (!W, !W) -> !W
    return %0, %1, %r, %q, %2 : !W, !W, !W, !W, !W
  })");
}

TEST(Memory, ParametersSwapped) {
  check(R"(func.func @forward(
      %p: !W {maek.role = "parameter", maek.name = "p"},
      %q: !W {maek.role = "parameter", maek.name = "q"})
      -> (!W {maek.role = "parameter", maek.name = "p"},
          !W {maek.role = "parameter", maek.name = "q"}) {
    return %q, %p : !W, !W
  })");
}

TEST(Memory, SlicesInPlace) {
  // A slice that a kernel computes right there, and one that is needed at
  // another place, too; what is read after the update stays as it is.
  check(R"(
    !C = tensor<?x10x3xf32, #maek.dims<B>>
    !R = tensor<?x1x3xf32, #maek.dims<B>>
    func.func @forward(%x: !B, %p: tensor<i32>,
        %c: !C {maek.role = "carried", maek.name = "c"},
        %d: !C {maek.role = "carried", maek.name = "d"},
        %e: !C {maek.role = "carried", maek.name = "e"})
        -> (!C {maek.role = "carried", maek.name = "c"},
            !C {maek.role = "carried", maek.name = "d"},
            !C {maek.role = "carried", maek.name = "e"},
            !C {maek.role = "output", maek.name = "old"},
            !B {maek.role = "output", maek.name = "now"}) {
      %0 = call @tanh(%x) : (!B) -> !B
      %r = maek.reshape %0 : !B -> !R
      %1 = maek.update_slice %c, %r at %p dim 1 : !C, !R, tensor<i32>
      %2:2 = call @both(%x, %0) : (!B, !B) -> (!B, !B)
      %s = maek.reshape %2#0 : !B -> !R
      %3 = maek.update_slice %d, %s at %p dim 1 : !C, !R, tensor<i32>
      %4 = maek.update_slice %e, %s at %p dim 1 : !C, !R, tensor<i32>
      return %1, %3, %4, %e, %2#1 : !C, !C, !C, !C, !B
    })");
  // At the innermost axis but one of several, with heads in between.
  check(R"(
    !C = tensor<?x2x10x4xf32, #maek.dims<B>>
    !R = tensor<?x2x1x4xf32, #maek.dims<B>>
    !H = tensor<?x1x2x4xf32, #maek.dims<B>>
    func.func private @heads(%x: !H) -> !H attributes {maek.kernel} {
      %0 = maek.tanh %x : !H
      return %0 : !H
    }
    func.func private @last(%x: !C) -> !C attributes {maek.kernel} {
      %0 = maek.exp %x : !C
      return %0 : !C
    }
    func.func @forward(%x: !H, %p: tensor<i32>,
        %c: !C {maek.role = "carried", maek.name = "c"})
        -> (!C {maek.role = "carried", maek.name = "c"},
            !C {maek.role = "output", maek.name = "y"}) {
      %0 = call @heads(%x) : (!H) -> !H
      %r = maek.transpose %0 [0, 2, 1, 3] : !H
      %1 = maek.update_slice %c, %r at %p dim 2 : !C, !R, tensor<i32>
      %2 = call @last(%1) : (!C) -> !C
      return %1, %2 : !C, !C
    })");
}

TEST(Memory, TransposedReadBesideUpdate) {
  // The kernel reads %p in another order than it would write it.
  check(R"(
    func.func private @skew(%p: tensor<3x3xf32>, %q: tensor<3x3xf32>)
        -> tensor<3x3xf32> attributes {maek.kernel} {
      %t = maek.transpose %q [1, 0] : tensor<3x3xf32>
      %0 = maek.sub %p, %t : tensor<3x3xf32>
      return %0 : tensor<3x3xf32>
    }
    func.func @forward(
        %p: tensor<3x3xf32> {maek.role = "parameter", maek.name = "p"})
        -> (tensor<3x3xf32> {maek.role = "parameter", maek.name = "p"}) {
      %0 = call @skew(%p, %p)
        : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
      return %0 : tensor<3x3xf32>
    })");
}

TEST(Memory, Symbols) {
  check(R"(
    func.func private @mean(%x: !B) -> !B
        attributes {maek.kernel, maek.symbols = ["T", "B"]} {
      %t = maek.extent "T" : tensor<f32>
      %b = maek.extent "B" : tensor<f32>
      %0 = maek.div %t, %b : tensor<f32>
      %1 = maek.broadcast %0 dims [] : tensor<f32> -> !B
      %2 = maek.mul %x, %1 : !B
      return %2 : !B
    }
    func.func @forward(%x: !TB, %y: !B) -> !B {
      %0 = call @mean(%y) : (!B) -> !B
      return %0 : !B
    })");
}

TEST(Memory, NothingToDo) { check("func.func @forward(%x: !B) { return }"); }

TEST(Memory, RandomPrograms) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto context = makeTestContext();
    auto module = parseModule(*context, makeRandomProgram(seed));
    ASSERT_TRUE(module);
    checkModule(*module, "forward", 1e-12);
    if (HasFailure())
      return;
  }
}

TEST(Memory, Models) {
  for (std::string name : {"lstm", "gru", "rnn", "stacked", "attention"}) {
    SCOPED_TRACE(name);
    auto context = makeTestContext();
    auto module =
        parseModuleFile(*context, MAEK_PASS_MODELS "/" + name + ".mlir");
    ASSERT_TRUE(module);
    ASSERT_TRUE(mlir::succeeded(runPasses(*module, "maek-pipeline")));
    for (auto entry : module->getOps<mlir::func::FuncOp>()) {
      if (!isEntry(entry))
        continue;
      SCOPED_TRACE(entry.getName().str());
      checkEntry(*module, entry.getName(), {{{"B", 3}, {"T", 4}}}, 1e-4);
    }
  }
}
