// Part of Maek, under the MIT licence; see LICENSE.
#include "tests/ops/OpCase.h"

namespace maek::test {

static const std::string kMatrix = "tensor<?x3xf64, #B>";

static OpCase makeUnary(const std::string &name, bool grad = true) {
  OpCase unary;
  unary.name = name;
  unary.arguments = {kMatrix};
  unary.body = "%r0 = maek." + name + " %a0 : " + kMatrix;
  unary.results = {kMatrix};
  if (grad)
    unary.differentiable = {0};
  unary.bad = {
      {"%i = maek.iota 0 : tensor<2xi32>\n%r = \"maek." + name +
           "\"(%i) : (tensor<2xi32>) -> tensor<2xi32>",
       name == "stop_gradient" ? "" : "must be ranked tensor of f32 or f64"},
      {"%r = \"maek." + name + "\"(%a0) : (" + kMatrix + ") -> tensor<2x3xf64>",
       "have same type"}};
  if (name == "stop_gradient")
    unary.bad.erase(unary.bad.begin());
  return unary;
}

static OpCase makeBinary(const std::string &op, const std::string &variant = "",
                         const std::string &type = kMatrix) {
  OpCase binary;
  binary.name = op + variant;
  binary.arguments = {type, type};
  binary.body = "%r0 = maek." + op + " %a0, %a1 : " + type;
  binary.results = {type};
  if (variant.empty())
    binary.differentiable = {0, 1};
  binary.bad = {{"%c = maek.constant 1.0 : tensor<2x3xf64>\n%r = \"maek." + op +
                     "\"(%a0, %c) : (" + type + ", tensor<2x3xf64>) -> " + type,
                 "have same type"}};
  return binary;
}

static OpCase makeCompare(const std::string &predicate) {
  OpCase compare;
  compare.name = "compare_" + predicate;
  compare.arguments = {"tensor<7xf64>", "tensor<7xf64>"};
  compare.body = "%r0 = maek.compare " + predicate +
                 " %a0, %a1 : tensor<7xf64> -> tensor<7xi1>";
  compare.results = {"tensor<7xi1>"};
  compare.bad = {{"%r = maek.compare less %a0, %a1 : tensor<7xf64> -> "
                  "tensor<7xi1>",
                  "attribute 'predicate' [eq, ne, lt, le, gt, ge]"},
                 {"%r = maek.compare lt %a0, %a1 : tensor<7xf64> -> "
                  "tensor<6xi1>",
                  "must have the same shape"}};
  return compare;
}

static OpCase makeConvert(const std::string &from, const std::string &to,
                          const std::string &shape) {
  OpCase convert;
  convert.name = "convert_" + from + "_" + to;
  std::string source = "tensor<" + shape + from + ">";
  std::string result = "tensor<" + shape + to + ">";
  convert.arguments = {source};
  convert.body = "%r0 = maek.convert %a0 : " + source + " -> " + result;
  convert.results = {result};
  if (from == "f64" && to == "f64")
    convert.differentiable = {0};
  convert.bad = {
      {"%r = maek.convert %a0 : " + source + " -> tensor<9x" + to + ">",
       "must have the same shape"},
      {"%r = maek.convert %a0 : " + source + " -> tensor<" + shape + "i16>",
       "must be ranked tensor of"}};
  return convert;
}

static OpCase makeSelect() {
  OpCase select;
  select.name = "select";
  select.arguments = {"tensor<?x3xi1, #B>", kMatrix, kMatrix};
  select.body =
      "%r0 = maek.select %a0, %a1, %a2 : tensor<?x3xi1, #B>, " + kMatrix;
  select.results = {kMatrix};
  select.differentiable = {1, 2};
  select.bad = {{"%c = maek.constant 1.0 : tensor<3xi1>\n%r = maek.select %c, "
                 "%a1, %a2 : tensor<3xi1>, " +
                     kMatrix,
                 "must have the same shape"}};
  return select;
}

static OpCase makeConstant() {
  OpCase constant;
  constant.name = "constant";
  constant.arguments = {kMatrix};
  constant.body = "%r0 = maek.constant 0.25 : " + kMatrix;
  constant.results = {kMatrix};
  constant.bad = {
      {"%r = maek.constant 0.5 : tensor<3xi32>", "has no value"},
      {"%r = maek.constant 2.0 : tensor<3xi1>", "has no value"},
      {"%r = maek.constant 3.0e9 : tensor<3xi32>", "has no value"},
      {"%r = maek.constant 1.0 : f64", "must be ranked tensor"},
      {"%r = maek.constant 1.0 : tensor<?xf64>", "with named extents"}};
  return constant;
}

static OpCase makeIota() {
  OpCase iota;
  iota.name = "iota";
  iota.arguments = {kMatrix};
  iota.body = "%r0 = maek.iota 1 : tensor<?x3xi32, #B>";
  iota.results = {"tensor<?x3xi32, #B>"};
  iota.bad = {{"%r = maek.iota 2 : tensor<2x3xi32>", "has no axis 2"},
              {"%r = maek.iota -1 : tensor<2x3xi32>", "has no axis -1"},
              {"%r = maek.iota 0 : tensor<i32>", "has no axis 0"}};
  return iota;
}

static OpCase makeExtent() {
  OpCase extent;
  extent.name = "extent";
  extent.arguments = {kMatrix};
  extent.body = "%r0 = maek.extent \"B\" : tensor<f64>";
  extent.results = {"tensor<f64>"};
  extent.bad = {
      {"%r = maek.extent \"4\" : tensor<f64>", "needs a sorted product"},
      {"%r = maek.extent \"T*B\" : tensor<f64>", "needs a sorted product"},
      {"%r = maek.extent \"\" : tensor<f64>", "needs a sorted product"},
      {"%r = maek.extent \"B\" : tensor<1xf64>", "gives a scalar"}};
  return extent;
}

std::vector<OpCase> getElementwiseCases() {
  std::vector<OpCase> cases;
  for (const char *name : {"neg", "exp", "log", "log1p", "tanh", "sigmoid",
                           "sqrt", "sin", "cos", "erf"})
    cases.push_back(makeUnary(name));
  cases.push_back(makeUnary("stop_gradient", /*grad=*/false));
  for (const char *name : {"add", "sub", "mul", "div", "pow", "max", "min"})
    cases.push_back(makeBinary(name));
  cases.push_back(makeBinary("max", "_special", "tensor<6xf64>"));
  cases.push_back(makeBinary("min", "_special", "tensor<6xf64>"));
  for (const char *predicate : {"eq", "ne", "lt", "le", "gt", "ge"})
    cases.push_back(makeCompare(predicate));
  OpCase integers = makeCompare("eq");
  integers.name = "compare_i32";
  integers.arguments = {"tensor<2x3xi32>", "tensor<2x3xi32>"};
  integers.body =
      "%r0 = maek.compare eq %a0, %a1 : tensor<2x3xi32> -> tensor<2x3xi1>";
  integers.results = {"tensor<2x3xi1>"};
  integers.bad.clear();
  cases.push_back(integers);
  cases.push_back(makeSelect());
  cases.push_back(makeConvert("f64", "i32", "5x"));
  cases.push_back(makeConvert("f64", "i1", "3x"));
  cases.push_back(makeConvert("i1", "f64", "2x3x"));
  cases.push_back(makeConvert("i32", "f64", "2x3x"));
  cases.push_back(makeConvert("f64", "f64", "2x3x"));
  cases.push_back(makeConstant());
  cases.push_back(makeIota());
  cases.push_back(makeExtent());
  return cases;
}

} // namespace maek::test
