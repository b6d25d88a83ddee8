// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/ProductCalls.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace maek {

std::string getProductName(StringRef kernel) {
  return (kernel + ".product").str();
}

void makeProductCall(LLVM::LLVMFuncOp kernel, EinsumAttr equation,
                     bool allowsTf32) {
  OpBuilder builder(kernel.getContext());
  builder.setInsertionPointAfter(kernel);
  Location loc = kernel.getLoc();
  Type i32 = builder.getI32Type();
  auto pointer = LLVM::LLVMPointerType::get(kernel.getContext());
  auto module = kernel->getParentOfType<ModuleOp>();
  constexpr StringLiteral callee = "maek_device_product";
  if (!module.lookupSymbol(callee))
    LLVM::LLVMFuncOp::create(
        builder, loc, callee,
        LLVM::LLVMFunctionType::get(i32,
                                    {pointer, i32, pointer, pointer, pointer}));
  auto function = LLVM::LLVMFuncOp::create(
      builder, loc, getProductName(kernel.getName()), kernel.getFunctionType());
  Block *entry = function.addEntryBlock(builder);
  Block *own = function.addBlock(), *end = function.addBlock();
  end->addArgument(i32, loc);
  builder.setInsertionPointToStart(entry);
  Value text = LLVM::createGlobalString(
      loc, builder, getProductName(kernel.getName()) + ".equation",
      equation.str() + StringRef("\0", 1).str(), LLVM::Linkage::Private);
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantIntOp::create(builder, loc, value, 32);
  };
  // Scalars lie between the operands and the result.
  auto arguments = entry->getArguments();
  Value status =
      LLVM::CallOp::create(builder, loc, TypeRange{i32}, callee,
                           ValueRange{text, number(allowsTf32), arguments[0],
                                      arguments[1], arguments.back()})
          .getResult();
  Value isLeft = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                       status, number(1));
  cf::CondBranchOp::create(builder, loc, isLeft, own, ValueRange{}, end,
                           ValueRange{status});
  builder.setInsertionPointToStart(own);
  Value made =
      LLVM::CallOp::create(builder, loc, kernel, arguments).getResult();
  cf::BranchOp::create(builder, loc, end, made);
  builder.setInsertionPointToStart(end);
  LLVM::ReturnOp::create(builder, loc, end->getArgument(0));
}

} // namespace maek
