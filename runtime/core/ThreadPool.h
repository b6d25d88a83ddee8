// Part of Maek, under the MIT licence; see LICENSE.
// The threads that share a kernel's parallel loops. A recurrent step is a loop
// of a few microseconds, thousands of times in a row, so a thread that has
// finished one loop looks out for the next for a while before it sleeps, and
// each thread has its own part of the indices, the same one every time: its
// part of the weights stays in its core's cache.
//
// Nobody waits for a thread that has not come: who is done takes indices of
// the others, also those of loops inside of the loop.
#ifndef MAEK_RUNTIME_CORE_THREADPOOL_H
#define MAEK_RUNTIME_CORE_THREADPOOL_H

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <sys/types.h>
#include <thread>

namespace maek::runtime {

class ThreadPool {
public:
  /// One index of a loop; 0 on success.
  using Body = int (*)(void *context, int index, uint8_t *closure);

  ThreadPool() = default;
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;
  ~ThreadPool() { end(); }

  /// Ends the threads, each after the index that it runs; loops go on where
  /// they began. In a process forked from the one that started them there are
  /// none, and nothing is waited for.
  void end();

  /// How many threads share a loop, the one that begins it among them; at least
  /// 1, at most `maxThreads`. Threads start with the first loop that has work
  /// for them.
  void setNumThreads(int threads);
  int getNumThreads() const { return numThreads.load(); }

  /// Calls `body` for each index in [min, min + size), in no order. Returns 0,
  /// or what a body that failed returned; indices not yet begun are then left.
  int run(void *context, Body body, int min, int size, uint8_t *closure);

  static constexpr int maxThreads = 256;

private:
  // What different threads write stays in different cache lines.
  static constexpr int cacheLine = 64;

  /// A thread's part of the indices.
  struct alignas(cacheLine) Part {
    std::atomic<int> next;
    int end;
  };

  /// A loop. All but `state` is written while nobody else is in it.
  struct alignas(cacheLine) Loop {
    /// Whether it is taken; whether others may join; and how many others are
    /// in it.
    std::atomic<uint32_t> state{0};
    void *context;
    Body body;
    uint8_t *closure;
    int numParts;
    std::atomic<int> result;
    std::unique_ptr<Part[]> parts;

    bool take();
    void open(void *context, Body body, int min, int size, uint8_t *closure,
              int numParts);
    /// Joins, runs indices, leaves; false if there was none.
    bool help(int ownPart);
    /// Runs the indices of a part, then what is left of others, and closes.
    bool runParts(int ownPart);
  };

  struct alignas(cacheLine) Worker {
    /// Counts the loops that this thread was asked to help with.
    std::atomic<uint32_t> asked{0};
    std::thread thread;
  };

  int share(Loop &loop, int threads);
  void work(Worker &worker, int part);
  bool help(int part);
  int startWorkers(int count);

  std::mutex starting;
  std::atomic<int> numThreads{1}, numWorkers{0};
  std::atomic<bool> isEnding{false};
  pid_t process = 0;
  std::array<std::unique_ptr<Worker>, maxThreads> workers;
  /// Loops at once: those of several program threads, and those inside of them.
  std::array<Loop, 16> loops;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_THREADPOOL_H
