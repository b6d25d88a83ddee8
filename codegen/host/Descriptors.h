// Part of Maek, under the MIT licence; see LICENSE.
// halide_buffer_t for each buffer that a kernel sees. The host code of a
// training step describes hundreds of buffers, so what is known when compiling
// is a constant, and buffers of one shape share their dimensions.
#ifndef MAEK_CODEGEN_HOST_DESCRIPTORS_H
#define MAEK_CODEGEN_HOST_DESCRIPTORS_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
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

/// Where the elements of a memref lie, as far as its definition tells.
struct BufferShape {
  mlir::OpFoldResult offset;
  llvm::SmallVector<mlir::OpFoldResult> sizes, strides;
};

/// Makes the descriptors of one function, whose loops are branches already.
class Descriptors {
public:
  /// `entry`: the function's first block, which has a terminator.
  Descriptors(mlir::Block &entry, DescriptorConstants &constants);
  ~Descriptors();

  /// Says the sizes of a memref whose definition does not tell.
  void setSizes(mlir::Value memref, llvm::ArrayRef<mlir::OpFoldResult> sizes);

  /// The address of a halide_buffer_t that describes `memref` wherever control
  /// is past its definition. Its shape is stored in the entry block, once.
  mlir::Value get(mlir::Value memref);

private:
  BufferShape getShape(mlir::Value memref, mlir::OpBuilder &builder);
  mlir::Operation *getLast(llvm::ArrayRef<mlir::OpFoldResult> numbers) const;
  mlir::OpFoldResult multiply(mlir::OpFoldResult left,
                              mlir::OpFoldResult right);
  llvm::SmallVector<mlir::OpFoldResult>
  getRowMajor(llvm::ArrayRef<mlir::OpFoldResult> sizes);
  mlir::Value getDimensions(const BufferShape &shape);
  mlir::Value fillDimensions(const BufferShape &shape,
                             llvm::ArrayRef<int32_t> words);
  mlir::Value allocate(llvm::ArrayRef<int32_t> words, llvm::StringRef kind);
  void store(mlir::OpBuilder &builder, mlir::Value value, mlir::Value base,
             int32_t byte);
  mlir::Value getAddress(mlir::Value memref, mlir::OpFoldResult offset,
                         mlir::OpBuilder &builder);

  mlir::Block &entry;
  DescriptorConstants &constants;
  mlir::LLVM::LLVMPointerType pointer;
  /// Allocations, and all stores of constants, stand in front of this mark at
  /// the entry's begin.
  mlir::Operation *mark;
  llvm::DenseMap<mlir::Value, mlir::Value> known;
  std::map<std::vector<const void *>, mlir::Value> dimensions;
  std::map<std::pair<const void *, const void *>, mlir::Value> products;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::OpFoldResult>>
      argumentSizes;
};

} // namespace maek

#endif // MAEK_CODEGEN_HOST_DESCRIPTORS_H
