// Part of Maek, under the MIT licence; see LICENSE.
// Elementwise ops and sources.
#ifndef MAEK_IR_ELEMENTWISEOPS_TD
#define MAEK_IR_ELEMENTWISEOPS_TD

include "ir/MaekOpBase.td"

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

def Maek_ComparePredicate
    : Maek_Enum<"ComparePredicate", "how two numbers compare", [
    I64EnumAttrCase<"Eq", 0, "eq">,
    I64EnumAttrCase<"Ne", 1, "ne">,
    I64EnumAttrCase<"Lt", 2, "lt">,
    I64EnumAttrCase<"Le", 3, "le">,
    I64EnumAttrCase<"Gt", 4, "gt">,
    I64EnumAttrCase<"Ge", 5, "ge">]>;

def Maek_ElementwiseGroup : OpDocGroup {
  let summary = "Elementwise operations";
  let description = [{
    The result has the operands' shape; its element at each index depends on
    the operands' elements at that index alone. There is no implicit
    broadcasting: `maek.broadcast` says where elements repeat. Numbers follow
    IEEE 754; which of +0 and -0 a result is, and the bits of a NaN, are not
    promised.
  }];
}

let opDocGroup = Maek_ElementwiseGroup in {

/// `function` is C++: the formula for one element, in double precision.
class Maek_Unary<string mnemonic, string formula, string function,
                 list<Trait> traits = []>
    : Maek_Op<mnemonic, !listconcat([Pure, AxisOpInterface, Elementwise,
                                     SameOperandsAndResultType,
                                     AllTypesMatch<["operand", "result"]>],
                                    traits)> {
  let description = [{
    `result[i] = }] # formula # [{`, for each index `i`.

    ```mlir
    %y = maek.}] # mnemonic # [{ %x : tensor<?x4xf32, #maek.dims<B>>
    ```
  }];
  let arguments = (ins Maek_FloatTensor:$operand);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
  let hasCanonicalizeMethod = 1;
  let extraClassDeclaration =
      "static double evaluate(double x) { return " # function # "; }";
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::canonicalize(
        $cppClass op, ::mlir::PatternRewriter &rewriter) {
      return ::maek::foldFunction(op, evaluate, rewriter);
    }
  }];
}

/// `function` as above, of a and b.
class Maek_Binary<string mnemonic, string formula, string function,
                  list<Trait> traits = []>
    : Maek_Op<mnemonic, !listconcat([Pure, AxisOpInterface, Elementwise,
                                     SameOperandsAndResultType,
                                     AllTypesMatch<["lhs", "rhs", "result"]>],
                                    traits)> {
  let description = [{
    `result[i] = }] # formula # [{`, for each index `i`.

    ```mlir
    %c = maek.}] # mnemonic # [{ %a, %b : tensor<?x4xf32, #maek.dims<B>>
    ```
  }];
  let arguments = (ins Maek_FloatTensor:$lhs, Maek_FloatTensor:$rhs);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
  let extraClassDeclaration = "static double evaluate(double a, double b) { "
                              "return " # function # "; }";
}

def Maek_NegOp : Maek_Unary<"neg", "-operand[i]", "-x", [Maek_Linear]> {
  let summary = "-x";
  let hasFolder = 1;
}
def Maek_ExpOp : Maek_Unary<"exp", "e ^ operand[i]", "std::exp(x)"> {
  let summary = "exponential";
}
def Maek_LogOp : Maek_Unary<"log", "ln(operand[i])", "std::log(x)"> {
  let summary = "natural logarithm";
}
def Maek_Log1pOp : Maek_Unary<"log1p", "ln(1 + operand[i])", "std::log1p(x)"> {
  let summary = "natural logarithm of 1 + x, exact for small x";
}
def Maek_TanhOp : Maek_Unary<"tanh", "tanh(operand[i])", "std::tanh(x)"> {
  let summary = "hyperbolic tangent";
}
def Maek_SigmoidOp : Maek_Unary<"sigmoid", "1 / (1 + e ^ -operand[i])", "1 / (1 + std::exp(-x))"> {
  let summary = "1 / (1 + exp(-x))";
}
def Maek_SqrtOp : Maek_Unary<"sqrt", "√operand[i]", "std::sqrt(x)"> {
  let summary = "square root";
}
def Maek_SinOp : Maek_Unary<"sin", "sin(operand[i])", "std::sin(x)"> {
  let summary = "sine, x in radians";
}
def Maek_CosOp : Maek_Unary<"cos", "cos(operand[i])", "std::cos(x)"> {
  let summary = "cosine, x in radians";
}
def Maek_ErfOp : Maek_Unary<"erf", "2/√π ∫ e ^ -t² dt from 0 to operand[i]", "std::erf(x)"> {
  let summary = "error function";
}

def Maek_AddOp : Maek_Binary<"add", "lhs[i] + rhs[i]", "a + b",
    [Commutative, Maek_Linear]> {
  let summary = "the sum a + b";
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
}
def Maek_SubOp : Maek_Binary<"sub", "lhs[i] - rhs[i]", "a - b", [Maek_Linear]> {
  let summary = "the difference a - b";
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
}
def Maek_MulOp : Maek_Binary<"mul", "lhs[i] · rhs[i]", "a * b", [Commutative]> {
  let summary = "the product a * b, element by element";
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
}
def Maek_DivOp : Maek_Binary<"div", "lhs[i] / rhs[i]", "a / b"> {
  let summary = "the quotient a / b, element by element";
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
}
def Maek_PowOp : Maek_Binary<"pow", "lhs[i] ^ rhs[i]", "std::pow(a, b)"> {
  let summary = "the power a ^ b, for a >= 0 or a whole b";
  let description = [{
    `result[i] = lhs[i] ^ rhs[i]`, for each index `i`. Where `lhs[i]` is
    negative, -infinity too, and `rhs[i]` is no whole number, the result is
    unspecified.

    ```mlir
    %c = maek.pow %a, %b : tensor<?x4xf32, #maek.dims<B>>
    ```
  }];
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
}
def Maek_MaxOp : Maek_Binary<"max", "max(lhs[i], rhs[i])", "std::isnan(a) || a > b ? a : b", [Commutative]> {
  let summary = "the larger of a and b";
  let description = [{
    `result[i] = max(lhs[i], rhs[i])`, for each index `i`. NaN if either
    operand is NaN.

    ```mlir
    %c = maek.max %a, %b : tensor<?x4xf32, #maek.dims<B>>
    ```
  }];
  let hasFolder = 1;
}
def Maek_MinOp : Maek_Binary<"min", "min(lhs[i], rhs[i])", "std::isnan(a) || a < b ? a : b", [Commutative]> {
  let summary = "the smaller of a and b";
  let description = [{
    `result[i] = min(lhs[i], rhs[i])`, for each index `i`. NaN if either
    operand is NaN.

    ```mlir
    %c = maek.min %a, %b : tensor<?x4xf32, #maek.dims<B>>
    ```
  }];
  let hasFolder = 1;
}

def Maek_CompareOp : Maek_Op<"compare", [Pure, AxisOpInterface, Elementwise, SameTypeOperands]> {
  let summary = "a predicate on each pair of elements";
  let description = [{
    `result[i] = lhs[i] predicate rhs[i]`, for each index `i`. `predicate` is
    one of `eq ne lt le gt ge`. With a NaN, `ne` holds and the others do not.
    Operands have one type; the result has their shape. To a compiled kernel
    the largest finite number is infinite where it meets a constant that is.

    ```mlir
    %c = maek.compare ge %a, %b : tensor<4xf32> -> tensor<4xi1>
    ```
  }];
  let arguments = (ins Maek_ComparePredicate:$predicate, Maek_NumberTensor:$lhs,
                       Maek_NumberTensor:$rhs);
  let results = (outs Maek_BoolTensor:$result);
  let assemblyFormat =
      "$predicate $lhs `,` $rhs attr-dict `:` type($lhs) `->` type($result)";
  let extraClassDeclaration = [{
    static bool evaluate(ComparePredicate predicate, double a, double b);
    /// Whether the predicate holds.
    bool evaluate(double a, double b) {
      return evaluate(getPredicate(), a, b);
    }
  }];
  let hasVerifier = 1;
}

def Maek_SelectOp : Maek_Op<"select", [Pure, AxisOpInterface, Elementwise,
    AllTypesMatch<["onTrue", "onFalse", "result"]>]> {
  let summary = "choose a where the condition holds, else b";
  let description = [{
    `result[i] = condition[i] ? onTrue[i] : onFalse[i]`, for each index `i`.
    All have one shape.

    ```mlir
    %y = maek.select %c, %a, %b : tensor<4xi1>, tensor<4xf32>
    ```
  }];
  let arguments = (ins Maek_BoolTensor:$condition, Maek_FloatTensor:$onTrue,
                       Maek_FloatTensor:$onFalse);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = [{
    $condition `,` $onTrue `,` $onFalse attr-dict
    `:` type($condition) `,` type($result)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Maek_ConvertOp : Maek_Op<"convert", [Pure, AxisOpInterface, Elementwise]> {
  let summary = "change the element type";
  let description = [{
    `result[i] = operand[i]` in the result's element type, for each index `i`.
    To i1: whether the element is not 0. From i1: 0 or 1. From a float to i32:
    towards zero; unspecified where i32 cannot hold the number. Between floats:
    rounded to the nearest, of two equally near ones to the even one. To bf16 a
    compiled kernel may make 0 of what is smaller than the smallest normal
    number, 2^-126. From i8 and ui8: the same number in f32. Both sides have
    one shape.

    ```mlir
    %y = maek.convert %x : tensor<4xi1> -> tensor<4xf32>
    ```
  }];
  let arguments = (ins Maek_Tensor:$operand);
  let results = (outs Maek_Tensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let extraClassDeclaration = [{
    /// The element in double precision.
    double evaluate(double x);
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
}

def Maek_QuantizeOp : Maek_Op<"quantize", [Pure, AxisOpInterface, Elementwise,
    AllTypesMatch<["operand", "scale"]>]> {
  let summary = "the nearest code of a number";
  let description = [{
    `result[i] = operand[i] · scale[i] + zero`, for each index `i`, rounded to
    the nearest whole number, of two equally near ones to the even one, and
    then to the nearest one of the result's type: -128 to 127 of i8, 0 to 255 of
    ui8. So `zero`, the zero point, is the code of 0, and `scale` the distance of
    the codes of 0 and 1, of which 1 / scale is what one code is worth. All have
    one shape. Unspecified where the operand is NaN.

    ```mlir
    %q = maek.quantize %x by %s zero 128 : tensor<4xf32> -> tensor<4xui8>
    ```
  }];
  let arguments = (ins Maek_TensorOf<[F32], "f32">:$operand,
                       Maek_TensorOf<[F32], "f32">:$scale, Maek_IntAttr:$zero);
  let results = (outs Maek_CodeTensor:$result);
  let assemblyFormat = [{
    $operand `by` $scale `zero` $zero attr-dict
    `:` type($operand) `->` type($result)
  }];
  let extraClassDeclaration = [{
    /// The smallest and the largest code.
    std::pair<int64_t, int64_t> getRange();
  }];
  let hasVerifier = 1;
}

def Maek_StopGradientOp : Maek_Op<"stop_gradient", [Pure, AxisOpInterface, Elementwise,
    SameOperandsAndResultType, AllTypesMatch<["operand", "result"]>]> {
  let summary = "the operand, of which no gradient is taken";
  let description = [{
    `result[i] = operand[i]`, for each index `i`. `maek.gradient` treats the
    result as a constant.

    ```mlir
    %y = maek.stop_gradient %x : tensor<4xf32>
    ```
  }];
  let arguments = (ins Maek_Tensor:$operand);
  let results = (outs Maek_Tensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
  let hasFolder = 1;
  let extraClassDeclaration = "static double evaluate(double x) { return x; }";
}

} // opDocGroup = Maek_ElementwiseGroup

//===----------------------------------------------------------------------===//
// Sources
//===----------------------------------------------------------------------===//

def Maek_SourceGroup : OpDocGroup {
  let summary = "Sources";
  let description = [{
    Tensors that come from no other tensor. In a compiled kernel a constant
    beyond the range of its element type, an infinity too, is the largest
    finite number of its sign; the kernel's results are infinities again.
  }];
}

let opDocGroup = Maek_SourceGroup in {

def Maek_ConstantOp : Maek_Op<"constant", [Pure, AxisOpInterface,
    Maek_TriviallyRematerializable]> {
  let summary = "a tensor whose elements are all one number";
  let description = [{
    `result[i] = value` in the element type, for each index `i`. A whole number
    within i32 for i32, 0 or 1 for i1. Infinities and NaN are written as the
    bits of an f64.

    ```mlir
    %c = maek.constant 0.5 : tensor<?x256xf32, #maek.dims<B>>
    %infinity = maek.constant 0x7FF0000000000000 : tensor<f32>
    ```
  }];
  let arguments = (ins F64Attr:$value);
  let results = (outs Maek_Tensor:$result);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Maek_IotaOp : Maek_Op<"iota", [Pure, Maek_NamesAxes,
    Maek_TriviallyRematerializable]> {
  let summary = "each element's index along one axis";
  let description = [{
    `result[i] = i[dim]`, for each index `i`.

    ```mlir
    %i = maek.iota 1 : tensor<4x10xi32>    // every row is 0, 1, ..., 9
    ```
  }];
  let arguments = (ins Maek_IntAttr:$dim);
  let results = (outs Maek_NumberTensor:$result);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Maek_ExtentOp : Maek_Op<"extent", [Pure, AxisOpInterface,
    Maek_TriviallyRematerializable]> {
  let summary = "an extent's value as a scalar";
  let description = [{
    `symbol` is an extent as `#maek.dims` writes it: a symbol or a product.
    The result is a scalar.

    ```mlir
    %b = maek.extent "B" : tensor<f32>
    %rows = maek.extent "B*T" : tensor<f32>
    ```
  }];
  let arguments = (ins StrAttr:$symbol);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = "$symbol attr-dict `:` type($result)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// What `symbol` says.
    Extent getSize();
  }];
}

def Maek_RandomOp : Maek_Op<"random", [Pure, AxisOpInterface]> {
  let summary = "random numbers from [0, 1)";
  let description = [{
    `result[i] = w / 2^24`, for each index `i`, where `w` are the upper 24 bits
    of the first word of Philox 4x32 with ten rounds (Salmon et al., SC 2011)
    for the key (low, high) and the counter (n, stream, time, outer); `n` is the
    place of `i` in row-major order. Operands are scalars of i32, taken as
    unsigned. Equal operands give equal numbers.

    ```mlir
    %low = maek.constant 7.0 : tensor<i32>
    %zero = maek.constant 0.0 : tensor<i32>
    %u = maek.random key(%low, %zero) at(%zero, %zero, %zero)
      : tensor<?x4xf32, #maek.dims<B>>
    ```
  }];
  let arguments = (ins Maek_IntScalar:$low, Maek_IntScalar:$high,
                       Maek_IntScalar:$stream, Maek_IntScalar:$time,
                       Maek_IntScalar:$outer);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = [{
    `key` `(` $low `,` $high `)` `at` `(` $stream `,` $time `,` $outer `)`
    attr-dict `:` type($result)
  }];
}

} // opDocGroup = Maek_SourceGroup

#endif // MAEK_IR_ELEMENTWISEOPS_TD
