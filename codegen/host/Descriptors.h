// Part of Maek, under the MIT licence; see LICENSE.
// halide_buffer_t on the stack, one for each buffer that a kernel sees.
#ifndef MAEK_CODEGEN_HOST_DESCRIPTORS_H
#define MAEK_CODEGEN_HOST_DESCRIPTORS_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

namespace maek {

struct BufferShape;

/// Makes the descriptors of one function, whose loops are branches already.
class Descriptors {
public:
  /// `entry`: the function's first block, which has a terminator.
  explicit Descriptors(mlir::Block &entry);

  /// Says the sizes of a memref whose definition does not tell.
  void setSizes(mlir::Value memref, llvm::ArrayRef<mlir::OpFoldResult> sizes);

  /// The address of a halide_buffer_t that describes `memref` wherever control
  /// is past its definition. What the entry block knows is stored there, once.
  mlir::Value get(mlir::Value memref);

private:
  mlir::Value create(mlir::MemRefType type, mlir::Value &dimensions);
  BufferShape getShape(mlir::Value memref, mlir::OpBuilder &builder);
  void storeSize(mlir::OpFoldResult size, mlir::Value dimensions, int64_t row,
                 int32_t field, mlir::OpBuilder after);
  void store(mlir::OpBuilder &builder, mlir::Value base, mlir::Type structure,
             int32_t row, int32_t field, mlir::Value value);
  mlir::Value constant(mlir::OpBuilder &builder, mlir::Type type,
                       int64_t value);

  mlir::Block &entry;
  mlir::MLIRContext *context;
  mlir::LLVM::LLVMPointerType pointer;
  mlir::LLVM::LLVMStructType bufferType, dimensionType;
  llvm::DenseMap<mlir::Value, mlir::Value> known;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::OpFoldResult>>
      argumentSizes;
};

} // namespace maek

#endif // MAEK_CODEGEN_HOST_DESCRIPTORS_H
