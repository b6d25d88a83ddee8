// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/ThreadRegisters.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

using namespace Halide;
using namespace Halide::Internal;

namespace maek::halide {

namespace {

/// Threads, by the names of their loops, of which there is but one: under a
/// condition that is true of no other, their loops' variables are numbers.
using Known = std::map<std::string, Expr>;

/// An access of as many places as `lanes`, one behind another.
struct Access {
  Expr base;
  int lanes;
  Known known;
};

/// The places at which an allocation is accessed. See Note [Sums across
/// barriers].
class Places : public IRGraphVisitor {
public:
  explicit Places(const std::string &allocation) : allocation(allocation) {}

  bool hasThreads() const { return !threads.empty(); }
  /// What is known where the condition is true, and more of the outside.
  Known learn(const Expr &condition, Known known) const;
  Access take(const Expr &index, const Known &known) const;
  /// The place of an access as seen by each thread: a constant beside what the
  /// thread adds to it.
  int64_t getConstant(const Access &access) const;
  /// The new place of each constant.
  std::map<int64_t, int> number();

private:
  using IRGraphVisitor::visit;
  void visit(const For *loop) override;
  void visit(const Let *let) override { visitLet(let); }
  void visit(const LetStmt *let) override { visitLet(let); }
  void visit(const IfThenElse *branch) override;
  void visit(const Load *load) override;
  void visit(const Store *store) override;
  template <typename LetOrLetStmt>
  void visitLet(const LetOrLetStmt *let);
  Expr expand(const Expr &expr) const;
  void checkDisjoint(const std::set<int64_t> &constants) const;

  std::string allocation;
  std::map<std::string, int64_t> threads;
  /// Definitions, without the names of others.
  std::map<std::string, Expr> definitions;
  std::vector<Access> accesses;
  Known known;
  Expr ofThread;
};

} // namespace

[[noreturn]] static void fail(const std::string &allocation) {
  throw CompileError("the threads of a block share '" + allocation +
                     "', which is scheduled to registers");
}

Expr Places::expand(const Expr &expr) const {
  return substitute(definitions, expr);
}

template <typename LetOrLetStmt>
void Places::visitLet(const LetOrLetStmt *let) {
  let->value.accept(this);
  if (let->value.type().is_int())
    definitions[let->name] = expand(let->value);
  let->body.accept(this);
}

void Places::visit(const For *loop) {
  if (loop->for_type == ForType::GPUThread) {
    auto size = as_const_int(simplify(expand(loop->extent)));
    if (!size)
      fail(allocation);
    threads[loop->name] = *size;
  }
  IRGraphVisitor::visit(loop);
}

Known Places::learn(const Expr &condition, Known known) const {
  Expr expanded = expand(condition);
  for (const auto &[name, size] : threads) {
    if (known.count(name) || !expr_uses_var(expanded, name))
      continue;
    std::vector<int64_t> possible;
    for (int64_t i = 0; i < size && possible.size() < 2; ++i)
      if (!is_const_zero(
              simplify(substitute(name, Expr(int32_t(i)), expanded))))
        possible.push_back(i);
    if (possible.size() == 1)
      known[name] = Expr(int32_t(possible.front()));
  }
  return known;
}

void Places::visit(const IfThenElse *branch) {
  branch->condition.accept(this);
  Known outside = known;
  known = learn(branch->condition, outside);
  branch->then_case.accept(this);
  known = learn(!branch->condition, outside);
  if (branch->else_case.defined())
    branch->else_case.accept(this);
  known = outside;
}

Access Places::take(const Expr &index, const Known &known) const {
  Access access{expand(index), 1, known};
  if (const auto *ramp = access.base.as<Ramp>()) {
    if (!is_const_one(ramp->stride))
      fail(allocation);
    access.lanes = ramp->lanes;
    access.base = Expr(ramp->base);
  }
  return access;
}

int64_t Places::getConstant(const Access &access) const {
  Expr difference = simplify(substitute(access.known, access.base - ofThread));
  auto constant = as_const_int(difference);
  if (!constant)
    fail(allocation);
  return *constant;
}

void Places::visit(const Load *load) {
  if (load->name == allocation)
    accesses.push_back(take(load->index, known));
  IRGraphVisitor::visit(load);
}

void Places::visit(const Store *store) {
  if (store->name == allocation)
    accesses.push_back(take(store->index, known));
  IRGraphVisitor::visit(store);
}

/// Goes through all threads.
void Places::checkDisjoint(const std::set<int64_t> &constants) const {
  std::vector<Expr> starts{ofThread};
  for (const auto &[name, size] : threads) {
    std::vector<Expr> all;
    for (const Expr &start : starts)
      for (int64_t i = 0; i < (expr_uses_var(start, name) ? size : 1); ++i)
        all.push_back(substitute(name, Expr(int32_t(i)), start));
    starts = all;
  }
  std::set<int64_t> taken;
  for (const Expr &start : starts) {
    auto value = as_const_int(simplify(start));
    if (!value)
      fail(allocation);
    for (int64_t constant : constants)
      if (!taken.insert(*value + constant).second)
        fail(allocation);
  }
}

std::map<int64_t, int> Places::number() {
  if (accesses.empty())
    return {};
  // What a thread adds shows where nothing is known of it.
  auto any = std::find_if(accesses.begin(), accesses.end(),
                          [](const Access &one) { return one.known.empty(); });
  if (any == accesses.end())
    fail(allocation);
  std::map<std::string, Expr> none;
  for (const auto &[name, size] : threads)
    none[name] = 0;
  ofThread = simplify(any->base - substitute(none, any->base));
  std::set<int64_t> constants;
  for (const Access &access : accesses)
    for (int lane = 0; lane < access.lanes; ++lane)
      constants.insert(getConstant(access) + lane);
  checkDisjoint(constants);
  std::map<int64_t, int> numbers;
  for (int64_t constant : constants)
    numbers.emplace(constant, int(numbers.size()));
  return numbers;
}

namespace {

/// Accesses the thread's own elements.
class Renumber : public IRMutator {
public:
  Renumber(const std::string &allocation, Places &places)
      : allocation(allocation), places(places), numbers(places.number()) {}
  int count() const { return int(numbers.size()); }

private:
  using IRMutator::visit;
  Expr getIndex(const Expr &index) const {
    Access access = places.take(index, known);
    int first = numbers.at(places.getConstant(access));
    if (access.lanes == 1)
      return first;
    return Ramp::make(first, 1, access.lanes);
  }
  Stmt visit(const IfThenElse *branch) override {
    Expr condition = mutate(branch->condition);
    Known outside = known;
    known = places.learn(branch->condition, outside);
    Stmt thenCase = mutate(branch->then_case);
    known = places.learn(!branch->condition, outside);
    Stmt elseCase =
        branch->else_case.defined() ? mutate(branch->else_case) : Stmt();
    known = outside;
    return IfThenElse::make(condition, thenCase, elseCase);
  }
  Expr visit(const Load *load) override {
    if (load->name != allocation)
      return IRMutator::visit(load);
    return Load::make(load->type, load->name, getIndex(load->index),
                      load->image, load->param, mutate(load->predicate),
                      ModulusRemainder());
  }
  Stmt visit(const Store *store) override {
    if (store->name != allocation)
      return IRMutator::visit(store);
    return Store::make(store->name, mutate(store->value),
                       getIndex(store->index), store->param,
                       mutate(store->predicate), ModulusRemainder());
  }

  const std::string &allocation;
  const Places &places;
  std::map<int64_t, int> numbers;
  Known known;
};

} // namespace

static const char *const kHidden = "maek_hidden";

Expr hideCondition(const Expr &condition) {
  return Call::make(condition.type(), kHidden, {condition}, Call::PureExtern);
}

Expr ThreadRegisters::visit(const Call *call) {
  if (call->name == kHidden)
    return mutate(call->args.front());
  return IRMutator::visit(call);
}

Stmt ThreadRegisters::visit(const Allocate *allocate) {
  if (allocate->memory_type != MemoryType::Register)
    return IRMutator::visit(allocate);
  Places places(allocate->name);
  allocate->body.accept(&places);
  if (!places.hasThreads())
    return IRMutator::visit(allocate);
  Renumber renumber(allocate->name, places);
  Stmt body = mutate(renumber.mutate(allocate->body));
  return Allocate::make(allocate->name, allocate->type, allocate->memory_type,
                        {Expr(renumber.count())}, allocate->condition, body);
}

} // namespace maek::halide
