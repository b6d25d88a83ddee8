// Part of Maek, under the MIT licence; see LICENSE.
// maek-rematerialize: what a kernel stores for others' elementwise work alone,
// and they can compute from what it stores anyway, they compute again.
#include "passes/KernelOps.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/Rewriting.h"

#include "ir/DeadOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace maek {
#define GEN_PASS_DEF_REMATERIALIZE
#include "passes/Passes.h.inc"

namespace {

constexpr llvm::StringLiteral kPass = "rematerialize";

/// One kernel and the results that it need not store.
class Rematerializer {
public:
  explicit Rematerializer(KernelOp kernel)
      : kernel(kernel), body(kernel.getBody().front()),
        yielded(body.getTerminator()->getOperands()) {}

  /// The number of results that are computed again.
  unsigned run();

private:
  /// Ops of the body that make a value, in no order.
  using Chain = llvm::SetVector<Operation *>;

  bool isFree(OpResult result) const;
  bool isForElementwise(Value result, KernelOp consumer) const;
  bool collect(Value value, Chain &chain, llvm::SetVector<Value> &read) const;
  bool hasRoom(OpResult result, const Chain &chain);
  void choose();
  void computeIn(KernelOp consumer);
  void shrink();

  KernelOp kernel;
  Block &body;
  SmallVector<Value> yielded;
  /// What stays a result, by the body's value; and what does not.
  llvm::MapVector<Value, Value> kept;
  struct Dropped {
    OpResult result;
    Chain chain;
  };
  llvm::MapVector<Value, Dropped> dropped;
  /// What is computed again in each consumer.
  llvm::DenseMap<Operation *, Chain> added;
};

} // namespace

/// Whether what the consumer makes of the result is elementwise to the end:
/// nothing in there reads it, or what is made of it, more than once.
bool Rematerializer::isForElementwise(Value result, KernelOp consumer) const {
  llvm::DenseSet<Value> derived{result};
  for (Operation &op : consumer.getBody().front().without_terminator()) {
    if (llvm::none_of(op.getOperands(),
                      [&](Value used) { return derived.contains(used); }))
      continue;
    if (!isElementwise(&op))
      return false;
    derived.insert(op.result_begin(), op.result_end());
  }
  return true;
}

/// Whether other kernels' elementwise work alone reads the result.
bool Rematerializer::isFree(OpResult result) const {
  return !result.use_empty() &&
         llvm::all_of(result.getUsers(), [&](Operation *user) {
           auto consumer = dyn_cast<KernelOp>(user->getParentOp());
           return consumer && !isa<YieldOp>(user) &&
                  consumer->getBlock() == kernel->getBlock() &&
                  isForElementwise(result, consumer);
         });
}

/// Adds what makes `value` from kept results, and the values of full size that
/// it reads. False if it needs something else.
bool Rematerializer::collect(Value value, Chain &chain,
                             llvm::SetVector<Value> &read) const {
  constexpr size_t longest = 24;
  SmallVector<Value> open{value};
  while (!open.empty()) {
    Value next = open.pop_back_val();
    if (kept.contains(next)) {
      read.insert(next);
      continue;
    }
    Operation *op = next.getDefiningOp();
    if (!op || op->getBlock() != &body) {
      // From outside: a bias or a scale, which is read many times.
      if (getRank(next.getType()) >= getRank(value.getType()))
        return false;
      continue;
    }
    if (!isPointwise(op))
      return false;
    if (!chain.insert(op))
      continue;
    if (chain.size() > longest)
      return false;
    llvm::append_range(open, op->getOperands());
  }
  return true;
}

/// Whether the consumers' kernels may hold the chain, too. Then they will.
bool Rematerializer::hasRoom(OpResult result, const Chain &chain) {
  auto count = [](auto &&ops) { return llvm::count_if(ops, isCounted); };
  llvm::SetVector<Operation *> consumers;
  for (Operation *user : result.getUsers())
    consumers.insert(user->getParentOp());
  for (Operation *consumer : consumers) {
    Chain all = added.lookup(consumer);
    all.insert(chain.begin(), chain.end());
    auto own = llvm::make_pointer_range(
        cast<KernelOp>(consumer).getBody().front().without_terminator());
    if (count(own) + count(all) > int64_t(kMaxElementwise))
      return false;
  }
  for (Operation *consumer : consumers)
    added[consumer].insert(chain.begin(), chain.end());
  return true;
}

/// In the order of the body, so that a value is kept before what is made of it
/// is looked at.
void Rematerializer::choose() {
  SmallVector<OpResult> candidates;
  for (OpResult result : kernel->getResults()) {
    Value inner = yielded[result.getResultNumber()];
    Operation *source = inner.getDefiningOp();
    // A value may be a result twice.
    bool isOwn = source && source->getBlock() == &body &&
                 llvm::count(yielded, inner) == 1;
    if (isOwn && isFree(result))
      candidates.push_back(result);
    else
      kept[inner] = result;
  }
  llvm::sort(candidates, [&](OpResult a, OpResult b) {
    return yielded[a.getResultNumber()].getDefiningOp()->isBeforeInBlock(
        yielded[b.getResultNumber()].getDefiningOp());
  });
  for (OpResult result : candidates) {
    Value inner = yielded[result.getResultNumber()];
    Chain chain;
    llvm::SetVector<Value> read;
    constexpr size_t mostRead = 2; // one store less, at most one load more
    if (collect(inner, chain, read) && !read.empty() &&
        read.size() <= mostRead && hasRoom(result, chain))
      dropped.insert({inner, {result, std::move(chain)}});
    else
      kept[inner] = result;
  }
}

/// Puts the chains that the consumer needs at its start.
void Rematerializer::computeIn(KernelOp consumer) {
  Block &target = consumer.getBody().front();
  auto isInside = [&](OpOperand &use) {
    return use.getOwner()->getBlock() == &target;
  };
  llvm::DenseSet<Operation *> needed;
  for (auto &[inner, one] : dropped)
    if (llvm::any_of(one.result.getUses(), isInside))
      needed.insert(one.chain.begin(), one.chain.end());
  OpBuilder builder = OpBuilder::atBlockBegin(&target);
  IRMapping mapping;
  for (auto &[inner, result] : kept)
    mapping.map(inner, result);
  for (Operation &op : body)
    if (needed.contains(&op))
      builder.clone(op, mapping);
  for (auto &[inner, one] : dropped)
    one.result.replaceUsesWithIf(mapping.lookupOrDefault(inner), isInside);
}

/// The kernel without the results that nobody reads any more.
void Rematerializer::shrink() {
  OpBuilder builder(kernel);
  SmallVector<Value> values;
  SmallVector<Type> types;
  for (Value inner : yielded)
    if (!dropped.contains(inner)) {
      values.push_back(inner);
      types.push_back(inner.getType());
    }
  auto smaller = KernelOp::create(builder, kernel.getLoc(), types);
  smaller.getBody().takeBody(kernel.getBody());
  smaller.getBody().front().getTerminator()->setOperands(values);
  unsigned next = 0;
  for (OpResult result : kernel->getResults())
    if (!dropped.contains(yielded[result.getResultNumber()]))
      result.replaceAllUsesWith(smaller.getResult(next++));
  kernel.erase();
  eraseDeadOps(smaller);
}

unsigned Rematerializer::run() {
  if (kernel.getNumResults() < 2)
    return 0;
  choose();
  if (dropped.empty())
    return 0;
  llvm::SetVector<Operation *> consumers;
  for (auto &[inner, one] : dropped)
    for (Operation *user : one.result.getUsers())
      consumers.insert(user->getParentOp());
  for (Operation *consumer : consumers)
    computeIn(cast<KernelOp>(consumer));
  remarkPassed(kernel, kPass)
      << llvm::formatv("computes {0} of {1} results again where they are read",
                       dropped.size(), yielded.size())
             .str();
  unsigned count = dropped.size();
  shrink();
  return count;
}

namespace {

struct Rematerialize : impl::RematerializeBase<Rematerialize> {
  void runOnOperation() override {
    // The last kernels first: what they compute themselves, those before them
    // need not store.
    SmallVector<KernelOp> kernels;
    getOperation().walk([&](KernelOp kernel) { kernels.push_back(kernel); });
    for (KernelOp kernel : llvm::reverse(kernels))
      numRematerialized += Rematerializer(kernel).run();
  }
};

} // namespace
} // namespace maek
