// Part of Maek, under the MIT licence; see LICENSE.
#include "tests/unit/compiled/RandomModel.h"

#include "ir/Entries.h"
#include "ir/Extent.h"
#include "ir/MaekOps.h"
#include "tests/support/TestModule.h"
#include "tests/unit/compiled/CompiledHarness.h"
#include "tests/unit/passes/RandomProgram.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace maek::test {
namespace {

/// Makes the training step of a copy of @forward.
class StepBuilder {
public:
  explicit StepBuilder(func::FuncOp step)
      : step(step), end(step.front().getTerminator()), builder(end),
        loc(step.getLoc()) {}

  void run();

private:
  Value constant(Type type, double number) {
    return ConstantOp::create(builder, loc, type,
                              FloatAttr::get(builder.getF64Type(), number));
  }
  Value makeLoss();
  void give(Value value, StringRef role, StringRef name) {
    results.push_back(value);
    attributes.push_back(getRoleAttrs(step.getContext(), role, name));
  }

  func::FuncOp step;
  Operation *end;
  OpBuilder builder;
  Location loc;
  SmallVector<Value> results;
  SmallVector<Attribute> attributes;
};

Value StepBuilder::makeLoss() {
  Value loss;
  for (Value result : end->getOperands()) {
    Type type = result.getType();
    Value small = MulOp::create(builder, loc, result, constant(type, 0.125));
    Value sum = ReduceOp::create(builder, loc, ReduceKind::Sum,
                                 TanhOp::create(builder, loc, small),
                                 llvm::to_vector(llvm::seq(getRank(type))));
    loss = loss ? AddOp::create(builder, loc, loss, sum).getResult() : sum;
  }
  return loss;
}

void StepBuilder::run() {
  Value loss = makeLoss();
  give(loss, "loss", "loss");
  SmallVector<Value> parameters;
  SmallVector<std::string> names;
  for (auto [i, argument] : llvm::enumerate(step.getArguments()))
    if (getArgRole(step, i) == "parameter") {
      parameters.push_back(argument);
      names.push_back(getArgName(step, i).str());
    }
  auto gradients = GradientOp::create(builder, loc, loss, parameters);
  for (auto [i, parameter, gradient] :
       llvm::enumerate(parameters, gradients.getResults())) {
    Type type = parameter.getType();
    std::string name = names[i] + ".m";
    unsigned index = step.getNumArguments();
    (void)step.insertArgument(
        index, type, getRoleAttrs(step.getContext(), "state", name), loc);
    Value momentum = MulOp::create(builder, loc, step.getArgument(index),
                                   constant(type, 0.5));
    momentum = AddOp::create(builder, loc, momentum, gradient);
    Value change = MulOp::create(builder, loc, momentum, constant(type, 0.1));
    give(SubOp::create(builder, loc, parameter, change), "parameter", names[i]);
    give(momentum, "state", name);
  }
  end->setOperands(results);
  step.setFunctionType(builder.getFunctionType(step.getArgumentTypes(),
                                               ValueRange(results).getTypes()));
  step.setAllResultAttrs(attributes);
}

} // namespace

OwningOpRef<ModuleOp> makeRandomModel(MLIRContext &context, uint64_t seed,
                                      bool single) {
  std::string text = makeRandomProgram(seed);
  auto module = parseModule(context, single ? toSinglePrecision(text) : text);
  if (!module)
    return module;
  auto forward = module->lookupSymbol<func::FuncOp>("forward");
  for (auto [i, type] : llvm::enumerate(forward.getArgumentTypes())) {
    bool isFixed = llvm::all_of(getExtents(type), [](const Extent &extent) {
      return extent.isStatic();
    });
    std::string name = (isFixed ? "p" : "x") + std::to_string(i);
    forward.setArgAttrs(
        i, getRoleAttrs(&context, isFixed ? "parameter" : "input", name));
  }
  for (unsigned i = 0; i < forward.getNumResults(); ++i)
    forward.setResultAttrs(
        i, getRoleAttrs(&context, "output", "y" + std::to_string(i)));
  auto step = forward.clone();
  step.setName("train_step");
  module->push_back(step);
  StepBuilder(step).run();
  return module;
}

} // namespace maek::test
