// Part of Maek, under the MIT licence; see LICENSE.
// What the op definitions share: tensor types, attribute kinds, base classes.
#ifndef MAEK_IR_MAEKOPBASE_TD
#define MAEK_IR_MAEKOPBASE_TD

include "ir/AxisOpInterface.td"
include "ir/MaekDialect.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Maek_HasNamedExtents : CPred<"::maek::hasNamedExtents($_self)">;

class Maek_TensorOf<list<Type> elements, string names>
    : ConfinedType<RankedTensorOf<elements>, [Maek_HasNamedExtents],
                   "ranked tensor of " # names # " with named extents">;

def Maek_FloatTensor : Maek_TensorOf<[F32, F64], "f32 or f64">;
def Maek_IntTensor : Maek_TensorOf<[I32], "i32">;
def Maek_IntScalar
    : ConfinedType<Maek_IntTensor,
                   [CPred<"::mlir::cast<::mlir::RankedTensorType>($_self)"
                          ".getRank() == 0">],
                   "scalar of i32">,
      BuildableType<"::mlir::RankedTensorType::get("
                    "{}, $_builder.getI32Type())">;
def Maek_BoolTensor : Maek_TensorOf<[I1], "i1">;
/// Codes of numbers, see `maek.quantize`: signed ones, and those from 0.
def Maek_CodeTensor : Maek_TensorOf<[I8, UI8], "i8 or ui8">;
/// What products read and what only moves elements moves; nothing else computes
/// with bf16 and with codes.
def Maek_ShortFloatTensor : Maek_TensorOf<[F32, F64, BF16], "f32, f64 or bf16">;
def Maek_FactorTensor
    : Maek_TensorOf<[F32, F64, BF16, I8, UI8], "f32, f64, bf16, i8 or ui8">;
def Maek_NumberTensor
    : Maek_TensorOf<[F32, F64, I32, I1], "f32, f64, i32 or i1">;
def Maek_Tensor
    : Maek_TensorOf<[F32, F64, BF16, I8, UI8, I32, I1],
                    "f32, f64, bf16, i8, ui8, i32 or i1">;

/// A signless 64-bit integer that reads as int64_t (I64Attr reads as uint64_t).
def Maek_IntAttr : SignlessIntegerAttrBase<I64, "64-bit integer"> {
  let returnType = "int64_t";
  let convertFromStorage = "$_self.getInt()";
  let constBuilderCall = "$_builder.getI64IntegerAttr($0)";
}

/// See ir/Rematerializable.h.
def Maek_TriviallyRematerializable
    : NativeOpTrait<"TriviallyRematerializable"> {
  let cppNamespace = "::maek";
}

/// See ir/Linear.h.
def Maek_Linear : NativeOpTrait<"Linear"> {
  let cppNamespace = "::maek";
}

class Maek_Op<string mnemonic, list<Trait> traits = []>
    : Op<Maek_Dialect, mnemonic, traits>;

#endif // MAEK_IR_MAEKOPBASE_TD
