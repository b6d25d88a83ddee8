// Part of Maek, under the MIT licence; see LICENSE.
// Inserts the copies without which a tensor would have to lie at two places.
#include "ir/Entries.h"
#include "passes/KernelFunctions.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/memory/Placement.h"

namespace maek {
#define GEN_PASS_DEF_MATERIALIZECOPIES
#include "passes/Passes.h.inc"
} // namespace maek

using namespace mlir;

namespace maek {

namespace {

/// Makes kernels of one op each; equal ones are one function.
class KernelMaker {
public:
  explicit KernelMaker(ModuleOp module) : module(module), symbols(module) {}

  /// A call of the kernel that computes a copy of `value`.
  func::CallOp copy(Value value, OpBuilder &builder, Location location) {
    // What a kernel makes of nothing is made again.
    auto call = value.getDefiningOp<func::CallOp>();
    if (call && call.getNumOperands() == 0 && call.getNumResults() == 1)
      return cast<func::CallOp>(builder.clone(*call));
    Type type = value.getType();
    std::string key;
    llvm::raw_string_ostream(key) << type;
    return callKernel(key, "copy", {value}, type, builder, location,
                      [](OpBuilder &inner, ValueRange arguments) {
                        // The identity: there is no gradient left to stop.
                        return StopGradientOp::create(
                            inner, inner.getUnknownLoc(),
                            arguments[0].getType(), arguments[0]);
                      });
  }

  /// Replaces `op` by a call of a kernel that does the same.
  void outline(Operation *op) {
    OpBuilder builder(op);
    std::string key;
    llvm::raw_string_ostream(key)
        << op->getName() << op->getRawDictionaryAttrs()
        << op->getPropertiesAsAttribute() << op->getOperandTypes()
        << op->getResultTypes();
    func::CallOp call =
        callKernel(key, op->getName().stripDialect(), op->getOperands(),
                   op->getResultTypes(), builder, op->getLoc(),
                   [&](OpBuilder &inner, ValueRange arguments) {
                     // By position: equal operands here may be two
                     // different ones of the next call.
                     Operation *body = inner.clone(*op);
                     body->setOperands(arguments);
                     return body;
                   });
    op->replaceAllUsesWith(call.getResults());
    op->erase();
  }

private:
  func::CallOp
  callKernel(StringRef key, StringRef kind, ValueRange operands,
             TypeRange results, OpBuilder &builder, Location location,
             function_ref<Operation *(OpBuilder &, ValueRange)> body) {
    func::FuncOp &kernel = kernels[key];
    if (!kernel) {
      OpBuilder outside = OpBuilder::atBlockEnd(module.getBody());
      kernel = func::FuncOp::create(
          outside, location, name(kind),
          outside.getFunctionType(operands.getTypes(), results));
      kernel.setPrivate();
      kernel->setAttr(kKernelAttr, outside.getUnitAttr());
      Block *block = kernel.addEntryBlock();
      OpBuilder inner = OpBuilder::atBlockEnd(block);
      Operation *op = body(inner, block->getArguments());
      op->setLoc(location);
      func::ReturnOp::create(inner, location, op->getResults());
      listKernelSymbols(kernel);
    }
    return func::CallOp::create(builder, location, kernel, operands);
  }

  std::string name(StringRef kind) {
    std::string text;
    do
      text = kind.str() + "_" + std::to_string(numbers[kind]++);
    while (symbols.lookup(text));
    return text;
  }

  ModuleOp module;
  SymbolTable symbols;
  llvm::StringMap<func::FuncOp> kernels;
  llvm::StringMap<unsigned> numbers;
};

struct MaterializeCopies : impl::MaterializeCopiesBase<MaterializeCopies> {
  using MaterializeCopiesBase::MaterializeCopiesBase;

  void runOnOperation() override {
    KernelMaker maker(getOperation());
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (isEntry(function) && !function.isExternal() &&
          failed(resolve(function, maker)))
        return signalPassFailure();
  }

  /// Kernels come first: what one of them computes may need no copy. A copy may
  /// itself be in the way of another; each round is one step.
  LogicalResult resolve(func::FuncOp entry, KernelMaker &maker) {
    const unsigned maxRounds = 16;
    unsigned round = 0;
    while (round < maxRounds) {
      Placement placement(entry);
      ArrayRef<Conflict> conflicts = placement.getConflicts();
      if (conflicts.empty())
        return success();
      if (outlineAll(conflicts, maker))
        continue;
      for (const Conflict &conflict : conflicts)
        copy(conflict, maker);
      ++round;
    }
    return entry.emitError()
           << "no place in memory for every tensor of @" << entry.getName();
  }

  /// Whether there was an op to be made a kernel.
  bool outlineAll(ArrayRef<Conflict> conflicts, KernelMaker &maker) {
    DenseSet<Operation *> done;
    for (const Conflict &conflict : conflicts) {
      if (!conflict.operands.empty() || !done.insert(conflict.op).second)
        continue;
      remarkMissed(conflict.op, "materialize-copies")
          << (conflict.op->getName().getStringRef() + " becomes a kernel: it " +
              conflict.reason)
                 .str();
      maker.outline(conflict.op);
      ++numKernels;
    }
    return !done.empty();
  }

  void copy(const Conflict &conflict, KernelMaker &maker) {
    OpBuilder builder(conflict.op);
    Value value = conflict.operands.front()->get();
    remarkMissed(conflict.op, value.getLoc(), "materialize-copies")
        << ("copied, for the value " + llvm::Twine(conflict.reason)).str();
    func::CallOp call = maker.copy(value, builder, value.getLoc());
    for (OpOperand *operand : conflict.operands)
      operand->set(call.getResult(0));
    ++numCopies;
  }
};

} // namespace
} // namespace maek
