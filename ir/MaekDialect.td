// Part of Maek, under the MIT licence; see LICENSE.
// The dialect, its attributes and the helpers that the op definitions share.
#ifndef MAEK_IR_MAEKDIALECT_TD
#define MAEK_IR_MAEKDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/TensorEncoding.td"

def Maek_Dialect : Dialect {
  let name = "maek";
  let cppNamespace = "::maek";
  let summary = "Neural network equations on ranked tensors";
  let description = [{
    Every value is a ranked tensor. A dynamic extent carries the name of the
    symbol it stands for in the tensor's encoding, so that two extents are
    equal exactly when their symbols are and sizes stay polynomials in those
    symbols:

    ```mlir
    tensor<?x?x256xf32, #maek.dims<T, B>>    // T steps, B examples
    tensor<?x256xf32, #maek.dims<B*T>>       // both axes in one
    ```
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
}

class Maek_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Maek_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Maek_DimsAttr : Maek_Attr<"Dims", "dims", [
    DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "Names of a tensor's dynamic extents";
  let description = [{
    One entry per dynamic extent, outermost first. An entry is a product of
    symbols, kept in alphabetical order (`B*T`), with an optional leading
    integer factor (`2*T`).
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::StringAttr">:$symbols);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Maek_InitAttr : Maek_Attr<"Init", "init"> {
  let summary = "How a parameter gets its first value";
  let description = [{
    `kind` is `constant` (one argument), `uniform` (low, high) or `normal`
    (mean, standard deviation).

    ```mlir
    #maek.init<uniform, [-0.5, 0.5]>
    ```
  }];
  let parameters = (ins
    StringRefParameter<"distribution">:$kind,
    "::mlir::DenseF64ArrayAttr":$arguments);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

#endif // MAEK_IR_MAEKDIALECT_TD
