// Part of Maek, under the MIT licence; see LICENSE.
// Products of large matrices by NVIDIA's cuBLASLt, which uses tensor cores.
// Found at run time: a program runs where it is not.
#ifndef MAEK_RUNTIME_DEVICE_CUBLAS_H
#define MAEK_RUNTIME_DEVICE_CUBLAS_H

#include "runtime/core/Error.h"
#include "runtime/device/CudaDriver.h"
#include "runtime/device/MatrixProduct.h"
#include <map>
#include <memory>
#include <vector>

namespace maek::runtime {

/// The library with a context of its own. Used in one CUDA context, by one
/// thread at a time.
class Cublas {
public:
  /// Null where the library is not found or does not start.
  static std::unique_ptr<Cublas> open();
  ~Cublas();
  Cublas(const Cublas &) = delete;

  /// Bytes of memory that products are given to work in.
  static constexpr size_t kWorkspaceBytes = size_t{32} << 20;

  /// Queues the product; false if the library has no way to make it.
  Expected<bool> multiply(const MatrixProduct &product, uint64_t workspace,
                          cuda::CUstream stream);

private:
  struct Library;
  struct Plan;
  Cublas() = default;
  Plan &findPlan(const MatrixProduct &product);
  bool makePlan(const MatrixProduct &product, Plan &plan);

  const Library *library = nullptr;
  void *handle = nullptr;
  /// By all that the choice of an algorithm depends on.
  std::map<std::vector<int64_t>, std::unique_ptr<Plan>> plans;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DEVICE_CUBLAS_H
