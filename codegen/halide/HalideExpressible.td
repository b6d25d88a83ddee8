// Part of Maek, under the MIT licence; see LICENSE.
// The interface by which an op states its Halide algorithm.
#ifndef MAEK_CODEGEN_HALIDE_HALIDEEXPRESSIBLE_TD
#define MAEK_CODEGEN_HALIDE_HALIDEEXPRESSIBLE_TD

include "mlir/IR/Interfaces.td"

def HalideExpressible : OpInterface<"HalideExpressible"> {
  let description = [{
    An op that can stand in a kernel. Its algorithm is pure and equals the op's
    formula; how it is scheduled is decided for the kernel as a whole.
  }];
  let cppNamespace = "::maek::halide";
  let methods = [InterfaceMethod<[{
      Defines the Halide functions of the op's results in `kernel`, from those
      of its operands, which are there already.
    }],
    "void", "express", (ins "::maek::halide::KernelAlgorithm &":$kernel)>,
    InterfaceMethod<[{
      Whether an element costs a score of operations, as exp does: more than to
      store it and to read it again.
    }],
    "bool", "isCostly", (ins), "", "return false;">];
}

#endif // MAEK_CODEGEN_HALIDE_HALIDEEXPRESSIBLE_TD
