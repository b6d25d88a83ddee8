// Part of Maek, under the MIT licence; see LICENSE.
// The machine's multiply-add peak: register-only loops of independent FMAs on
// 1..N threads. One asm block per iteration, since compilers spill an array of
// accumulators and then show half the peak.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace {

constexpr long iterations = 4'000'000;
constexpr int chains = 16;

#define MAEK_FMA_ZMM(i) "vfmadd231ps %%zmm30, %%zmm31, %%zmm" #i "\n"
#define MAEK_FMA_YMM(i) "vfmadd231ps %%ymm14, %%ymm15, %%ymm" #i "\n"

__attribute__((target("avx512f"))) void fma512() {
  for (long i = 0; i < iterations; ++i)
    asm volatile(
        MAEK_FMA_ZMM(0) MAEK_FMA_ZMM(1) MAEK_FMA_ZMM(2) MAEK_FMA_ZMM(3)
            MAEK_FMA_ZMM(4) MAEK_FMA_ZMM(5) MAEK_FMA_ZMM(6) MAEK_FMA_ZMM(7)
                MAEK_FMA_ZMM(8) MAEK_FMA_ZMM(9) MAEK_FMA_ZMM(10)
                    MAEK_FMA_ZMM(11) MAEK_FMA_ZMM(12) MAEK_FMA_ZMM(13)
                        MAEK_FMA_ZMM(14) MAEK_FMA_ZMM(15)::
                            : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
                              "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                              "xmm12", "xmm13", "xmm14", "xmm15");
}

__attribute__((target("avx2,fma"))) void fma256() {
  for (long i = 0; i < iterations; ++i)
    asm volatile(MAEK_FMA_YMM(0) MAEK_FMA_YMM(1) MAEK_FMA_YMM(2) MAEK_FMA_YMM(3)
                     MAEK_FMA_YMM(4) MAEK_FMA_YMM(5) MAEK_FMA_YMM(6)
                         MAEK_FMA_YMM(7) MAEK_FMA_YMM(8) MAEK_FMA_YMM(9)
                             MAEK_FMA_YMM(10) MAEK_FMA_YMM(11) MAEK_FMA_YMM(12)
                                 MAEK_FMA_YMM(13)::
                                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
                                       "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                                       "xmm10", "xmm11", "xmm12", "xmm13");
}

/// Best of five: GFLOP/s of `threads` threads running `loop` at once.
double measure(int threads, void (*loop)(), double flopsPerIteration) {
  double best = 0;
  for (int repeat = 0; repeat < 5; ++repeat) {
    std::atomic<int> ready{0};
    std::vector<double> seconds(threads);
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t)
      workers.emplace_back([&, t] {
        ++ready;
        while (ready.load() < threads) {
        }
        auto begin = std::chrono::steady_clock::now();
        loop();
        seconds[t] = std::chrono::duration<double>(
                         std::chrono::steady_clock::now() - begin)
                         .count();
      });
    for (std::thread &worker : workers)
      worker.join();
    double slowest = *std::max_element(seconds.begin(), seconds.end());
    best = std::max(best, threads * iterations * flopsPerIteration / slowest);
  }
  return best * 1e-9;
}

} // namespace

int main(int argc, char **argv) {
  int most = argc > 1 ? static_cast<int>(std::strtol(argv[1], nullptr, 10)) : 2;
  bool wide = __builtin_cpu_supports("avx512f");
  if (!wide && !__builtin_cpu_supports("fma")) {
    std::fprintf(stderr, "maek-peak: this processor has no FMA\n");
    return 1;
  }
  for (int threads = 1; threads <= most; ++threads)
    std::printf("{\"threads\": %d, \"gflops\": %.1f}\n", threads,
                wide ? measure(threads, fma512, 2.0 * 16 * chains)
                     : measure(threads, fma256, 2.0 * 8 * 14));
  return 0;
}
