// Part of Maek, under the MIT licence; see LICENSE.
#include "tests/ops/OpCase.h"

namespace maek::test {

static OpCase makeBroadcast() {
  return {
      "broadcast",
      {"tensor<3xf64>", "tensor<?x3xf64, #B>"},
      "%r0 = maek.broadcast %a0 dims [1] : tensor<3xf64> -> "
      "tensor<?x3xf64, #B>",
      {"tensor<?x3xf64, #B>"},
      {0},
      {{"%r = maek.broadcast %a0 dims [0] : tensor<3xf64> -> "
        "tensor<?x3xf64, #B>",
        "maps axis 0 of size 3 to axis 0 of size B"},
       {"%r = maek.broadcast %a0 dims [] : tensor<3xf64> -> tensor<4x3xf64>",
        "needs one axis per operand axis"},
       {"%r = maek.broadcast %a0 dims [9223372036854775807] : "
        "tensor<3xf64> -> tensor<4x3xf64>",
        "has no axis 9223372036854775807"},
       {"%r = maek.broadcast %a1 dims [1, 0] : tensor<?x3xf64, #B> -> "
        "tensor<3x?xf64, #B>",
        "needs increasing axes"},
       {"%r = maek.broadcast %a0 dims [1] : tensor<3xf64> -> "
        "tensor<4x3xi32>",
        "keeps the element type"}}};
}

static OpCase makeBroadcastOuter() {
  return {"broadcast_outer",
          {"tensor<?xf64, #B>", "tensor<?x3xf64, #B>"},
          "%r0 = maek.broadcast %a0 dims [0] : tensor<?xf64, #B> -> "
          "tensor<?x3xf64, #B>",
          {"tensor<?x3xf64, #B>"},
          {0},
          {}};
}

static OpCase makeBroadcastScalar() {
  return {
      "broadcast_scalar",
      {"tensor<f64>", "tensor<?x3xf64, #B>"},
      "%r0 = maek.broadcast %a0 dims [] : tensor<f64> -> tensor<?x3xf64, #B>",
      {"tensor<?x3xf64, #B>"},
      {0},
      {}};
}

static OpCase makeTranspose() {
  return {"transpose",
          {"tensor<?x3x4xf64, #B>"},
          "%r0 = maek.transpose %a0 [2, 0, 1] : tensor<?x3x4xf64, #B>",
          {"tensor<4x?x3xf64, #B>"},
          {0},
          {{"%r = maek.transpose %a0 [0, 1] : tensor<?x3x4xf64, #B>",
            "the permutation has 2 axes, the operand 3"},
           {"%r = maek.transpose %a0 [0, 1, 1] : tensor<?x3x4xf64, #B>",
            "makes this no permutation"},
           {"%r = maek.transpose %a0 [0, 1, -1] : tensor<?x3x4xf64, #B>",
            "makes this no permutation"}}};
}

static OpCase makeReshape() {
  return {"reshape",
          {"tensor<?x3x4xf64, #B>"},
          "%r0 = maek.reshape %a0 : tensor<?x3x4xf64, #B> -> "
          "tensor<?x12xf64, #B>",
          {"tensor<?x12xf64, #B>"},
          {0},
          {{"%r = maek.reshape %a0 : tensor<?x3x4xf64, #B> -> tensor<24xf64>",
            "keeps the number of elements, found 12*B and 24"},
           {"%r = maek.reshape %a0 : tensor<?x3x4xf64, #B> -> "
            "tensor<4611686018427387904x4611686018427387904xf64>",
            "has too many elements"}}};
}

static OpCase makeConcat() {
  return {"concat",
          {"tensor<?x3xf64, #B>", "tensor<?x1xf64, #B>", "tensor<?x2xf64, #B>"},
          "%r0 = maek.concat %a0, %a1, %a2 dim 1 : tensor<?x3xf64, #B>, "
          "tensor<?x1xf64, #B>, tensor<?x2xf64, #B>",
          {"tensor<?x6xf64, #B>"},
          {0, 1, 2},
          {{"%r = maek.concat %a0, %a1 dim 0 : tensor<?x3xf64, #B>, "
            "tensor<?x1xf64, #B>",
            "concat needs static sizes along axis 0"},
           {"%r = maek.concat %a0, %a1 dim 2 : tensor<?x3xf64, #B>, "
            "tensor<?x1xf64, #B>",
            "concat has no axis 2"}}};
}

static OpCase makeSplit() {
  return {"split",
          {"tensor<?x6xf64, #B>"},
          "%r0, %r1, %r2 = maek.split %a0 dim 1 : tensor<?x6xf64, #B> -> "
          "tensor<?x3xf64, #B>, tensor<?x1xf64, #B>, tensor<?x2xf64, #B>",
          {"tensor<?x3xf64, #B>", "tensor<?x1xf64, #B>", "tensor<?x2xf64, #B>"},
          {0},
          {{"%r:2 = maek.split %a0 dim 1 : tensor<?x6xf64, #B> -> "
            "tensor<?x3xf64, #B>, tensor<?x1xf64, #B>",
            "cuts 6 into parts of 4 together"},
           {"%r = maek.split %a0 dim -1 : tensor<?x6xf64, #B> -> "
            "tensor<?x6xf64, #B>",
            "has no axis -1"}}};
}

static OpCase makeStack() {
  return {"stack",
          {"tensor<?x3xf64, #B>", "tensor<?x3xf64, #B>"},
          "%r0 = maek.stack %a0, %a1 dim 1 : tensor<?x3xf64, #B>, "
          "tensor<?x3xf64, #B>",
          {"tensor<?x2x3xf64, #B>"},
          {0, 1},
          {{"%r = maek.stack %a0, %a1 dim 3 : tensor<?x3xf64, #B>, "
            "tensor<?x3xf64, #B>",
            "stack cannot place axis 3"}}};
}

static OpCase makeUnstack() {
  return {"unstack",
          {"tensor<?x2x3xf64, #B>"},
          "%r0, %r1 = maek.unstack %a0 dim 1 : tensor<?x2x3xf64, #B>",
          {"tensor<?x3xf64, #B>", "tensor<?x3xf64, #B>"},
          {0},
          {{"%r = maek.unstack %a0 dim 0 : tensor<?x2x3xf64, #B>",
            "unstack needs a static axis 0"},
           {"%c = maek.constant 0.0 : tensor<9000000000xf64>\n"
            "%r = maek.unstack %c dim 0 : tensor<9000000000xf64>",
            "unstack gives at most 65536 results"}}};
}

static OpCase makeSlice() {
  return {"slice",
          {"tensor<?x3xf64, #T>"},
          "%r0 = maek.slice %a0 dim 0 offset 1 : tensor<?x3xf64, #T> -> "
          "tensor<2x3xf64>",
          {"tensor<2x3xf64>"},
          {0},
          {{"%r = maek.slice %a0 dim 1 offset 1 : tensor<?x3xf64, #T> -> "
            "tensor<?x3xf64, #T>",
            "range of 3 from 1 is outside of 3"},
           {"%r = maek.slice %a0 dim 1 offset -9223372036854775808 : "
            "tensor<?x3xf64, #T> -> tensor<?x1xf64, #T>",
            "is outside of 3"},
           {"%r = maek.slice %a0 dim 1 offset 9223372036854775807 : "
            "tensor<?x3xf64, #T> -> tensor<?x1xf64, #T>",
            "is outside of 3"},
           {"%r = maek.slice %a0 dim 0 offset -1 : tensor<?x3xf64, #T> -> "
            "tensor<2x3xf64>",
            "reads past the end: 2 elements from -1"}}};
}

static OpCase makeSliceLast() {
  return {"slice_last",
          {"tensor<?x3xf64, #T>"},
          "%r0 = maek.slice %a0 dim 0 offset -1 : tensor<?x3xf64, #T> -> "
          "tensor<1x3xf64>",
          {"tensor<1x3xf64>"},
          {0},
          {}};
}

static OpCase makeReverse() {
  return {
      "reverse",
      {"tensor<?x4x3xf64, #B>"},
      "%r0 = maek.reverse %a0 dim 1 : tensor<?x4x3xf64, #B>",
      {"tensor<?x4x3xf64, #B>"},
      {0},
      {{"%r = maek.reverse %a0 dim 3 : tensor<?x4x3xf64, #B>", "has no axis 3"},
       {"%r = maek.reverse %a0 dim -1 : tensor<?x4x3xf64, #B>",
        "has no axis -1"}}};
}

static OpCase makePad() {
  return {"pad",
          {"tensor<?x3xf64, #B>"},
          "%r0 = maek.pad %a0 dim 1 offset 1 : tensor<?x3xf64, #B> -> "
          "tensor<?x6xf64, #B>",
          {"tensor<?x6xf64, #B>"},
          {0},
          {{"%r = maek.pad %a0 dim 1 offset 1 : tensor<?x3xf64, #B> -> "
            "tensor<?x3xf64, #B>",
            "range of 3 from 1 is outside of 3"}}};
}

static OpCase makePadLast() {
  return {"pad_last",
          {"tensor<1x3xf64>", "tensor<?x3xf64, #T>"},
          "%r0 = maek.pad %a0 dim 0 offset -1 : tensor<1x3xf64> -> "
          "tensor<?x3xf64, #T>",
          {"tensor<?x3xf64, #T>"},
          {0},
          {}};
}

static OpCase makePack() {
  return {"pack",
          {"tensor<5x2xf64>"},
          "%r0 = maek.pack %a0 dim 0 width 4 order [1] : tensor<5x2xf64>",
          {"tensor<2x2x4xf64>"},
          {0},
          {{"%r = maek.pack %a0 dim 0 width 0 order [1] : tensor<5x2xf64>",
            "pack needs a static axis and a positive width"},
           {"%r = maek.pack %a0 dim 0 width 4 order [0] : tensor<5x2xf64>",
            "pack's order names axis 0 wrongly"},
           {"%r = maek.pack %a0 dim 0 width 4 order [] : tensor<5x2xf64>",
            "pack's order names 0 of 1 axes"}}};
}

static OpCase makeUnpack() {
  return {
      "unpack",
      {"tensor<2x2x4xf64>"},
      "%r0 = maek.unpack %a0 dim 0 width 4 order [1] : tensor<2x2x4xf64> -> "
      "tensor<5x2xf64>",
      {"tensor<5x2xf64>"},
      {0},
      {{"%r = maek.unpack %a0 dim 0 width 4 order [1] : tensor<2x2x4xf64> "
        "-> tensor<9x2xf64>",
        "undoes a pack to"}}};
}

std::vector<OpCase> getShapeCases() {
  return {makeBroadcast(), makeBroadcastOuter(), makeBroadcastScalar(),
          makeTranspose(), makeReshape(),        makeConcat(),
          makeSplit(),     makeStack(),          makeUnstack(),
          makeSlice(),     makeSliceLast(),      makePad(),
          makePadLast(),   makePack(),           makeUnpack(),
          makeReverse()};
}

} // namespace maek::test
