// Part of Maek, under the MIT licence; see LICENSE.
// How an op is computed for all steps of a loop at once.
#ifndef MAEK_PASSES_MAPPABLE_TD
#define MAEK_PASSES_MAPPABLE_TD

include "mlir/IR/Interfaces.td"

def Maek_Mappable : OpInterface<"Mappable"> {
  let cppNamespace = "::maek";
  let description = [{
    An op that can be computed for every index of a new leading axis at once.
    Ops without it stay where they are.
  }];
  let methods = [
    InterfaceMethod<[{
      Whether one more axis can be written in the op's attributes. Without,
      `mapOverAxis` must not be called.
    }], "bool", "hasRoom", (ins), "", "return true;">,
    InterfaceMethod<[{
      Builds the op on `operands`, which stand for the op's own ones. Those
      whose bit is set in `mapped` have a new axis 0 of extent `steps`, at
      least one has; every result gets one.
    }], "::llvm::SmallVector<::mlir::Value>", "mapOverAxis",
    (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$operands,
         "const ::llvm::SmallBitVector &":$mapped,
         "const ::maek::Extent &":$steps)>,
  ];
}

#endif // MAEK_PASSES_MAPPABLE_TD
