// Part of Maek, under the MIT licence; see LICENSE.
#include "tests/support/Gradients.h"

#include "tests/support/TestModule.h"

#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace mlir;

namespace maek::test {

static std::string number(const std::string &prefix, size_t i) {
  return prefix + std::to_string(i);
}

/// "%a0, %a1: with their types", in one text.
static std::string list(const std::string &prefix,
                        const std::vector<std::string> &types, bool typed) {
  std::string text;
  for (auto [i, type] : llvm::enumerate(types))
    text += (i ? ", " : "") + number(prefix, i) + (typed ? ": " + type : "");
  return text;
}

static std::string join(const std::vector<std::string> &texts) {
  return llvm::join(texts, ", ");
}

/// A module whose function gives the results themselves.
static std::string makeResults(const GradientProblem &problem) {
  return problem.aliases + "func.func @results(" +
         list("%a", problem.arguments, true) + ") -> (" +
         join(problem.results) + ") {\n" + problem.body + "\nreturn " +
         list("%r", problem.results, false) + " : " + join(problem.results) +
         "\n}\n";
}

/// Adds `Σ %r[i] * %w[i]` over the float results, of these ranks, to `body`;
/// the weights keep symmetries from hiding an error. Gives the sum's name.
static std::string addWeightedSum(std::string &body,
                                  const GradientProblem &problem,
                                  ArrayRef<Tensor> results) {
  std::string sum = "%zero";
  body += "\n%zero = maek.constant 0.0 : tensor<f64>\n";
  for (auto [i, type] : llvm::enumerate(problem.results)) {
    if (!StringRef(type).contains("f64"))
      continue;
    std::string dims;
    for (int64_t axis = 0; axis < results[i].rank(); ++axis)
      dims += (axis ? ", " : "") + std::to_string(axis);
    body += number("%p", i) + " = maek.mul " + number("%r", i) + ", " +
            number("%w", i) + " : " + type + "\n" + number("%q", i) +
            " = maek.reduce sum " + number("%p", i) + " dims [" + dims +
            "] : " + type + "\n" + number("%t", i) + " = maek.add " + sum +
            ", " + number("%q", i) + " : tensor<f64>\n";
    sum = number("%t", i);
  }
  return sum;
}

/// The module with @value and @gradient, of the arguments and the weights.
static std::string makeGradient(const GradientProblem &problem,
                                ArrayRef<Tensor> results) {
  std::string body = problem.body;
  std::string sum = addWeightedSum(body, problem, results);
  std::vector<std::string> parameters, types, gradients;
  for (auto [i, which] : llvm::enumerate(problem.differentiable)) {
    parameters.push_back(number("%a", which));
    types.push_back(problem.arguments[which]);
    gradients.push_back(number("%g#", i));
  }
  std::string arguments = list("%a", problem.arguments, true) + ", " +
                          list("%w", problem.results, true);
  return problem.aliases + "func.func @value(" + arguments +
         ") -> tensor<f64> {\n" + body + "return " + sum +
         " : tensor<f64>\n}\nfunc.func @gradient(" + arguments + ") -> (" +
         join(types) + ") {\n" + body + number("%g:", types.size()) +
         " = maek.gradient " + sum + " wrt(" + join(parameters) +
         ") : tensor<f64>, " + join(types) + "\nreturn " + join(gradients) +
         " : " + join(types) + "\n}\n";
}

FailureOr<Tensor> differentiateNumerically(func::FuncOp function,
                                           std::vector<Tensor> inputs,
                                           unsigned argument) {
  auto valueAt = [&](double &element, double at) -> FailureOr<double> {
    element = at;
    auto results = interpret(function, inputs);
    if (failed(results))
      return failure();
    return results->front()[{}];
  };
  Tensor gradient(inputs[argument].shape);
  for (auto [element, derivative] :
       llvm::zip(inputs[argument].elements, gradient.elements)) {
    const double at = element, step = 1e-5 * std::max(1.0, std::abs(at));
    FailureOr<double> above = valueAt(element, at + step);
    FailureOr<double> below = valueAt(element, at - step);
    element = at;
    if (failed(above) || failed(below))
      return failure();
    derivative = (*above - *below) / ((at + step) - (at - step));
  }
  return gradient;
}

std::string checkGradient(MLIRContext &context, const GradientProblem &problem,
                          const std::vector<Tensor> &inputs) {
  auto forward = parseModule(context, makeResults(problem));
  if (!forward)
    return "the problem does not parse";
  auto results =
      interpret(forward->lookupSymbol<func::FuncOp>("results"), inputs);
  if (failed(results))
    return "the problem cannot be interpreted";
  std::vector<Tensor> arguments = inputs;
  for (auto [i, result] : llvm::enumerate(*results)) {
    Tensor &weights = arguments.emplace_back(Index(result.shape));
    for (auto [j, weight] : llvm::enumerate(weights.elements))
      weight = 2 * randomNumber(7, number("weight", i), j) - 1;
  }
  auto module = parseModule(context, makeGradient(problem, *results));
  if (!module || failed(runPasses(*module, problem.pipeline)))
    return "the gradient cannot be expanded";
  auto gradients =
      interpret(module->lookupSymbol<func::FuncOp>("gradient"), arguments);
  if (failed(gradients))
    return "the gradient cannot be interpreted";
  NamedTensors actual, expected;
  for (auto [i, which] : llvm::enumerate(problem.differentiable)) {
    FailureOr<Tensor> numeric = differentiateNumerically(
        module->lookupSymbol<func::FuncOp>("value"), arguments, which);
    if (failed(numeric))
      return "the value cannot be interpreted";
    std::string name = number("gradient of %a", which);
    actual.emplace_back(name, (*gradients)[i]);
    expected.emplace_back(name, std::move(*numeric));
  }
  return describeDifference(actual, expected, 1e-5);
}

} // namespace maek::test
