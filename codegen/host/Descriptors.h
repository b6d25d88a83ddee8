// Part of Maek, under the MIT licence; see LICENSE.
// halide_buffer_t for each buffer that a kernel sees. The host code of a
// training step describes hundreds of buffers, or thousands: what is known when
// compiling is one constant, buffers of one shape share their dimensions, and
// all are in memory of the caller's, since a thread's stack may be small.
#ifndef MAEK_CODEGEN_HOST_DESCRIPTORS_H
#define MAEK_CODEGEN_HOST_DESCRIPTORS_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Dominance.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include <map>

namespace maek {

/// The constants of one module that descriptors start from.
class DescriptorConstants {
public:
  explicit DescriptorConstants(mlir::ModuleOp module) : module(module) {}

  /// The address of an array of these numbers, one for equal ones.
  mlir::Value get(llvm::ArrayRef<int32_t> words, llvm::StringRef kind,
                  mlir::OpBuilder &builder);

private:
  mlir::ModuleOp module;
  std::map<std::vector<int32_t>, mlir::LLVM::GlobalOp> globals;
};

/// Whose addresses buffers have: kernels find them in different fields.
enum class MemorySpace { Host, Device };

/// Where the elements of a memref lie, as far as its definition tells.
struct BufferShape {
  mlir::OpFoldResult offset;
  llvm::SmallVector<mlir::OpFoldResult> sizes, strides;
};

/// Makes the descriptors of one function, whose loops are branches already.
class Descriptors {
public:
  /// `entry`: the function's first block, which has a terminator; the
  /// function's blocks stay as they are until `finish`. `memory`: the address
  /// of where the descriptors go.
  Descriptors(mlir::Block &entry, DescriptorConstants &constants,
              mlir::Value memory, MemorySpace space);
  ~Descriptors();

  /// Says where a memref lies and its sizes, whose definition does not tell.
  void setArgument(mlir::Value memref, mlir::Value address,
                   llvm::ArrayRef<mlir::OpFoldResult> sizes);

  /// Makes a halide_buffer_t that describes `memref` wherever control is past
  /// its definition. Its shape is stored in the entry block, once.
  void describe(mlir::Value memref);
  /// The addresses of the descriptors of values that have one, for a call.
  llvm::SmallVector<mlir::Value> getAddresses(mlir::ValueRange memrefs,
                                              mlir::OpBuilder &builder) const;
  /// Stores what is constant. Returns how many bytes of `memory` are used.
  int64_t finish();

private:
  BufferShape getShape(mlir::Value memref, mlir::OpBuilder &builder);
  mlir::Operation *getPoint(llvm::ArrayRef<mlir::OpFoldResult> numbers) const;
  mlir::OpFoldResult multiply(mlir::OpFoldResult left,
                              mlir::OpFoldResult right);
  llvm::SmallVector<mlir::OpFoldResult>
  getRowMajor(llvm::ArrayRef<mlir::OpFoldResult> sizes);
  mlir::Value getDimensions(const BufferShape &shape);
  mlir::Value fillDimensions(const BufferShape &shape,
                             llvm::ArrayRef<int32_t> words);
  int32_t allocate(llvm::ArrayRef<int32_t> words);
  mlir::Value getPlace(mlir::OpBuilder &builder, mlir::Location loc,
                       int32_t byte) const;
  void store(mlir::OpBuilder &builder, mlir::Value value, int32_t byte);
  mlir::Value getBase(mlir::Value memref);
  mlir::Value getAddress(mlir::Value memref, mlir::OpFoldResult offset,
                         mlir::OpBuilder &builder);

  mlir::Block &entry;
  mlir::DominanceInfo dominance;
  DescriptorConstants &constants;
  mlir::LLVM::LLVMPointerType pointer;
  mlir::Value memory;
  /// Where in a halide_buffer_t the address goes.
  int32_t addressField;
  /// The stack's word that holds `memory`.
  mlir::Value holder;
  /// What is known when compiling.
  llvm::SmallVector<int32_t> image;
  /// All stores of constants stand between these two at the entry's begin.
  mlir::Operation *begin, *mark;
  /// The descriptor's first byte in `memory`.
  llvm::DenseMap<mlir::Value, int32_t> known;
  llvm::DenseMap<mlir::Value, mlir::Value> bases;
  std::map<std::vector<const void *>, mlir::Value> dimensions;
  std::map<std::pair<const void *, const void *>, mlir::Value> products;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::OpFoldResult>>
      argumentSizes;
};

} // namespace maek

#endif // MAEK_CODEGEN_HOST_DESCRIPTORS_H
