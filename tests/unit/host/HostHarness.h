// Part of Maek, under the MIT licence; see LICENSE.
// Runs lowered entries in this process, with the interpreter in the place of
// each kernel: what is under test is the plan of memory and the host code.
#ifndef MAEK_TESTS_UNIT_HOST_HOSTHARNESS_H
#define MAEK_TESTS_UNIT_HOST_HOSTHARNESS_H

#include "tests/support/TestModule.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <functional>
#include <optional>

namespace maek::test {

/// Where entries run: on the host, which gives them its memory as it is.
class EntryPlace {
public:
  virtual ~EntryPlace() = default;
  /// The options of maek-lower-host, in braces.
  virtual llvm::StringRef getLowering() const { return ""; }
  /// What entries are given for memory of the host.
  virtual void *bring(llvm::MutableArrayRef<uint8_t> bytes) {
    return bytes.data();
  }
  virtual int32_t run(llvm::function_ref<int32_t()> entry) { return entry(); }
  /// Brings the content of all memory back to the host.
  virtual void takeBack() {}
};

/// What one call of an entry did.
struct HostRun {
  int32_t status = 0;
  int64_t arenaBytes = 0;
  size_t launches = 0;
  /// As from runEntry: results by name.
  NamedTensors results;
};

/// The entries of one module, lowered and in memory.
class HostProgram {
public:
  /// Runs maek-materialize-copies, maek-plan-memory and maek-lower-host on a
  /// copy of `module`, whose entries are on tensors. `planOptions`: in braces,
  /// "{share=false}". `native` gives the address of a compiled kernel, to be
  /// called in the interpreter's place; `place` is where they run. Null after
  /// diagnostics.
  static std::unique_ptr<HostProgram>
  load(mlir::ModuleOp module, llvm::StringRef planOptions = "",
       const std::function<void *(llvm::StringRef)> &native = nullptr,
       EntryPlace *place = nullptr);
  ~HostProgram();

  /// Calls an entry on random arguments. The arena and the results' buffers
  /// hold NaNs before; a write outside of them fails the running test.
  /// `failAt`: the launch, counted from 0, whose kernel returns -7.
  HostRun run(llvm::StringRef entry, const Dims &dims, uint64_t seed = 1,
              std::optional<size_t> failAt = std::nullopt);

  /// What the arena's size function says.
  int64_t getArenaSize(llvm::StringRef entry, llvm::ArrayRef<int64_t> dims);

  /// The module whose kernels are called, its entries still on tensors.
  mlir::ModuleOp getTensorModule() { return *tensors; }
  /// The module in buffer form.
  mlir::ModuleOp getBufferModule() { return *buffers; }

private:
  HostProgram();
  void *lookup(llvm::StringRef name);
  int32_t launch(size_t kernel, void **arguments);
  static int32_t dispatch(HostProgram *self, int32_t kernel, void **arguments);

  EntryPlace host, *place = &host;
  struct Impl;
  std::unique_ptr<Impl> impl;
  mlir::OwningOpRef<mlir::ModuleOp> tensors, buffers;
};

/// Fails the running test unless the entry gives what the interpreter does.
void checkEntry(mlir::ModuleOp module, llvm::StringRef entry,
                llvm::ArrayRef<Dims> sizes, double tolerance,
                llvm::StringRef planOptions = "");

} // namespace maek::test

#endif // MAEK_TESTS_UNIT_HOST_HOSTHARNESS_H
