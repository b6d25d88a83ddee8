// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/Names.h"

#include "dsl/Arguments.h"
#include "dsl/Diagnostics.h"
#include "dsl/NameChecker.h"
#include "dsl/Program.h"
#include "dsl/Training.h"

#include "llvm/ADT/MapVector.h"

using namespace llvm;

namespace maek::dsl {

namespace {
/// Finds circles among the definitions by depth-first search.
class RecursionCheck {
public:
  RecursionCheck(const CallGraph &graph, Diagnostics &diagnostics)
      : graph(graph), diagnostics(diagnostics) {}

  bool run() {
    for (auto &[definition, calls] : graph)
      visit(definition);
    return !found;
  }

private:
  void visit(const Definition *definition);
  void report(const Definition *definition);

  const CallGraph &graph;
  Diagnostics &diagnostics;
  DenseSet<const Definition *> done;
  /// The way to here, and the calls along it.
  std::vector<const Definition *> path;
  std::vector<SMLoc> calls;
  bool found = false;
};
} // namespace

void RecursionCheck::report(const Definition *definition) {
  found = true;
  size_t first = llvm::find(path, definition) - path.begin();
  std::string chain;
  for (size_t i = first; i < path.size(); ++i)
    chain += path[i]->name.name.str() + " -> ";
  Diagnostic &error = diagnostics.error(definition->name.loc,
                                        "'" + definition->name.name +
                                            "' is defined by itself: " + chain +
                                            definition->name.name);
  for (size_t i = first; i < path.size(); ++i)
    error.note(calls[i],
               "'" + path[i]->name.name + "' uses '" +
                   (i + 1 < path.size() ? path[i + 1] : definition)->name.name +
                   "' here");
}

// Definitions are few and their chain is short: a chain is as long as the
// user wrote definitions. Still, it must not overflow the stack.
void RecursionCheck::visit(const Definition *definition) {
  constexpr size_t maxChain = 1000;
  if (done.contains(definition))
    return;
  if (llvm::is_contained(path, definition))
    return report(definition);
  auto it = graph.find(definition);
  if (it == graph.end())
    return;
  if (path.size() >= maxChain) {
    diagnostics.error(definition->name.loc,
                      "definitions use one another too deeply");
    found = true;
    return;
  }
  path.push_back(definition);
  for (auto &[callee, loc] : it->second) {
    calls.push_back(loc);
    visit(callee);
    calls.pop_back();
  }
  path.pop_back();
  done.insert(definition);
}

/// Warns of hyperparameters that change nothing. Those of another file's model
/// may be what its train block there reads.
static void checkHyperparameters(const Program &program, const Uses &uses,
                                 Diagnostics &diagnostics) {
  for (const Definition *definition : program.getUserDefinitions()) {
    bool isOwn =
        llvm::any_of(program.getMainFile().definitions,
                     [&](const auto &own) { return own.get() == definition; });
    if (definition->kind == DefinitionKind::Model && !isOwn)
      continue;
    for (const Formal &formal : definition->hyperparameters) {
      Identifier name = formal.name;
      bool isGiven =
          definition->kind == DefinitionKind::Optimizer && name.name == "lr";
      if (!isGiven && !name.name.starts_with("_") &&
          !uses.hyperparameters.contains(name.loc.getPointer()))
        warnUnused(name, "a hyperparameter", diagnostics);
    }
  }
}

bool checkNames(const Program &program, Diagnostics &diagnostics) {
  Uses uses;
  for (const Definition *definition : program.getDefinitions(false))
    NameChecker(program, diagnostics, uses).check(*definition);
  for (const Train &train : program.getMainFile().trains)
    checkTrain(train, program, diagnostics, uses);
  for (const Weights *weights : program.getWeights())
    checkWeights(*weights, program, diagnostics, uses);
  checkHyperparameters(program, uses, diagnostics);
  return RecursionCheck(uses.calls, diagnostics).run();
}

} // namespace maek::dsl
