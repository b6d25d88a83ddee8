// Part of Maek, under the MIT licence; see LICENSE.
// The machine's multiply-add peak: register-only loops of independent FMAs. One
// asm block an iteration, since compilers spill an array of accumulators and
// then show half the peak.
#ifndef MAEK_BENCH_MULTIPLYADDS_H
#define MAEK_BENCH_MULTIPLYADDS_H

namespace maek::bench {

#define MAEK_FMA_ZMM(i) "vfmadd231ps %%zmm30, %%zmm31, %%zmm" #i "\n"
#define MAEK_FMA_YMM(i) "vfmadd231ps %%ymm14, %%ymm15, %%ymm" #i "\n"

/// 16 chains of 16 floats.
__attribute__((target("avx512f"))) inline void runFma512(long iterations) {
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

/// 14 chains of 8 floats.
__attribute__((target("avx2,fma"))) inline void runFma256(long iterations) {
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

#undef MAEK_FMA_ZMM
#undef MAEK_FMA_YMM

/// The loop for this processor's widest vectors.
struct MultiplyAdds {
  void (*run)(long iterations);
  double flopsPerIteration;
};

/// Without a loop where the processor has no FMA.
inline MultiplyAdds getMultiplyAdds() {
  if (__builtin_cpu_supports("avx512f"))
    return {runFma512, 2.0 * 16 * 16};
  if (__builtin_cpu_supports("fma"))
    return {runFma256, 2.0 * 8 * 14};
  return {nullptr, 0};
}

} // namespace maek::bench

#endif // MAEK_BENCH_MULTIPLYADDS_H
