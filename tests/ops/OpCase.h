// Part of Maek, under the MIT licence; see LICENSE.
// What is tested of one op: its forward results against ONNX's, its gradients
// against finite differences, and what its verifier refuses.
#ifndef MAEK_TESTS_OPS_OPCASE_H
#define MAEK_TESTS_OPS_OPCASE_H

#include <ostream>
#include <string>
#include <vector>

namespace maek::test {

/// IR that must be refused with an error that contains `message`.
struct BadInput {
  std::string body, message;
};

struct OpCase {
  /// The case's name here and in tests/golden/ops/onnx.json, whose inputs it
  /// runs on.
  std::string name;
  /// Types of the arguments %a0, %a1, ... with the aliases #B, #T and #TB for
  /// `#maek.dims<B>`, `#maek.dims<T>` and `#maek.dims<T, B>`.
  std::vector<std::string> arguments;
  /// The op: computes %r0, %r1, ... from the arguments.
  std::string body;
  /// Types of %r0, %r1, ...
  std::vector<std::string> results;
  /// The arguments whose gradients are checked.
  std::vector<unsigned> differentiable;
  /// Bodies of functions with the same arguments, each with its error.
  std::vector<BadInput> bad;
};

inline void PrintTo(const OpCase &op, std::ostream *stream) {
  *stream << op.name;
}

std::vector<OpCase> getContractionCases();
std::vector<OpCase> getElementwiseCases();
std::vector<OpCase> getIndexingCases();
std::vector<OpCase> getShapeCases();
std::vector<OpCase> getStructureCases();
std::vector<OpCase> getWindowCases();

} // namespace maek::test

#endif // MAEK_TESTS_OPS_OPCASE_H
