// Part of Maek, under the MIT licence; see LICENSE.
// Expressions and statements.
#include "dsl/Evaluator.h"

#include "dsl/Diagnostics.h"
#include "dsl/Primitives.h"
#include "dsl/ShapeTable.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

Value *Frame::find(StringRef name) {
  for (auto &scope : llvm::reverse(scopes))
    if (auto it = scope.find(name); it != scope.end())
      return &it->second;
  return nullptr;
}

void Frame::set(StringRef name, const Value &value) {
  if (Value *known = find(name))
    *known = value;
  else
    scopes.back()[name] = value;
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

mlir::Location Evaluator::getLocation(SMLoc loc, StringRef name) {
  mlir::MLIRContext *context = tensors.ops.getContext();
  unsigned id = diagnostics.sources.FindBufferContainingLoc(loc);
  if (!id)
    return mlir::UnknownLoc::get(context);
  auto [line, column] = diagnostics.sources.getLineAndColumn(loc, id);
  StringRef file =
      diagnostics.sources.getMemoryBuffer(id)->getBufferIdentifier();
  mlir::Location place = mlir::FileLineColLoc::get(context, file, line, column);
  if (name.empty())
    return place;
  return mlir::NameLoc::get(tensors.ops.getStringAttr(name), place);
}

mlir::Location Evaluator::getNameLocation(Identifier name, const Frame &frame) {
  return frame.definition->isStandard ? frame.callLocation
                                      : getLocation(name.loc, name.name);
}

void Evaluator::moveTo(SMLoc loc, Frame &frame) {
  if (frame.definition->isStandard) {
    tensors.where = frame.callPlace;
    tensors.location = frame.callLocation;
    tensors.detail = {loc, "in '" + frame.definition->name.name.str() +
                               "' of the standard library"};
    return;
  }
  tensors.where = loc;
  tensors.location = getLocation(loc, frame.binding);
  tensors.detail = {};
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

Value Evaluator::evaluate(const Expr &expr, Frame &frame) {
  if (depth >= maxDepth) {
    moveTo(expr.loc, frame);
    if (!std::exchange(isTooDeep, true))
      tensors.error("definitions nest too deeply");
    return {};
  }
  ++depth;
  llvm::scope_exit leave([&] { --depth; });
  if (steps == maxSteps) {
    moveTo(expr.loc, frame);
    tensors.error("this model takes more than " + Twine(maxSteps) +
                  " steps to expand");
  }
  if (tensors.isExhausted() || steps++ >= maxSteps)
    return {};
  switch (expr.kind) {
  case ExprKind::Number:
    return Value::makeNumber(cast<NumberExpr>(expr).value, expr.loc);
  case ExprKind::Name:
    return evaluateName(cast<NameExpr>(expr), frame);
  case ExprKind::Unary: {
    auto &unary = cast<UnaryExpr>(expr);
    Value operand = evaluate(*unary.operand, frame);
    moveTo(expr.loc, frame);
    return unary.op == TokenKind::Minus ? tensors.negate(operand)
                                        : tensors.sqrt(operand);
  }
  case ExprKind::Binary:
    return evaluateBinary(cast<BinaryExpr>(expr), frame);
  case ExprKind::Call:
    return evaluateCall(cast<CallExpr>(expr), frame);
  case ExprKind::Index:
    return evaluateIndex(cast<IndexExpr>(expr), frame);
  case ExprKind::Concat: {
    SmallVector<Value, 0> values;
    for (const ExprPtr &element : cast<ConcatExpr>(expr).elements)
      values.push_back(evaluate(*element, frame));
    moveTo(expr.loc, frame);
    if (values.empty()) {
      tensors.error("an empty list has no value");
      return {};
    }
    return tensors.concat(values);
  }
  case ExprKind::Transpose: {
    Value operand = evaluate(*cast<TransposeExpr>(expr).operand, frame);
    moveTo(expr.loc, frame);
    return tensors.transpose(operand);
  }
  case ExprKind::Stored:
    return weights ? weights->getStored(cast<StoredExpr>(expr), frame)
                   : Value();
  case ExprKind::Text: // read by the primitive that takes it
    return {};
  }
  return {};
}

Value Evaluator::evaluateName(const NameExpr &name, Frame &frame) {
  if (Value *value = frame.find(name.name))
    return *value;
  if (const Primitive *primitive = findPrimitive(name.name))
    if (primitive->isNumber())
      return Value::makeNumber(primitive->getNumber(*this), name.loc);
  return {};
}

Value Evaluator::evaluateBinary(const BinaryExpr &binary, Frame &frame) {
  Value lhs = evaluate(*binary.lhs, frame);
  Value rhs = evaluate(*binary.rhs, frame);
  if (lhs.isPoison() || rhs.isPoison())
    return {};
  moveTo(binary.loc, frame);
  switch (binary.op) {
  case TokenKind::Plus:
    return tensors.add(lhs, rhs);
  case TokenKind::Minus:
    return tensors.subtract(lhs, rhs);
  case TokenKind::Times:
    return tensors.multiply(lhs, rhs);
  case TokenKind::Divide:
    return tensors.divide(lhs, rhs);
  case TokenKind::Power:
    return tensors.power(lhs, rhs);
  case TokenKind::Dot:
    return tensors.dot(lhs, rhs);
  case TokenKind::Equal:
    return tensors.compare(ComparePredicate::Eq, lhs, rhs);
  case TokenKind::NotEqual:
    return tensors.compare(ComparePredicate::Ne, lhs, rhs);
  case TokenKind::Less:
    return tensors.compare(ComparePredicate::Lt, lhs, rhs);
  case TokenKind::LessEqual:
    return tensors.compare(ComparePredicate::Le, lhs, rhs);
  case TokenKind::Greater:
    return tensors.compare(ComparePredicate::Gt, lhs, rhs);
  case TokenKind::GreaterEqual:
    return tensors.compare(ComparePredicate::Ge, lhs, rhs);
  default:
    return {};
  }
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

void Evaluator::runLoop(const ForStmt &loop, Frame &frame) {
  std::optional<int64_t> low =
      evaluateInteger(*loop.low, frame, "the first index");
  std::optional<int64_t> high =
      evaluateInteger(*loop.high, frame, "the last index");
  if (!low || !high)
    return;
  std::string outer = frame.loop;
  bool isShown = shapes && !frame.definition->isStandard;
  if (isShown)
    shapes->beginLoop(outer);
  for (int64_t i = *low; i <= *high; ++i) {
    moveTo(loop.loc, frame);
    if (!tensors.spend())
      break;
    if (isShown)
      shapes->beginRound();
    frame.loop = outer + std::to_string(i) + ".";
    frame.scopes.emplace_back();
    frame.scopes.back()[loop.variable.name] =
        Value::makeNumber(double(i), loop.variable.loc);
    for (const StmtPtr &stmt : loop.body)
      evaluate(*stmt, frame);
    frame.scopes.pop_back();
    if (isShown)
      shapes->endRound(i);
  }
  if (isShown)
    shapes->endLoop();
  frame.loop = outer;
}

void Evaluator::assign(const AssignStmt &assign, Frame &frame) {
  bool isShown = shapes && !frame.definition->isStandard;
  size_t row =
      isShown ? shapes->begin(assign.target.loc, frame.loop, assign.target.name)
              : 0;
  StringRef outer = std::exchange(frame.binding, assign.target.name);
  frame.bound = assign.value.get();
  Value value = evaluate(*assign.value, frame);
  frame.binding = outer;
  frame.set(assign.target.name, value);
  if (isShown)
    shapes->end(row, value);
}

void Evaluator::evaluate(const Stmt &stmt, Frame &frame) {
  if (auto *assigned = dyn_cast<AssignStmt>(&stmt)) {
    assign(*assigned, frame);
  } else if (auto *use = dyn_cast<UseStmt>(&stmt)) {
    makeUsed(*use, frame);
  } else if (auto *map = dyn_cast<MapStmt>(&stmt)) {
    if (weights)
      weights->map(*map, frame);
  } else if (auto *ignore = dyn_cast<IgnoreStmt>(&stmt)) {
    if (weights)
      weights->ignore(*ignore, frame);
  } else if (auto *loop = dyn_cast<ForStmt>(&stmt)) {
    if (depth >= maxDepth)
      return;
    ++depth;
    runLoop(*loop, frame);
    --depth;
  }
}

Value Evaluator::run(const Function &function, Frame &frame) {
  if (function.value)
    return evaluate(*function.value, frame);
  for (const StmtPtr &stmt : function.body)
    evaluate(*stmt, frame);
  Value *result = frame.find(function.result.name);
  return result ? *result : Value();
}

} // namespace maek::dsl
