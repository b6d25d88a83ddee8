// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/core/ThreadPool.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <unistd.h>

namespace maek::runtime {
namespace {

using Clock = std::chrono::steady_clock;

/// How long a thread looks out for the next loop before it sleeps: longer than
/// what stands between two parallel kernels of one model, short beside the
/// time slices of the system.
constexpr std::chrono::microseconds patience(200);

constexpr uint32_t takenBit = uint32_t(1) << 31;
constexpr uint32_t openBit = uint32_t(1) << 30;
constexpr uint32_t countMask = openBit - 1;

/// The part that this thread begins with.
thread_local int threadPart = 0;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Returns when `counter` is no longer `last`: at first awake, then asleep.
void await(const std::atomic<uint32_t> &counter, uint32_t last) {
  Clock::time_point start = Clock::now();
  while (Clock::now() - start < patience)
    for (int spins = 0; spins < 64; ++spins) {
      if (counter.load(std::memory_order_acquire) != last)
        return;
      pause();
    }
  counter.wait(last, std::memory_order_acquire);
}

} // namespace

bool ThreadPool::Loop::take() {
  uint32_t free = 0;
  return state.load(std::memory_order_relaxed) == 0 &&
         state.compare_exchange_strong(free, takenBit,
                                       std::memory_order_acquire);
}

void ThreadPool::Loop::open(void *loopContext, Body loopBody, int min, int size,
                            uint8_t *loopClosure, int threads) {
  context = loopContext;
  body = loopBody;
  closure = loopClosure;
  numParts = threads;
  result.store(0, std::memory_order_relaxed);
  if (!parts)
    parts = std::make_unique<Part[]>(maxThreads);
  for (int i = 0; i < threads; ++i) {
    parts[i].next.store(min + int(int64_t(size) * i / threads),
                        std::memory_order_relaxed);
    parts[i].end = min + int(int64_t(size) * (i + 1) / threads);
  }
  state.store(takenBit | openBit, std::memory_order_release);
}

bool ThreadPool::Loop::runParts(int ownPart) {
  bool ran = false;
  for (int i = 0; i < numParts; ++i) {
    Part &part = parts[(ownPart + i) % numParts];
    while (part.next.load(std::memory_order_relaxed) < part.end) {
      int index = part.next.fetch_add(1, std::memory_order_relaxed);
      if (index >= part.end)
        break;
      ran = true;
      int failed = body(context, index, closure);
      if (!failed)
        continue;
      result.store(failed, std::memory_order_relaxed);
      for (int other = 0; other < numParts; ++other)
        parts[other].next.store(parts[other].end, std::memory_order_relaxed);
    }
  }
  state.fetch_and(~openBit, std::memory_order_relaxed);
  return ran;
}

bool ThreadPool::Loop::help(int ownPart) {
  uint32_t seen = state.load(std::memory_order_relaxed);
  do
    if (!(seen & openBit))
      return false;
  while (
      !state.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire));
  bool ran = runParts(ownPart);
  state.fetch_sub(1, std::memory_order_release);
  return ran;
}

bool ThreadPool::help(int part) {
  return std::ranges::any_of(loops,
                             [&](Loop &loop) { return loop.help(part); });
}

int ThreadPool::run(void *context, Body body, int min, int size,
                    uint8_t *closure) {
  int threads = std::min(numThreads.load(std::memory_order_relaxed), size);
  if (threads > 1)
    for (Loop &loop : loops)
      if (loop.take()) {
        loop.open(context, body, min, size, closure, threads);
        return share(loop, threads);
      }
  for (int i = min; i < min + size; ++i)
    if (int failed = body(context, i, closure))
      return failed;
  return 0;
}

/// Runs an open loop and frees it.
int ThreadPool::share(Loop &loop, int threads) {
  int helpers = startWorkers(threads - 1);
  for (int i = 0; i < helpers; ++i) {
    workers[i]->asked.fetch_add(1);
    workers[i]->asked.notify_one();
  }
  loop.runParts(threadPart);
  for (int spins = 1; loop.state.load(std::memory_order_acquire) & countMask;
       ++spins) {
    if (help(threadPart))
      continue;
    // The core of whoever is in there may be another program's.
    if (spins % 256 == 0)
      std::this_thread::yield();
    else
      pause();
  }
  int result = loop.result.load(std::memory_order_relaxed);
  loop.state.store(0, std::memory_order_release);
  return result;
}

/// How many there are, of `count` at most.
int ThreadPool::startWorkers(int count) {
  int started = numWorkers.load(std::memory_order_acquire);
  if (started >= count)
    return count;
  std::unique_lock lock(starting, std::try_to_lock);
  // A forked process has none of those that are counted, and makes do.
  if (!lock || isEnding || (started > 0 && process != getpid()))
    return started;
  process = getpid();
  for (int i = numWorkers.load(); i < count; ++i) {
    auto worker = std::make_unique<Worker>();
    try {
      worker->thread = std::thread(
          [this, started = worker.get(), i] { work(*started, i + 1); });
    } catch (const std::system_error &) {
      return i; // Fewer threads do the same work.
    }
    workers[i] = std::move(worker);
    numWorkers.store(i + 1, std::memory_order_release);
  }
  return count;
}

void ThreadPool::work(Worker &worker, int part) {
  threadPart = part;
  while (true) {
    uint32_t last = worker.asked.load(std::memory_order_acquire);
    if (isEnding.load())
      return;
    while (help(part))
      ;
    await(worker.asked, last);
  }
}

void ThreadPool::setNumThreads(int threads) {
  numThreads.store(std::clamp(threads, 1, maxThreads));
}

void ThreadPool::end() {
  numThreads.store(1);
  isEnding.store(true);
  bool areOurs = process == getpid();
  std::unique_lock lock(starting, std::defer_lock);
  if (areOurs)
    lock.lock();
  for (int i = 0; i < numWorkers; ++i) {
    if (!areOurs) {
      static_cast<void>(workers[i].release());
      continue;
    }
    workers[i]->asked.fetch_add(1);
    workers[i]->asked.notify_one();
    workers[i]->thread.join();
  }
  numWorkers.store(0);
}

} // namespace maek::runtime
