// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/core/ThreadPool.h"

#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using maek::runtime::ThreadPool;

namespace {

/// A loop over a C++ function.
template <typename Function>
int run(ThreadPool &pool, int min, int size, Function body) {
  return pool.run(
      &body,
      [](void *context, int index, uint8_t *) -> int {
        return (*static_cast<Function *>(context))(index);
      },
      min, size, nullptr);
}

/// How often each of `size` indices was run, in one number: 0 if each was once.
int countOthers(const std::vector<std::atomic<int>> &counts) {
  return int(std::ranges::count_if(
      counts, [](const std::atomic<int> &count) { return count != 1; }));
}

TEST(ThreadPool, RunsEachIndexOnce) {
  for (int threads : {1, 2, 3, 7}) {
    ThreadPool pool;
    pool.setNumThreads(threads);
    EXPECT_EQ(pool.getNumThreads(), threads);
    for (int round = 0; round < 300; ++round) {
      int size = round % 23, min = round - 150;
      std::vector<std::atomic<int>> counts(size);
      EXPECT_EQ(run(pool, min, size,
                    [&](int index) {
                      ++counts[index - min];
                      return 0;
                    }),
                0);
      EXPECT_EQ(countOthers(counts), 0) << threads << " threads, " << size;
    }
  }
}

TEST(ThreadPool, ThreadsComeAgainAfterASleep) {
  ThreadPool pool;
  pool.setNumThreads(2);
  for (int round = 0; round < 3; ++round) {
    // Each index waits for the other, so both threads must come.
    std::atomic<int> present{0};
    run(pool, 0, 2, [&](int) {
      ++present;
      while (present < 2)
        std::this_thread::yield();
      return 0;
    });
    EXPECT_EQ(present, 2);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

TEST(ThreadPool, GivesWhatABodyThatFailedReturned) {
  for (int threads : {1, 2, 4}) {
    ThreadPool pool;
    pool.setNumThreads(threads);
    std::atomic<int> begun{0};
    EXPECT_EQ(run(pool, 0, 10'000,
                  [&](int index) {
                    ++begun;
                    return index == 3 ? -7 : 0;
                  }),
              -7);
    if (threads == 1) {
      EXPECT_EQ(begun, 4);
    }
    EXPECT_EQ(run(pool, 0, 10, [](int) { return 0; }), 0);
  }
}

TEST(ThreadPool, ALoopInsideOfALoopRuns) {
  ThreadPool pool;
  pool.setNumThreads(3);
  std::vector<std::atomic<int>> counts(60);
  run(pool, 0, 6, [&](int outer) {
    return run(pool, 0, 10, [&](int inner) {
      ++counts[outer * 10 + inner];
      return 0;
    });
  });
  EXPECT_EQ(countOthers(counts), 0);
}

// The outer loop has one index, or a last one when the others are done.
TEST(ThreadPool, AnotherThreadComesIntoALoopInsideOfALoop) {
  for (int outerSize : {1, 3}) {
    ThreadPool pool;
    pool.setNumThreads(2);
    run(pool, 0, outerSize, [&](int outer) {
      if (outer != outerSize - 1)
        return 0;
      std::atomic<int> present{0};
      return run(pool, 0, 2, [&](int) {
        ++present;
        while (present < 2)
          std::this_thread::yield();
        return 0;
      });
    });
  }
}

TEST(ThreadPool, SeveralThreadsBeginLoops) {
  ThreadPool pool;
  pool.setNumThreads(3);
  std::vector<std::atomic<int>> counts(4 * 500 * 5);
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&, caller] {
      for (int round = 0; round < 500; ++round)
        run(pool, 0, 5, [&](int index) {
          ++counts[(caller * 500 + round) * 5 + index];
          return 0;
        });
    });
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_EQ(countOthers(counts), 0);
}

TEST(ThreadPool, TheNumberOfThreadsChanges) {
  ThreadPool pool;
  for (int threads : {2, 5, 1, 3, 0, -1, 1'000'000'000, 2}) {
    pool.setNumThreads(threads);
    EXPECT_EQ(pool.getNumThreads(),
              std::clamp(threads, 1, ThreadPool::maxThreads));
    if (threads > 10)
      continue;
    std::vector<std::atomic<int>> counts(64);
    run(pool, 0, 64, [&](int index) {
      ++counts[index];
      return 0;
    });
    EXPECT_EQ(countOthers(counts), 0) << threads;
  }
}

TEST(ThreadPool, AfterItsEndLoopsRunWhereTheyBegin) {
  ThreadPool pool;
  pool.setNumThreads(2);
  std::thread::id caller = std::this_thread::get_id();
  auto isCaller = [&](int) { return std::this_thread::get_id() != caller; };
  run(pool, 0, 100, [](int) { return 0; });
  pool.end();
  EXPECT_EQ(run(pool, 0, 100, isCaller), 0);
}

// It has no threads, and must not wait for any.
TEST(ThreadPool, AForkedProcessRunsLoopsAndEnds) {
  auto *pool = new ThreadPool;
  pool->setNumThreads(2);
  auto count = [&] {
    std::vector<std::atomic<int>> counts(100);
    run(*pool, 0, 100, [&](int index) {
      ++counts[index];
      return 0;
    });
    return countOthers(counts);
  };
  EXPECT_EQ(count(), 0);
  pid_t child = fork();
  if (child == 0) {
    alarm(60);
    int wrong = count();
    pool->setNumThreads(4);
    wrong += count();
    pool->end();
    _exit(wrong);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  delete pool;
}

} // namespace
