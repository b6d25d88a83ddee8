// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/ThreadRegisters.h"

#include <map>
#include <optional>
#include <set>

using namespace Halide;
using namespace Halide::Internal;

namespace maek::halide {

namespace {

/// A place as constant + what the thread adds to it; vectors have several.
struct Place {
  int64_t first;
  int lanes;
  Expr ofThread;
};

/// The places at which an allocation is accessed. See Note [Sums across
/// barriers].
class Places : public IRGraphVisitor {
public:
  explicit Places(const std::string &allocation) : allocation(allocation) {}

  bool hasThreads() const { return !threads.empty(); }
  bool isThread(const std::string &name) const { return threads.count(name); }
  Place take(const Expr &index) const;
  /// The new place of each constant.
  std::map<int64_t, int> number() const;

private:
  using IRGraphVisitor::visit;
  void visit(const For *loop) override;
  void visit(const Let *let) override { visitLet(let); }
  void visit(const LetStmt *let) override { visitLet(let); }
  void visit(const Load *load) override;
  void visit(const Store *store) override;
  template <typename LetOrLetStmt>
  void visitLet(const LetOrLetStmt *let);
  void add(const Expr &index);
  Expr expand(const Expr &expr) const;
  void checkDisjoint() const;

  std::string allocation;
  std::map<std::string, int64_t> threads;
  /// Definitions, without the names of others.
  std::map<std::string, Expr> definitions;
  std::set<int64_t> constants;
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

Place Places::take(const Expr &index) const {
  Expr base = expand(index);
  int lanes = 1;
  if (const auto *ramp = base.as<Ramp>()) {
    if (!is_const_one(ramp->stride))
      fail(allocation);
    lanes = ramp->lanes;
    base = ramp->base;
  }
  std::map<std::string, Expr> none;
  for (const auto &[name, size] : threads)
    none[name] = 0;
  Expr ofNone = simplify(substitute(none, base));
  auto first = as_const_int(ofNone);
  if (!first)
    fail(allocation);
  return {*first, lanes, simplify(base - ofNone)};
}

void Places::add(const Expr &index) {
  Place place = take(index);
  if (!ofThread.defined())
    ofThread = place.ofThread;
  if (!is_const_zero(simplify(ofThread - place.ofThread)))
    fail(allocation);
  for (int lane = 0; lane < place.lanes; ++lane)
    constants.insert(place.first + lane);
}

void Places::visit(const Load *load) {
  if (load->name == allocation)
    add(load->index);
  IRGraphVisitor::visit(load);
}

void Places::visit(const Store *store) {
  if (store->name == allocation)
    add(store->index);
  IRGraphVisitor::visit(store);
}

/// Goes through all threads.
void Places::checkDisjoint() const {
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

std::map<int64_t, int> Places::number() const {
  if (!ofThread.defined())
    return {};
  checkDisjoint();
  std::map<int64_t, int> numbers;
  for (int64_t constant : constants)
    numbers.emplace(constant, int(numbers.size()));
  return numbers;
}

namespace {

/// Accesses the thread's own elements.
class Renumber : public IRMutator {
public:
  Renumber(const std::string &allocation, const Places &places)
      : allocation(allocation), places(places), numbers(places.number()) {}
  int count() const { return int(numbers.size()); }

private:
  using IRMutator::visit;
  Expr getIndex(const Expr &index) const {
    Place place = places.take(index);
    int first = numbers.at(place.first);
    if (place.lanes == 1)
      return first;
    return Ramp::make(first, 1, place.lanes);
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
};

} // namespace

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
