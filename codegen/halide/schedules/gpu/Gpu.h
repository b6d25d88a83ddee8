// Part of Maek, under the MIT licence; see LICENSE.
// What the schedules for devices know of them: numbers that hold for every GPU
// since Nvidia's Turing (sm_75), and for OpenCL devices alike.
#ifndef MAEK_CODEGEN_HALIDE_SCHEDULES_GPU_GPU_H
#define MAEK_CODEGEN_HALIDE_SCHEDULES_GPU_GPU_H

#include <algorithm>
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

/// Rows of a tile of attention and columns of a step; none if even the smallest
/// does not fit in shared memory.
struct AttentionTile {
  int rows = 0, columns = 0;
};

/// Numbers in shared memory at once. Forward, a tile's rows and a step's keys
/// and values, or the rows, the keys and two numbers for each pair. The
/// gradients: both operands' rows, those of the columns, the product's factors
/// once more, and two numbers for each pair.
constexpr int64_t countAttentionNumbers(AttentionTile tile, int64_t features,
                                        bool isForward) {
  int64_t padded =
      padAttentionFeatures(features, getAttentionFeatures(features));
  int64_t rows = tile.rows, columns = tile.columns, pairs = 2 * rows * columns;
  if (!isForward)
    return 2 * rows * features + 3 * columns * padded + pairs;
  // Beside either, a few numbers for each row.
  constexpr int64_t others = 512;
  return std::max(rows + 2 * columns, rows + columns + pairs / padded + 1) *
             padded +
         others;
}

/// As large as shared memory holds, with no more rows than `most` fill.
constexpr AttentionTile pickAttentionTile(int64_t features, bool isForward,
                                          int bytes, int64_t most) {
  for (int columns : {32, 16, 8})
    for (int rows : {64, 32, 16, 8})
      if ((rows == 8 || rows / 2 < most) &&
          countAttentionNumbers({rows, columns}, features, isForward) * bytes <=
              sharedBytes)
        return {rows, columns};
  return {};
}

} // namespace maek::halide::gpu

#endif // MAEK_CODEGEN_HALIDE_SCHEDULES_GPU_GPU_H
