// Part of Maek, under the MIT licence; see LICENSE.
// A stand-in for cuBLASLt: what its documentation says of the functions that we
// call, done with loops.
#include "tests/support/StubCublasLt.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <string>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {
constexpr int success = 0, invalidValue = 7, notSupported = 15;

struct Operation {
  int compute, scale;
  int32_t transposeA = 0, transposeB = 0;
};

/// Columns one after another, `leading` elements apart.
struct Layout {
  int type;
  uint64_t rows, columns;
  int64_t leading;
  int32_t batches = 1;
  int64_t batchStride = 0;
};

struct Preference {
  size_t workspace = 0;
  uint32_t alignment[4] = {256, 256, 256, 256};
};

struct Algorithm {
  uint64_t data[8];
};
struct Heuristic {
  Algorithm algorithm;
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
};
constexpr uint64_t mark = 0x4d61656b;

std::string lines;
bool isHelpless = false;

template <typename T>
int set(T &field, const void *value, size_t bytes) {
  if (bytes != sizeof(T))
    return invalidValue;
  std::memcpy(&field, value, bytes);
  return success;
}

float read(const void *data, int type, int64_t at) {
  if (type == 0)
    return static_cast<const float *>(data)[at];
  uint32_t bits = uint32_t{static_cast<const uint16_t *>(data)[at]} << 16;
  float number;
  std::memcpy(&number, &bits, sizeof(number));
  return number;
}

/// f32 as tensor cores take it: the lowest 13 bits dropped.
float shorten(float number) {
  uint32_t bits;
  std::memcpy(&bits, &number, sizeof(bits));
  bits &= ~uint32_t{0x1fff};
  std::memcpy(&number, &bits, sizeof(number));
  return number;
}

struct Sizes {
  uint64_t rows, columns, summed;
};

/// False if the matrices do not go together.
bool match(const Operation &operation, const Layout &a, const Layout &b,
           const Layout &d, Sizes &sizes) {
  sizes.rows = operation.transposeA ? a.columns : a.rows;
  sizes.summed = operation.transposeA ? a.rows : a.columns;
  sizes.columns = operation.transposeB ? b.rows : b.columns;
  uint64_t summed = operation.transposeB ? b.columns : b.rows;
  bool isGood = summed == sizes.summed && d.rows == sizes.rows &&
                d.columns == sizes.columns && a.type == b.type && d.type == 0;
  for (const Layout *layout : {&a, &b, &d})
    isGood &= layout->leading >= static_cast<int64_t>(layout->rows) &&
              layout->batches == d.batches;
  return isGood;
}

/// The stand-in for the driver keeps its memory to itself.
void reachDevice(int isReachable) {
  static auto *reach = [] {
    void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
    return reinterpret_cast<void (*)(int)>(
        driver ? dlsym(driver, "maek_stub_cuda_reach") : nullptr);
  }();
  if (reach)
    reach(isReachable);
}

void log(const Operation &operation, const Layout &a, const Layout &d,
         const Sizes &sizes) {
  lines += operation.transposeA ? "T" : "N";
  lines += operation.transposeB ? "T" : "N";
  lines += " " + std::to_string(sizes.rows) + "x" +
           std::to_string(sizes.columns) + "x" + std::to_string(sizes.summed);
  if (d.batches != 1)
    lines += " of " + std::to_string(d.batches);
  lines += a.type == 14              ? " bf16\n"
           : operation.compute == 77 ? " tf32\n"
                                     : " f32\n";
  const char *path = std::getenv("MAEK_STUB_CUBLAS_LOG");
  std::FILE *file = path ? std::fopen(path, "w") : nullptr;
  if (!file)
    return;
  std::fputs(lines.c_str(), file);
  std::fclose(file);
}
} // namespace

EXPORT void maek_stub_cublas_reset(void) { lines.clear(); }
EXPORT const char *maek_stub_cublas_log(void) { return lines.c_str(); }
EXPORT void maek_stub_cublas_set_helpless(int helpless) {
  isHelpless = helpless != 0;
}

EXPORT int cublasLtCreate(void **handle) {
  *handle = &lines;
  return success;
}
EXPORT int cublasLtDestroy(void *) { return success; }

EXPORT int cublasLtMatmulDescCreate(void **made, int compute, int scale) {
  *made = new Operation{compute, scale};
  return success;
}
EXPORT int cublasLtMatmulDescDestroy(void *made) {
  delete static_cast<Operation *>(made);
  return success;
}
EXPORT int cublasLtMatmulDescSetAttribute(void *of, int attribute,
                                          const void *value, size_t bytes) {
  auto &operation = *static_cast<Operation *>(of);
  if (attribute == 3)
    return set(operation.transposeA, value, bytes);
  return attribute == 4 ? set(operation.transposeB, value, bytes)
                        : invalidValue;
}

EXPORT int cublasLtMatrixLayoutCreate(void **made, int type, uint64_t rows,
                                      uint64_t columns, int64_t leading) {
  *made = new Layout{type, rows, columns, leading};
  return success;
}
EXPORT int cublasLtMatrixLayoutDestroy(void *made) {
  delete static_cast<Layout *>(made);
  return success;
}
EXPORT int cublasLtMatrixLayoutSetAttribute(void *of, int attribute,
                                            const void *value, size_t bytes) {
  auto &layout = *static_cast<Layout *>(of);
  if (attribute == 5)
    return set(layout.batches, value, bytes);
  return attribute == 6 ? set(layout.batchStride, value, bytes) : invalidValue;
}

EXPORT int cublasLtMatmulPreferenceCreate(void **made) {
  *made = new Preference;
  return success;
}
EXPORT int cublasLtMatmulPreferenceDestroy(void *made) {
  delete static_cast<Preference *>(made);
  return success;
}
EXPORT int cublasLtMatmulPreferenceSetAttribute(void *of, int attribute,
                                                const void *value,
                                                size_t bytes) {
  auto &preference = *static_cast<Preference *>(of);
  if (attribute == 1)
    return set(preference.workspace, value, bytes);
  return attribute >= 5 && attribute <= 8
             ? set(preference.alignment[attribute - 5], value, bytes)
             : invalidValue;
}

EXPORT int cublasLtMatmulAlgoGetHeuristic(void *, void *of, void *a, void *b,
                                          void *c, void *d, void *preference,
                                          int asked, Heuristic *found,
                                          int *count) {
  Sizes sizes;
  *count = 0;
  if (c != d || asked < 1 || !static_cast<Preference *>(preference)->workspace)
    return invalidValue;
  if (isHelpless ||
      !match(*static_cast<Operation *>(of), *static_cast<Layout *>(a),
             *static_cast<Layout *>(b), *static_cast<Layout *>(d), sizes))
    return notSupported;
  *found = {};
  found->algorithm.data[0] = mark;
  *count = 1;
  return success;
}

EXPORT int cublasLtMatmul(void *, void *of, const void *alpha, const void *a,
                          void *ofA, const void *b, void *ofB, const void *beta,
                          const void *c, void *ofC, void *d, void *ofD,
                          const Algorithm *algorithm, void *workspace, size_t,
                          void *) {
  auto &operation = *static_cast<Operation *>(of);
  auto &layoutA = *static_cast<Layout *>(ofA);
  auto &layoutB = *static_cast<Layout *>(ofB);
  auto &layoutD = *static_cast<Layout *>(ofD);
  Sizes sizes;
  if (!match(operation, layoutA, layoutB, layoutD, sizes) || c != d ||
      ofC != ofD || algorithm->data[0] != mark || !workspace ||
      *static_cast<const float *>(alpha) != 1 ||
      *static_cast<const float *>(beta) != 0)
    return invalidValue;
  auto place = [](const Layout &layout, bool isTransposed, uint64_t row,
                  uint64_t column, int32_t batch) {
    if (isTransposed)
      std::swap(row, column);
    return static_cast<int64_t>(row) +
           static_cast<int64_t>(column) * layout.leading +
           batch * layout.batchStride;
  };
  reachDevice(1);
  for (int32_t batch = 0; batch < layoutD.batches; ++batch)
    for (uint64_t column = 0; column < sizes.columns; ++column)
      for (uint64_t row = 0; row < sizes.rows; ++row) {
        double sum = 0;
        for (uint64_t k = 0; k < sizes.summed; ++k) {
          float x = read(a, layoutA.type,
                         place(layoutA, operation.transposeA, row, k, batch));
          float y =
              read(b, layoutB.type,
                   place(layoutB, operation.transposeB, k, column, batch));
          bool isShort = operation.compute == 77;
          sum += isShort ? double{shorten(x)} * double{shorten(y)}
                         : double{x} * double{y};
        }
        static_cast<float *>(d)[place(layoutD, false, row, column, batch)] =
            static_cast<float>(sum);
      }
  reachDevice(0);
  log(operation, layoutA, layoutD, sizes);
  return success;
}
