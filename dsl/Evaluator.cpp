// Part of Maek, under the MIT licence; see LICENSE.
// Expressions, statements and numbers.
#include "dsl/Evaluator.h"

#include "dsl/Diagnostics.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/Casting.h"
#include <cmath>

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
    tensors.error("definitions nest too deeply");
    return {};
  }
  ++depth;
  llvm::scope_exit leave([&] { --depth; });
  if (tensors.isExhausted())
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
  }
  return {};
}

Value Evaluator::evaluateName(const NameExpr &name, Frame &frame) {
  if (Value *value = frame.find(name.name))
    return *value;
  if (const Primitive *primitive = findPrimitive(name.name))
    if (primitive->kind == PrimitiveKind::Pi)
      return Value::makeNumber(M_PI, name.loc);
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
    return tensors.compare("eq", lhs, rhs);
  case TokenKind::NotEqual:
    return tensors.compare("ne", lhs, rhs);
  case TokenKind::Less:
    return tensors.compare("lt", lhs, rhs);
  case TokenKind::LessEqual:
    return tensors.compare("le", lhs, rhs);
  case TokenKind::Greater:
    return tensors.compare("gt", lhs, rhs);
  case TokenKind::GreaterEqual:
    return tensors.compare("ge", lhs, rhs);
  default:
    return {};
  }
}

//===----------------------------------------------------------------------===//
// Indexing
//===----------------------------------------------------------------------===//

/// Applies one item to own axis `axis`, and moves to the next one.
bool Evaluator::select(const IndexItem &item, Value &value, unsigned &axis,
                       Frame &frame) {
  auto evaluateBound = [&](const ExprPtr &expr) {
    return evaluateInteger(*expr, frame, "an index");
  };
  std::optional<int64_t> low, high;
  if (item.low && !(low = evaluateBound(item.low)))
    return false;
  if (item.high && !(high = evaluateBound(item.high)))
    return false;
  moveTo(item.loc, frame);
  const Axis whole = value.axes[axis];
  int64_t size = whole.size.factor;
  std::string shown = whole.size.str();
  auto fail = [&](const Twine &message) {
    tensors.error(message).note(whole.origin, shown + " comes from here");
    return false;
  };
  if (!whole.size.isStatic()) {
    if (item.isRange && !low && !high) {
      ++axis;
      return true;
    }
    if (item.isRange || (*low != 0 && *low != -1))
      return fail("an axis of size " + shown +
                  ", which is only known when the model runs, can be indexed "
                  "with 0 and -1 only");
  } else if (!item.isRange) {
    if (*low < -size || *low >= size)
      return fail("index " + Twine(*low) + " is outside of an axis of size " +
                  shown);
  } else {
    int64_t begin = low.value_or(0), end = high.value_or(size);
    begin += begin < 0 ? size : 0;
    end += end < 0 ? size : 0;
    if (begin < 0 || end > size || begin >= end)
      return fail("the range " + Twine(begin) + ":" + Twine(end) +
                  " is empty or outside of an axis of size " + shown);
    if (end - begin != size)
      value =
          tensors.slice(value, axis, begin, {Extent(end - begin), item.loc});
    ++axis;
    return !value.isPoison();
  }
  value = tensors.slice(value, axis, *low, {Extent(1), item.loc});
  if (!value.isPoison())
    value = tensors.dropAxis(value, axis);
  return !value.isPoison();
}

Value Evaluator::evaluateIndex(const IndexExpr &index, Frame &frame) {
  Value value = evaluate(*index.base, frame);
  if (value.isPoison())
    return {};
  moveTo(index.loc, frame);
  if (!value.is(ValueKind::Tensor) || value.getRank() < index.items.size()) {
    tensors.error(describe(value) + " has no " +
                  (index.items.size() == 1
                       ? std::string("axis")
                       : std::to_string(index.items.size()) + " axes") +
                  " to index");
    return {};
  }
  unsigned axis = 0;
  for (const IndexItem &item : index.items)
    if (!select(item, value, axis, frame))
      return {};
  return value;
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

std::optional<double> Evaluator::evaluateNumber(const Expr &expr, Frame &frame,
                                                const Twine &what) {
  std::string subject = what.str();
  Value value = evaluate(expr, frame);
  if (value.isPoison())
    return std::nullopt;
  if (value.is(ValueKind::Number))
    return value.number;
  moveTo(expr.begin, frame);
  tensors.error(subject +
                " must be a number that is known when compiling, "
                "found " +
                describe(value));
  return std::nullopt;
}

std::optional<int64_t>
Evaluator::evaluateInteger(const Expr &expr, Frame &frame, const Twine &what) {
  std::string subject = what.str();
  std::optional<double> number = evaluateNumber(expr, frame, subject);
  if (!number)
    return std::nullopt;
  constexpr double limit = 9007199254740992.0; // 2^53: whole numbers are exact
  if (*number == std::floor(*number) && std::abs(*number) <= limit)
    return int64_t(*number);
  moveTo(expr.begin, frame);
  tensors.error(subject + " must be a whole number, found " +
                formatNumber(*number));
  return std::nullopt;
}

std::optional<Axis> Evaluator::evaluateDim(const Expr &expr, Frame &frame) {
  Value value = evaluate(expr, frame);
  if (value.isPoison())
    return std::nullopt;
  if (value.is(ValueKind::Size))
    return Axis{value.size, expr.begin};
  moveTo(expr.begin, frame);
  if (!value.is(ValueKind::Number)) {
    tensors.error("a dimension must be known when compiling, found " +
                  describe(value));
    return std::nullopt;
  }
  double number = value.number;
  if (number >= 1 && number == std::floor(number) &&
      number <= double(TensorBuilder::maxElements))
    return Axis{Extent(int64_t(number)), expr.begin};
  const char *needed = number > double(TensorBuilder::maxElements)
                           ? "at most 2^31 - 1"
                           : "a positive whole number";
  Diagnostic &error = tensors.error(Twine("a dimension must be ") + needed +
                                    ", found " + formatNumber(number));
  if (value.origin.isValid() && value.origin != tensors.where &&
      value.origin != expr.begin)
    error.note(value.origin, formatNumber(number) + " comes from here");
  return std::nullopt;
}

std::optional<Axes> Evaluator::evaluateDims(const TypeSyntax &type,
                                            Frame &frame) {
  Axes axes;
  bool valid = true;
  for (const ExprPtr &dim : type.dims) {
    std::optional<Axis> axis = evaluateDim(*dim, frame);
    valid &= axis.has_value();
    axes.push_back(axis.value_or(Axis()));
  }
  moveTo(type.loc, frame);
  if (!valid || !tensors.fits({}, axes))
    return std::nullopt;
  return axes;
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
  for (int64_t i = *low; i <= *high; ++i) {
    moveTo(loop.loc, frame);
    if (!tensors.spend())
      break;
    frame.loop = outer + std::to_string(i) + ".";
    frame.scopes.emplace_back();
    frame.scopes.back()[loop.variable.name] =
        Value::makeNumber(double(i), loop.variable.loc);
    for (const StmtPtr &stmt : loop.body)
      evaluate(*stmt, frame);
    frame.scopes.pop_back();
  }
  frame.loop = outer;
}

void Evaluator::evaluate(const Stmt &stmt, Frame &frame) {
  if (auto *assign = dyn_cast<AssignStmt>(&stmt)) {
    StringRef outer = std::exchange(frame.binding, assign->target.name);
    frame.bound = assign->value.get();
    Value value = evaluate(*assign->value, frame);
    frame.binding = outer;
    frame.set(assign->target.name, value);
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
