// Part of Maek, under the MIT licence; see LICENSE.
// The dialect, its attributes and the helpers that the op definitions share.
#ifndef MAEK_IR_MAEKDIALECT_TD
#define MAEK_IR_MAEKDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/EnumAttr.td"
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

/// Ops print it as a bare keyword.
class Maek_Enum<string name, string summary, list<I64EnumAttrCase> cases>
    : I64EnumAttr<name, summary, cases> {
  let cppNamespace = "::maek";
}

def Maek_InitKind : Maek_Enum<"InitKind", "how first values are chosen", [
    I64EnumAttrCase<"Constant", 0, "constant">,
    I64EnumAttrCase<"Uniform", 1, "uniform">,
    I64EnumAttrCase<"Normal", 2, "normal">]>;

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
    EnumParameter<Maek_InitKind>:$kind,
    "::mlir::DenseF64ArrayAttr":$arguments);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Maek_EinsumAttr : Maek_Attr<"Einsum", "einsum"> {
  let summary = "Which axes a contraction multiplies and sums over";
  let description = [{
    The terms `lhs`, `rhs` and `result`, one letter per axis. Each letter stands
    at most once in each term; every letter of the result is in an operand.
    Equations that differ in their letters alone are not one attribute: letters
    are what makes them readable. `maek.einsum` has it without the brackets.

    ```mlir
    #maek<einsum "bk,nk->bn">
    ```
  }];
  let parameters = (ins
    StringRefParameter<"letters of the left operand's axes">:$lhs,
    StringRefParameter<"letters of the right operand's axes">:$rhs,
    StringRefParameter<"letters of the result's axes">:$result);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Of "lhs,rhs->result". Fails with the reason if that breaks a rule.
    static ::llvm::Expected<EinsumAttr>
    fromText(::mlir::MLIRContext *context, ::llvm::StringRef text);
    std::string str() const;

    /// The letters of operand 0 or 1.
    ::llvm::StringRef getTerm(unsigned operand) const {
      return operand == 0 ? getLhs() : getRhs();
    }
    bool inLhs(char letter) const { return getLhs().contains(letter); }
    bool inRhs(char letter) const { return getRhs().contains(letter); }
    bool inResult(char letter) const { return getResult().contains(letter); }
    /// Letters that are summed over, in lhs order, then rhs-only ones.
    std::string getContracted() const;
    /// A letter that no term uses; none if all are used.
    std::optional<char> getFreshLetter() const;
    /// The same product of the operands in the other order.
    EinsumAttr getSwapped() const;
    /// With the letters a, b, c, ... in order of appearance: equal for
    /// equations that differ in their letters alone.
    EinsumAttr getCanonical() const;
  }];
}

#endif // MAEK_IR_MAEKDIALECT_TD
