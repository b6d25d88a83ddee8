// Part of Maek, under the MIT licence; see LICENSE.
// The interface through which the interpreter runs an op.
#ifndef MAEK_IR_INTERPRETER_INTERPRETABLE_TD
#define MAEK_IR_INTERPRETER_INTERPRETABLE_TD

include "mlir/IR/OpBase.td"

def Interpretable : OpInterface<"Interpretable"> {
  let cppNamespace = "::maek";
  let description = [{
    An op with executable semantics. The models are external, one per op, in
    the files beside this one.
  }];
  let methods = [
    InterfaceMethod<
      "Computes the results from the operands' values in `frame` and puts "
      "them there. Fails after a diagnostic.",
      "::llvm::LogicalResult", "interpret", (ins "::maek::Frame &":$frame)>
  ];
}

#endif // MAEK_IR_INTERPRETER_INTERPRETABLE_TD
