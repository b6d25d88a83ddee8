// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/LoadsFirst.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace Halide;
using namespace Halide::Internal;

namespace maek::halide {

namespace {

/// The names of the buffers that expressions load from.
class LoadedBuffers : public IRGraphVisitor {
public:
  bool contains(llvm::StringRef name) const { return names.contains(name); }

private:
  using IRGraphVisitor::visit;
  void visit(const Load *load) override {
    names.insert(load->name);
    IRGraphVisitor::visit(load);
  }

  llvm::StringSet<> names;
};

/// Definitions and stores without control flow between them.
class StraightLine {
public:
  /// Appends what `stmt` does; false if it does anything else.
  bool add(Stmt stmt);
  /// Whether there are several stores, none of which gives what another loads.
  bool isParallel() const;
  Stmt build() const;

private:
  std::vector<std::pair<std::string, Expr>> definitions;
  std::vector<const Store *> stores;
  /// Keeps what was renamed.
  std::vector<Stmt> owned;
  llvm::StringSet<> names;
  LoadedBuffers loaded;
};

} // namespace

bool StraightLine::add(Stmt stmt) {
  owned.push_back(stmt);
  if (const auto *block = stmt.as<Block>())
    return add(block->first) && add(block->rest);
  if (const auto *store = stmt.as<Store>()) {
    store->value.accept(&loaded);
    stores.push_back(store);
    return true;
  }
  const auto *let = stmt.as<LetStmt>();
  if (!let)
    return false;
  Stmt body = let->body;
  std::string name = let->name;
  // All of them are in one scope now.
  if (!names.insert(name).second) {
    name = unique_name(name);
    body = substitute(let->name, Variable::make(let->value.type(), name), body);
  }
  let->value.accept(&loaded);
  definitions.emplace_back(name, let->value);
  return add(body);
}

bool StraightLine::isParallel() const {
  return stores.size() > 1 && llvm::none_of(stores, [&](const Store *store) {
           return loaded.contains(store->name);
         });
}

Stmt StraightLine::build() const {
  std::vector<Expr> parts;
  for (const Store *store : stores)
    parts.push_back(store->value);
  // One expression, the definitions in it, so that what several values load is
  // one node.
  Expr all = Call::make(parts.front().type(), Call::bundle, parts,
                        Call::PureIntrinsic);
  for (const auto &[name, value] : llvm::reverse(definitions))
    all = Let::make(name, value, all);
  all = common_subexpression_elimination(all);
  std::vector<std::pair<std::string, Expr>> lets = definitions;
  while (const auto *let = all.as<Let>()) {
    lets.emplace_back(let->name, let->value);
    all = let->body;
  }
  std::vector<Stmt> ordered;
  const auto *values = all.as<Call>();
  for (auto [store, value] : llvm::zip_equal(stores, values->args)) {
    std::string name = unique_name("stored");
    lets.emplace_back(name, value);
    ordered.push_back(Store::make(
        store->name, Variable::make(value.type(), name), store->index,
        store->param, store->predicate, store->alignment));
  }
  Stmt result = Block::make(ordered);
  for (const auto &[name, value] : llvm::reverse(lets))
    result = LetStmt::make(name, value, result);
  return result;
}

Stmt LoadsFirst::visit(const Block *block) {
  StraightLine line;
  if (line.add(block) && line.isParallel())
    return line.build();
  return IRMutator::visit(block);
}

} // namespace maek::halide
