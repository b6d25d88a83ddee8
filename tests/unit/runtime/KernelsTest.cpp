// Part of Maek, under the MIT licence; see LICENSE.
// What the runtime tells Halide's support code; here that code is a double.
#include "runtime/core/Kernels.h"
#include "FakeModule.h"
#include "runtime/core/Error.h"

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>
#include <set>
#include <thread>
#include <vector>

using namespace maek::runtime;
using namespace maek::fake;

static void (*onError)(void *, const char *);
static void *(*allocate)(void *, size_t);
static void (*release)(void *, void *);
using LoopBody = int (*)(void *, int, uint8_t *);
static int (*shareLoop)(void *, LoopBody, int, int, uint8_t *);

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {
using Share = decltype(shareLoop);
Share halide_set_custom_do_par_for(Share function) {
  shareLoop = function;
  return nullptr;
}
using ErrorHandler = decltype(onError);
ErrorHandler halide_set_error_handler(ErrorHandler handler) {
  onError = handler;
  return nullptr;
}
using Malloc = decltype(allocate);
Malloc halide_set_custom_malloc(Malloc function) {
  allocate = function;
  return nullptr;
}
using Free = decltype(release);
Free halide_set_custom_free(Free function) {
  release = function;
  return nullptr;
}
}
// NOLINTEND(readability-identifier-naming)

TEST(Kernels, TheirMessagesComeBackWithTheStatus) {
  knobs() = Knobs();
  maek_model_t *model;
  ASSERT_EQ(maek_model_create(&logistic(), nullptr, &model), MAEK_OK);
  float pixels[kPixels] = {};
  int32_t label = 0;
  int64_t imageShape[] = {1, 4, 4}, labelShape[] = {1};
  maek_tensor_t tensors[] = {{"image", MAEK_F32, 3, imageShape, pixels},
                             {"label", MAEK_I32, 1, labelShape, &label}};
  knobs().failWith = -4;
  knobs().onTrain = [] { onError(nullptr, "Error: out of bounds\n"); };
  EXPECT_EQ(maek_model_train_step(model, tensors, 2, 0.1, 1),
            MAEK_KERNEL_FAILED);
  EXPECT_STREQ(maek_model_last_error(model),
               "entry 'train_step': a kernel failed with -4: Error: out of "
               "bounds");
  knobs().onTrain = [] { onError(nullptr, std::string(5000, 'x').c_str()); };
  EXPECT_EQ(maek_model_train_step(model, tensors, 2, 0.1, 1),
            MAEK_KERNEL_FAILED);
  EXPECT_LT(std::strlen(maek_model_last_error(model)), 1024u);
  EXPECT_EQ(maek_model_set_threads(model, 3), MAEK_OK);
  EXPECT_EQ(kernelThreads(), 3);
  EXPECT_EQ(maek_model_set_threads(model, 0), MAEK_OK);
  EXPECT_EQ(kernelThreads(), usableCores());
  EXPECT_EQ(maek_model_set_threads(model, -1), MAEK_INVALID_ARGUMENT);
  maek_model_destroy(model);
}

TEST(Kernels, TheirLoopsRunOnAsManyThreadsAsAreAllowed) {
  supportKernels();
  ASSERT_NE(shareLoop, nullptr);
  setKernelThreads(2);
  // Each index waits for the other one, so one thread would not get far.
  std::atomic<int> present{0};
  auto meet = [](void *, int, uint8_t *closure) {
    auto &count = **reinterpret_cast<std::atomic<int> **>(closure);
    ++count;
    while (count < 2)
      std::this_thread::yield();
    return 0;
  };
  std::atomic<int> *closure = &present;
  EXPECT_EQ(
      shareLoop(nullptr, meet, 0, 2, reinterpret_cast<uint8_t *>(&closure)), 0);
  EXPECT_EQ(present, 2);
}

TEST(Kernels, ScratchMemoryIsAlignedAndComesAgain) {
  supportKernels();
  ASSERT_NE(allocate, nullptr);
  std::set<void *> first;
  for (size_t bytes : {1, 100, 5000, 100'000, 1'000'000}) {
    void *memory = allocate(nullptr, bytes);
    ASSERT_NE(memory, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 128, 0u);
    std::memset(memory, 1, bytes);
    first.insert(memory);
  }
  for (void *memory : first)
    release(nullptr, memory);
  for (size_t bytes : {1'000'000, 100'000, 5000, 100, 1}) {
    void *memory = allocate(nullptr, bytes);
    EXPECT_TRUE(first.contains(memory)) << bytes;
    std::memset(memory, 2, bytes);
  }
  for (void *memory : first)
    release(nullptr, memory);
  release(nullptr, nullptr);
  // More blocks at once than are kept.
  std::vector<void *> many;
  for (int i = 0; i < 100; ++i)
    many.push_back(allocate(nullptr, 1000));
  EXPECT_EQ(std::set<void *>(many.begin(), many.end()).size(), 100u);
  for (void *memory : many)
    release(nullptr, memory);
}

// Kernels would write to null: they are compiled without checks.
TEST(Kernels, WithoutScratchMemoryTheProgramEndsWithALine) {
  supportKernels();
  for (size_t bytes : {SIZE_MAX - 100, SIZE_MAX / 2})
    EXPECT_EXIT(
        allocate(nullptr, bytes), testing::KilledBySignal(SIGABRT),
        text("maek: no memory for a kernel's scratch, ", bytes, " bytes"));
}

TEST(Kernels, ScratchMemoryIsSharedByThreads) {
  supportKernels();
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 4; ++worker)
    workers.emplace_back([worker] {
      for (size_t i = 0; i < 20'000; ++i) {
        size_t bytes = 64 + i * 37 % 5000;
        auto *memory = static_cast<unsigned char *>(allocate(nullptr, bytes));
        memory[0] = memory[bytes - 1] = static_cast<unsigned char>(worker);
        ASSERT_EQ(memory[0], worker);
        ASSERT_EQ(memory[bytes - 1], worker);
        release(nullptr, memory);
      }
    });
  for (std::thread &worker : workers)
    worker.join();
}
