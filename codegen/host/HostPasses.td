// Part of Maek, under the MIT licence; see LICENSE.
// The passes between buffers and LLVM.
#ifndef MAEK_CODEGEN_HOST_HOSTPASSES_TD
#define MAEK_CODEGEN_HOST_HOSTPASSES_TD

include "mlir/Pass/PassBase.td"

def LowerLaunches : Pass<"maek-lower-launches", "::mlir::ModuleOp"> {
  let summary = "Turns launches into calls that take Halide's buffer descriptors.";
  let description = [{
    Runs on entries in buffer form whose loops are branches already. Each buffer
    that a kernel sees gets one halide_buffer_t in the descriptors' memory; what
    does not change from step to step is stored once, before the loops. An error
    of a kernel leaves the entry at once. Entries and their arenas' sizes get the
    C signatures of maek/module.h; the module gets the attribute
    `maek.descriptors`, the bytes of each entry's descriptors. A number that the
    host program reads of an argument comes in `dims`, behind the symbols;
    `maek.host_reads` says of which arguments. With `device`,
    addresses are a device's. With `library`, a kernel that only multiplies
    large matrices is called where no library of the device's makes the product.

    ```mlir
    func.func @f(%x: memref<4xf32>, %y: memref<4xf32>, %arena: memref<?xi8>) {
      maek.launch @k(%x : memref<4xf32>) into(%y : memref<4xf32>)
      return
    }
    ```
    becomes
    ```mlir
    func.func @maek_entry_f(%buffers: !llvm.ptr, %dims: !llvm.ptr,
                            %arena: !llvm.ptr, %descriptors: !llvm.ptr) -> i32 {
      // two descriptors, filled from %buffers[0] and %buffers[1]
      %0 = llvm.call @k(%a, %b) : (!llvm.ptr, !llvm.ptr) -> i32
      %1 = arith.cmpi ne, %0, %c0_i32 : i32
      cf.cond_br %1, ^error(%0 : i32), ^next
    ...
    ```
  }];
  let options = [Option<"device", "device", "bool", /*default=*/"false",
                        "Buffers and the arena are in a device's memory.">,
                 Option<"library", "library", "bool", /*default=*/"false",
                        "The device may have a library of matrix products.">,
                 Option<"tf32", "tf32", "bool", /*default=*/"false",
                        "It may leave out the last 13 bits of f32.">];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::cf::ControlFlowDialect",
                           "::mlir::LLVM::LLVMDialect",
                           "::mlir::memref::MemRefDialect"];
}

#endif // MAEK_CODEGEN_HOST_HOSTPASSES_TD
