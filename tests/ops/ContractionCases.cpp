// Part of Maek, under the MIT licence; see LICENSE.
#include "tests/ops/OpCase.h"

namespace maek::test {

static OpCase makeEinsum(const std::string &name, const std::string &equation,
                         const std::string &lhs, const std::string &rhs,
                         const std::string &result) {
  auto line = [&](const std::string &text) {
    return "maek.einsum \"" + text + "\" %a0, %a1 : " + lhs + ", " + rhs;
  };
  OpCase einsum;
  einsum.name = "einsum_" + name;
  einsum.arguments = {lhs, rhs};
  einsum.body = "%r0 = " + line(equation);
  einsum.results = {result};
  einsum.differentiable = {0, 1};
  return einsum;
}

static OpCase makeMatmul() {
  OpCase matmul = makeEinsum("matmul", "bk,nk->bn", "tensor<?x3xf64, #B>",
                             "tensor<4x3xf64>", "tensor<?x4xf64, #B>");
  auto line = [](const std::string &text) {
    return "%r = maek.einsum \"" + text +
           "\" %a0, %a1 : tensor<?x3xf64, #B>, tensor<4x3xf64>";
  };
  matmul.bad = {
      {line("bk,kn->bn"), "'k' is 3 in "},
      {line("bk,nk"), "expected 'lhs,rhs->result'"},
      {line("bk->bn"), "expected 'lhs,rhs->result'"},
      {line("bb,nk->bn"), "letter 'b' stands twice in the term 'bb'"},
      {line("b1,nk->bn"), "'1' is not a letter"},
      {line("bk,nk->bz"), "letter 'z' of the result is in no operand"},
      {line("bkz,nk->bn"), "'bkz' names 3 axes"},
      {line("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZa,nk->n"),
       "letter 'a' stands twice"},
  };
  return matmul;
}

static OpCase makeReduce(const std::string &kind) {
  const std::string line = "%r0 = maek.reduce " + kind + " %a0 dims ";
  const std::string type = " : tensor<?x3x4xf64, #B>";
  return {"reduce_" + kind,
          {"tensor<?x3x4xf64, #B>"},
          line + "[0, 2]" + type,
          {"tensor<3xf64>"},
          {0},
          {{line + "[2, 0]" + type, "reduce needs increasing axes"},
           {line + "[3]" + type, "reduce needs increasing axes"},
           {line + "[-1]" + type, "reduce needs increasing axes"},
           {"%r = maek.reduce mean %a0 dims [0]" + type,
            "attribute 'kind' [sum, max, min]"}}};
}

static OpCase makeArgmax() {
  return {"argmax",
          {"tensor<?x4xf64, #B>"},
          "%r0 = maek.argmax %a0 dim 1 : tensor<?x4xf64, #B>",
          {"tensor<?xi32, #B>"},
          {},
          {{"%r = maek.argmax %a0 dim 2 : tensor<?x4xf64, #B>",
            "argmax has no axis 2"},
           {"%c = maek.constant 0.0 : tensor<4x0xf64>\n"
            "%r = maek.argmax %c dim 1 : tensor<4x0xf64>",
            "argmax needs an element along axis 1"}}};
}

std::vector<OpCase> getContractionCases() {
  OpCase nan = {"reduce_max_nan",
                {"tensor<3xf64>"},
                "%r0 = maek.reduce max %a0 dims [0] : tensor<3xf64>",
                {"tensor<f64>"},
                {},
                {}};
  OpCase tie = {"argmax_tie",
                {"tensor<4xf64>"},
                "%r0 = maek.argmax %a0 dim 0 : tensor<4xf64>",
                {"tensor<i32>"},
                {},
                {}};
  return {makeMatmul(),
          makeEinsum("gates", "bk,gnk->bgn", "tensor<?x3xf64, #B>",
                     "tensor<2x4x3xf64>", "tensor<?x2x4xf64, #B>"),
          makeEinsum("steps", "tbk,gnk->tbgn", "tensor<?x?x2xf64, #TB>",
                     "tensor<2x2x2xf64>", "tensor<?x?x2x2xf64, #TB>"),
          makeEinsum("weights", "tbgn,tbk->gnk", "tensor<?x?x2x2xf64, #TB>",
                     "tensor<?x?x2xf64, #TB>", "tensor<2x2x2xf64>"),
          makeEinsum("outer", "a,b->ab", "tensor<2xf64>", "tensor<3xf64>",
                     "tensor<2x3xf64>"),
          makeEinsum("dot", "k,k->", "tensor<3xf64>", "tensor<3xf64>",
                     "tensor<f64>"),
          makeEinsum("lone", "bk,n->bn", "tensor<?x3xf64, #B>", "tensor<2xf64>",
                     "tensor<?x2xf64, #B>"),
          makeEinsum("scaled", "ab,->ba", "tensor<2x3xf64>", "tensor<f64>",
                     "tensor<3x2xf64>"),
          makeReduce("sum"),
          makeReduce("max"),
          makeReduce("min"),
          nan,
          makeArgmax(),
          tie};
}

} // namespace maek::test
