// Part of Maek, under the MIT licence; see LICENSE.
// The host code's interface: sizes, refused extents, errors of kernels.
#include "tests/unit/host/HostHarness.h"

#include <gtest/gtest.h>

using namespace maek;
using namespace maek::test;

namespace {

/// Three launches, the second one in a loop; two tensors in the arena, of
/// 12*B*T bytes and of 12*B bytes, that do not live at the same time.
constexpr char kText[] = R"(
  !B = tensor<?x3xf32, #maek.dims<B>>
  !TB = tensor<?x?x3xf32, #maek.dims<T, B>>
  func.func private @all(%x: !TB) -> !TB attributes {maek.kernel} {
    %0 = maek.tanh %x : !TB
    return %0 : !TB
  }
  func.func private @one(%x: !B, %h: !B) -> !B attributes {maek.kernel} {
    %0 = maek.add %x, %h : !B
    return %0 : !B
  }
  func.func private @last(%x: !B) -> !B attributes {maek.kernel} {
    %0 = maek.tanh %x : !B
    return %0 : !B
  }
  func.func @forward(%x: !TB, %i: !B) -> !B {
    %0 = call @all(%x) : (!TB) -> !TB
    %r = maek.scan over(%0) init(%i) {
    ^bb0(%e: !B, %h: !B):
      %n = func.call @one(%e, %h) : (!B, !B) -> !B
      maek.yield %n : !B
    } : (!TB, !B) -> !B
    %1 = call @last(%r) : (!B) -> !B
    return %1 : !B
  }
)";

class Host : public testing::Test {
protected:
  void SetUp() override {
    module = parseModule(*context, kText);
    ASSERT_TRUE(module);
    program = HostProgram::load(*module);
    ASSERT_TRUE(program);
  }

  std::unique_ptr<mlir::MLIRContext> context = makeTestContext();
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<HostProgram> program;
};

} // namespace

TEST_F(Host, RunsEachStep) {
  EXPECT_EQ(program->run("forward", {{"B", 2}, {"T", 1}}).launches, 3u);
  EXPECT_EQ(program->run("forward", {{"B", 2}, {"T", 9}}).launches, 11u);
}

TEST_F(Host, KernelErrorLeavesAtOnce) {
  for (size_t at : {0, 1, 3, 6}) {
    HostRun run = program->run("forward", {{"B", 2}, {"T", 5}}, 1, at);
    EXPECT_EQ(run.status, -7);
    EXPECT_EQ(run.launches, at + 1);
  }
  EXPECT_EQ(program->run("forward", {{"B", 2}, {"T", 5}}, 1, 7).status, 0);
}

TEST_F(Host, ArenaGrowsWithExtents) {
  auto align = [](int64_t bytes) { return (bytes + 63) / 64 * 64; };
  // The sequence, and the state's two buffers.
  for (int64_t b : {1, 2, 64})
    for (int64_t t : {1, 5, 100})
      EXPECT_EQ(program->getArenaSize("forward", {b, t}),
                align(12 * b * t) + 2 * align(12 * b));
}

TEST_F(Host, RefusesExtents) {
  int64_t most = (int64_t(1) << 31) - 1;
  for (auto [b, t] :
       std::initializer_list<std::pair<int64_t, int64_t>>{{0, 5},
                                                          {5, 0},
                                                          {-1, 5},
                                                          {5, INT64_MIN},
                                                          {INT64_MAX, 1},
                                                          {most + 1, 1},
                                                          {most, most},
                                                          {most / 3 + 1, 1},
                                                          {1 << 16, 1 << 15}})
    EXPECT_EQ(program->getArenaSize("forward", {b, t}), -1) << b << " " << t;
  EXPECT_GT(program->getArenaSize("forward", {most / 3, 1}), 0);
}

TEST_F(Host, ReportsPlanInPlace) {
  std::string text;
  llvm::raw_string_ostream out(text);
  program->getBufferModule()->print(out);
  EXPECT_NE(text.find("bytes = \"12*B*T\""), std::string::npos);
}
