// Part of Maek, under the MIT licence; see LICENSE.
// The machine's multiply-add peak with 1..N threads, as lines of JSON.
#include "bench/MultiplyAdds.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace {

/// About a millisecond: some of many is undisturbed even on a busy machine.
constexpr long iterations = 200'000;

/// The best of many: GFLOP/s of `threads` threads that run at once.
double measure(int threads, const maek::bench::MultiplyAdds &loop) {
  double best = 0;
  for (int repeat = 0; repeat < 100; ++repeat) {
    std::atomic<int> ready{0};
    std::vector<double> seconds(threads);
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t)
      workers.emplace_back([&, t] {
        ++ready;
        while (ready.load() < threads) {
        }
        auto begin = std::chrono::steady_clock::now();
        loop.run(iterations);
        seconds[t] = std::chrono::duration<double>(
                         std::chrono::steady_clock::now() - begin)
                         .count();
      });
    for (std::thread &worker : workers)
      worker.join();
    double slowest = *std::max_element(seconds.begin(), seconds.end());
    best =
        std::max(best, threads * iterations * loop.flopsPerIteration / slowest);
  }
  return best * 1e-9;
}

} // namespace

int main(int argc, char **argv) {
  int most = argc > 1 ? static_cast<int>(std::strtol(argv[1], nullptr, 10)) : 2;
  maek::bench::MultiplyAdds loop = maek::bench::getMultiplyAdds();
  if (!loop.run) {
    std::fprintf(stderr, "maek-peak: this processor has no FMA\n");
    return 1;
  }
  for (int threads = 1; threads <= most; ++threads)
    std::printf("{\"threads\": %d, \"gflops\": %.1f}\n", threads,
                measure(threads, loop));
  return 0;
}
