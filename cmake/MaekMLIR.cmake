# MLIR, LLVM and lld, and the two directory-wide settings that MLIR's own
# TableGen macros need.
find_package(MLIR 22.1 REQUIRED CONFIG PATHS /usr/lib/llvm-22)
find_package(LLD 22.1 REQUIRED CONFIG PATHS /usr/lib/llvm-22)

list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)
# HandleLLVMOptions is left out: it adds -fno-exceptions, and Halide throws.

# mlir_tablegen takes its include path from the directory.
include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
include_directories(${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})

# Everything links the shared libraries: a static MLIR beside them would
# register each type and option twice.
add_library(maek_mlir INTERFACE)
target_link_libraries(maek_mlir INTERFACE MLIR LLVM)
target_compile_definitions(maek_mlir INTERFACE ${LLVM_DEFINITIONS_LIST})

# Parsing MLIR's headers is most of the compile time of every file that includes
# any of them, so these are parsed once. Only what many files need, and none of
# our own, whose change would compile all anew.
set(MAEK_MLIR_HEADERS
  <llvm/ADT/SetVector.h>
  <llvm/ADT/StringMap.h>
  <llvm/ADT/StringSwitch.h>
  <llvm/ADT/TypeSwitch.h>
  <llvm/Support/FormatVariadic.h>
  <llvm/Support/MemoryBuffer.h>
  <llvm/Support/raw_ostream.h>
  <mlir/Bytecode/BytecodeOpInterface.h>
  <mlir/Dialect/Func/IR/FuncOps.h>
  <mlir/IR/Builders.h>
  <mlir/IR/BuiltinOps.h>
  <mlir/IR/BuiltinTypes.h>
  <mlir/IR/IRMapping.h>
  <mlir/IR/MLIRContext.h>
  <mlir/IR/OpDefinition.h>
  <mlir/IR/OpImplementation.h>
  <mlir/IR/PatternMatch.h>
  <mlir/IR/SymbolTable.h>
  <mlir/IR/TensorEncoding.h>
  <mlir/Interfaces/InferTypeOpInterface.h>
  <mlir/Interfaces/LoopLikeInterface.h>
  <mlir/Interfaces/SideEffectInterfaces.h>
  <mlir/Pass/Pass.h>
  <mlir/Pass/PassManager.h>
  <mlir/Transforms/GreedyPatternRewriteDriver.h>)
