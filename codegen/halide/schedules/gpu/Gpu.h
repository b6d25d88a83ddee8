// Part of Maek, under the MIT licence; see LICENSE.
// What the schedules for devices know of them: numbers that hold for every GPU
// since Nvidia's Turing (sm_75), and for OpenCL devices alike.
#ifndef MAEK_CODEGEN_HALIDE_SCHEDULES_GPU_GPU_H
#define MAEK_CODEGEN_HALIDE_SCHEDULES_GPU_GPU_H

#include <cstdint>

namespace maek::halide::gpu {

/// Threads that go in step.
inline constexpr int warp = 32;
/// Threads of a block, where nothing else decides: eight warps, of which an SM
/// of any generation holds four blocks or more.
inline constexpr int blockThreads = 256;
/// Shared memory that a block may have without asking the driver for more.
inline constexpr int sharedBytes = 48 * 1024;
/// Registers that the instructions of a thread can name.
inline constexpr int registers = 255;

/// Threads of a block of attention side by side along columns or features.
inline constexpr int attentionWidth = 8;

/// Rows of a tile of attention and columns of a step; none if even the smallest
/// does not fit in shared memory.
struct AttentionTile {
  int rows = 0, columns = 0;
};

/// As large as shared memory holds: so many operands' rows, the rows of a
/// step's columns, and two numbers for each of their pairs. No more rows than
/// `most` fill.
constexpr AttentionTile pickAttentionTile(int64_t features, int operands,
                                          int bytes, int64_t most) {
  for (int columns : {32, 16, 8})
    for (int rows : {64, 32, 16, 8})
      if ((rows == 8 || rows / 2 < most) &&
          (operands * (rows + columns) * features + 2 * rows * columns) *
                  bytes <=
              sharedBytes - 2048)
        return {rows, columns};
  return {};
}

/// Neighbouring features that one thread sums up.
constexpr int getAttentionFeatures(int64_t features) {
  int count = 1;
  while (count < 8 && count * attentionWidth < features)
    count *= 2;
  return count;
}

/// As many as all threads that share them have, in whole blocks.
constexpr int64_t padAttentionFeatures(int64_t features, int block) {
  int64_t width = int64_t(attentionWidth) * block;
  return (features + width - 1) / width * width;
}

} // namespace maek::halide::gpu

#endif // MAEK_CODEGEN_HALIDE_SCHEDULES_GPU_GPU_H
