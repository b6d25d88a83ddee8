// Part of Maek, under the MIT licence; see LICENSE.
// Matrices of cuBLASLt have their columns one after another. A result whose
// rows do so is made as its transpose: of the transposed factors, in the other
// order.
#include "runtime/device/Cublas.h"

#include <algorithm>
#include <dlfcn.h>

using namespace maek::runtime;

// Names and numbers of cublasLt.h, cublas_api.h and library_types.h.
// NOLINTBEGIN(readability-identifier-naming)
namespace {
constexpr int CUBLAS_STATUS_SUCCESS = 0, CUBLAS_STATUS_NOT_SUPPORTED = 15;
constexpr int32_t CUBLAS_OP_N = 0, CUBLAS_OP_T = 1;
constexpr int CUBLAS_COMPUTE_32F = 68, CUBLAS_COMPUTE_32F_FAST_TF32 = 77;
constexpr int CUDA_R_32F = 0, CUDA_R_16BF = 14;
constexpr int CUBLASLT_MATMUL_DESC_TRANSA = 3, CUBLASLT_MATMUL_DESC_TRANSB = 4;
constexpr int CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT = 5,
              CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET = 6;
constexpr int CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES = 1,
              CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES = 5,
              CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES = 6,
              CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES = 7,
              CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES = 8;

struct cublasLtMatmulAlgo_t {
  uint64_t data[8];
};
struct cublasLtMatmulHeuristicResult_t {
  cublasLtMatmulAlgo_t algo;
  size_t workspaceSize;
  int state;
  float wavesCount;
  int reserved[4];
};
} // namespace

#define MAEK_CUBLAS_FUNCTIONS                                                  \
  MAEK_CUBLAS_FUNCTION(cublasLtCreate, (void **handle))                        \
  MAEK_CUBLAS_FUNCTION(cublasLtDestroy, (void *handle))                        \
  MAEK_CUBLAS_FUNCTION(cublasLtMatmulDescCreate,                               \
                       (void **made, int compute, int scale))                  \
  MAEK_CUBLAS_FUNCTION(cublasLtMatmulDescDestroy, (void *made))                \
  MAEK_CUBLAS_FUNCTION(                                                        \
      cublasLtMatmulDescSetAttribute,                                          \
      (void *of, int attribute, const void *value, size_t bytes))              \
  MAEK_CUBLAS_FUNCTION(cublasLtMatrixLayoutCreate,                             \
                       (void **made, int type, uint64_t rows,                  \
                        uint64_t columns, int64_t leading))                    \
  MAEK_CUBLAS_FUNCTION(cublasLtMatrixLayoutDestroy, (void *made))              \
  MAEK_CUBLAS_FUNCTION(                                                        \
      cublasLtMatrixLayoutSetAttribute,                                        \
      (void *of, int attribute, const void *value, size_t bytes))              \
  MAEK_CUBLAS_FUNCTION(cublasLtMatmulPreferenceCreate, (void **made))          \
  MAEK_CUBLAS_FUNCTION(cublasLtMatmulPreferenceDestroy, (void *made))          \
  MAEK_CUBLAS_FUNCTION(                                                        \
      cublasLtMatmulPreferenceSetAttribute,                                    \
      (void *of, int attribute, const void *value, size_t bytes))              \
  MAEK_CUBLAS_FUNCTION(cublasLtMatmulAlgoGetHeuristic,                         \
                       (void *handle, void *operation, void *a, void *b,       \
                        void *c, void *d, void *preference, int asked,         \
                        cublasLtMatmulHeuristicResult_t *found, int *count))   \
  MAEK_CUBLAS_FUNCTION(cublasLtMatmul,                                         \
                       (void *handle, void *operation, const void *alpha,      \
                        const void *a, void *layoutA, const void *b,           \
                        void *layoutB, const void *beta, const void *c,        \
                        void *layoutC, void *d, void *layoutD,                 \
                        const cublasLtMatmulAlgo_t *algo, void *workspace,     \
                        size_t bytes, maek::cuda::CUstream stream))
// NOLINTEND(readability-identifier-naming)

struct Cublas::Library {
#define MAEK_CUBLAS_FUNCTION(name, parameters) int(*name) parameters = nullptr;
  MAEK_CUBLAS_FUNCTIONS
#undef MAEK_CUBLAS_FUNCTION
  bool isWhole = false;

  Library();
};

Cublas::Library::Library() {
  void *file = nullptr;
  for (const char *name :
       {"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so.11"})
    if (!file)
      file = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!file)
    return;
  isWhole = true;
#define MAEK_CUBLAS_FUNCTION(name, parameters)                                 \
  name = reinterpret_cast<decltype(name)>(dlsym(file, #name));                 \
  isWhole &= name != nullptr;
  MAEK_CUBLAS_FUNCTIONS
#undef MAEK_CUBLAS_FUNCTION
}

namespace {
/// A matrix as the library sees it: columns one after another.
struct Stored {
  uint64_t address;
  int64_t rows, columns, leading, batchStride;
  bool isTransposed; ///< against what the product takes
};

/// The factor of so many rows and columns.
Stored store(const MatrixView &view, int64_t rows, int64_t columns) {
  bool isTransposed = view.rowStride != 1;
  Stored stored{view.address,
                isTransposed ? columns : rows,
                isTransposed ? rows : columns,
                isTransposed ? view.rowStride : view.columnStride,
                view.batchStride,
                isTransposed};
  // That of a single column is nowhere used, and must not be too small.
  stored.leading = std::max(stored.leading, stored.rows);
  return stored;
}

MatrixView transpose(const MatrixView &view) {
  return {view.address, view.columnStride, view.rowStride, view.batchStride};
}

/// a times b is d.
struct StoredProduct {
  explicit StoredProduct(MatrixProduct product);
  Stored a, b, d;
};

StoredProduct::StoredProduct(MatrixProduct product) {
  if (product.result.rowStride != 1) {
    MatrixView lhs = product.lhs;
    product.lhs = transpose(product.rhs);
    product.rhs = transpose(lhs);
    product.result = transpose(product.result);
    std::swap(product.rows, product.columns);
  }
  a = store(product.lhs, product.rows, product.summed);
  b = store(product.rhs, product.summed, product.columns);
  d = store(product.result, product.rows, product.columns);
}

/// The largest power of two that the address is a multiple of, up to 256.
uint32_t alignmentOf(uint64_t address) {
  return static_cast<uint32_t>(
      std::min<uint64_t>(address & (~address + 1), 256));
}
} // namespace

struct Cublas::Plan {
  explicit Plan(const Library &library) : library(library) {}
  ~Plan() {
    for (void *layout : {a, b, d})
      if (layout)
        library.cublasLtMatrixLayoutDestroy(layout);
    if (operation)
      library.cublasLtMatmulDescDestroy(operation);
  }
  Plan(const Plan &) = delete;

  const Library &library;
  void *operation = nullptr, *a = nullptr, *b = nullptr, *d = nullptr;
  cublasLtMatmulAlgo_t algorithm = {};
  bool isThere = false;
};

std::unique_ptr<Cublas> Cublas::open() {
  static const Library library;
  std::unique_ptr<Cublas> opened(new Cublas);
  opened->library = &library;
  if (!library.isWhole ||
      library.cublasLtCreate(&opened->handle) != CUBLAS_STATUS_SUCCESS)
    return nullptr;
  return opened;
}

Cublas::~Cublas() {
  plans.clear();
  if (handle)
    library->cublasLtDestroy(handle);
}

bool Cublas::makePlan(const MatrixProduct &product, Plan &plan) {
  StoredProduct stored(product);
  bool isGood = true;
  auto check = [&](int status) { isGood &= status == CUBLAS_STATUS_SUCCESS; };
  bool isShort = product.type == FactorType::BF16;
  check(library->cublasLtMatmulDescCreate(&plan.operation,
                                          product.type == FactorType::TF32
                                              ? CUBLAS_COMPUTE_32F_FAST_TF32
                                              : CUBLAS_COMPUTE_32F,
                                          CUDA_R_32F));
  auto addLayout = [&](const Stored &matrix, int type, void *&layout) {
    check(library->cublasLtMatrixLayoutCreate(
        &layout, type, static_cast<uint64_t>(matrix.rows),
        static_cast<uint64_t>(matrix.columns), matrix.leading));
    auto batches = static_cast<int32_t>(product.batches);
    if (!isGood || batches == 1)
      return;
    check(library->cublasLtMatrixLayoutSetAttribute(
        layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batches, sizeof(batches)));
    check(library->cublasLtMatrixLayoutSetAttribute(
        layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
        &matrix.batchStride, sizeof(matrix.batchStride)));
  };
  addLayout(stored.a, isShort ? CUDA_R_16BF : CUDA_R_32F, plan.a);
  addLayout(stored.b, isShort ? CUDA_R_16BF : CUDA_R_32F, plan.b);
  addLayout(stored.d, CUDA_R_32F, plan.d);
  void *preference = nullptr;
  check(library->cublasLtMatmulPreferenceCreate(&preference));
  if (!isGood)
    return false;
  for (auto [attribute, matrix] :
       {std::pair(CUBLASLT_MATMUL_DESC_TRANSA, &stored.a),
        std::pair(CUBLASLT_MATMUL_DESC_TRANSB, &stored.b)}) {
    int32_t how = matrix->isTransposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    check(library->cublasLtMatmulDescSetAttribute(plan.operation, attribute,
                                                  &how, sizeof(how)));
  }
  size_t bytes = kWorkspaceBytes;
  check(library->cublasLtMatmulPreferenceSetAttribute(
      preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &bytes,
      sizeof(bytes)));
  for (auto [attribute, matrix] :
       {std::pair(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, &stored.a),
        std::pair(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, &stored.b),
        std::pair(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, &stored.d),
        std::pair(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, &stored.d)}) {
    uint32_t alignment = alignmentOf(matrix->address);
    check(library->cublasLtMatmulPreferenceSetAttribute(
        preference, attribute, &alignment, sizeof(alignment)));
  }
  cublasLtMatmulHeuristicResult_t found = {};
  int count = 0;
  if (isGood)
    check(library->cublasLtMatmulAlgoGetHeuristic(
        handle, plan.operation, plan.a, plan.b, plan.d, plan.d, preference, 1,
        &found, &count));
  library->cublasLtMatmulPreferenceDestroy(preference);
  plan.algorithm = found.algo;
  return isGood && count == 1 && found.state == CUBLAS_STATUS_SUCCESS;
}

Cublas::Plan &Cublas::findPlan(const MatrixProduct &product) {
  std::vector<int64_t> key = {product.batches, product.rows, product.columns,
                              product.summed,
                              static_cast<int64_t>(product.type)};
  for (const MatrixView *view : {&product.lhs, &product.rhs, &product.result})
    key.insert(key.end(),
               {view->rowStride, view->columnStride, view->batchStride,
                static_cast<int64_t>(alignmentOf(view->address))});
  std::unique_ptr<Plan> &plan = plans[key];
  if (!plan) {
    plan = std::make_unique<Plan>(*library);
    plan->isThere = makePlan(product, *plan);
  }
  return *plan;
}

Expected<bool> Cublas::multiply(const MatrixProduct &product,
                                uint64_t workspace, cuda::CUstream stream) {
  Plan &plan = findPlan(product);
  if (!plan.isThere)
    return false;
  StoredProduct stored(product);
  auto at = [](uint64_t address) { return reinterpret_cast<void *>(address); };
  float alpha = 1, beta = 0;
  int status = library->cublasLtMatmul(
      handle, plan.operation, &alpha, at(stored.a.address), plan.a,
      at(stored.b.address), plan.b, &beta, at(stored.d.address), plan.d,
      at(stored.d.address), plan.d, &plan.algorithm, at(workspace),
      kWorkspaceBytes, stream);
  // The kernel can make what the library has no way for after all.
  if (status == CUBLAS_STATUS_NOT_SUPPORTED)
    return plan.isThere = false;
  if (status != CUBLAS_STATUS_SUCCESS)
    return makeError(MAEK_DEVICE_ERROR,
                     "cuBLASLt failed at a product with status ", status);
  return true;
}
