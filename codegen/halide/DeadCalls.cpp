// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/DeadCalls.h"

#include <set>

using namespace Halide::Internal;
using Halide::Expr;

namespace maek::halide {
namespace {

/// The names of the functions that an expression calls.
class CalledNames : public IRGraphVisitor {
public:
  static std::set<std::string> of(const Expr &expr) {
    CalledNames called;
    expr.accept(&called);
    return called.names;
  }

private:
  using IRGraphVisitor::visit;
  void visit(const Call *call) override {
    if (call->call_type == Call::Halide)
      names.insert(call->name);
    IRGraphVisitor::visit(call);
  }
  std::set<std::string> names;
};

/// Leaves alone what loses no call: what the schedules look for stays there.
void dropDeadCalls(Definition &definition) {
  for (Expr &value : definition.values()) {
    std::set<std::string> called = CalledNames::of(value);
    if (called.empty())
      continue;
    Expr simple = simplify(value);
    if (CalledNames::of(simple) != called)
      value = simple;
  }
}

} // namespace

Functions dropDeadCalls(const std::vector<Halide::Func> &outputs) {
  std::vector<Function> functions;
  for (const Halide::Func &func : outputs)
    functions.push_back(func.function());
  for (auto &[name, function] : build_environment(functions)) {
    dropDeadCalls(function.definition());
    for (size_t i = 0; i < function.updates().size(); ++i)
      dropDeadCalls(function.update(int(i)));
  }
  return build_environment(functions);
}

} // namespace maek::halide
