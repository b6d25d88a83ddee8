// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/WeightsEmitter.h"

#include "dsl/Diagnostics.h"

#include "ir/Entries.h"

#include "runtime/core/EntryNames.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

const ModelTensor *WeightsEmitter::findModelTensor(StringRef name) const {
  for (const ModelTensor &tensor : stored)
    if (tensor.name == name)
      return &tensor;
  return nullptr;
}

void WeightsEmitter::reportUnknown(const StoredExpr &expr, StringRef name,
                                   Frame &frame) {
  std::vector<StringRef> known;
  for (const ModelTensor &tensor : stored)
    known.push_back(tensor.name);
  evaluator.moveTo(expr.loc, frame);
  tensors.error("the model has no parameter '" + name + "'" +
                didYouMean(name, known));
}

/// The name with its numbers; null, reported, if one is none.
std::optional<std::string> WeightsEmitter::getName(const StoredExpr &expr,
                                                   Frame &frame) {
  std::string name;
  for (const StoredExpr::Piece &piece : expr.pieces) {
    name += piece.text;
    if (!piece.number)
      continue;
    std::optional<int64_t> number = evaluator.evaluateInteger(
        *piece.number, frame, "the number in a tensor's name");
    if (!number)
      return std::nullopt;
    name += std::to_string(*number);
  }
  return name;
}

Value WeightsEmitter::getStored(const StoredExpr &expr, Frame &frame) {
  std::optional<std::string> name = getName(expr, frame);
  if (!name)
    return {};
  auto it = given.find(*name);
  if (it != given.end()) {
    used.insert(*name);
    return it->second;
  }
  // A file's name that exporting did not meet was in error there.
  if (inModel)
    reportUnknown(expr, *name, frame);
  return {};
}

void WeightsEmitter::map(const MapStmt &map, Frame &frame) {
  inModel = !isImport;
  Value value = evaluator.evaluate(isImport ? *map.file : *map.model, frame);
  if (value.isPoison())
    return;
  evaluator.moveTo(map.loc, frame);
  value = tensors.toFloat(value);
  inModel = isImport;
  assign(isImport ? *map.model : *map.file, value, frame);
}

void WeightsEmitter::ignore(const IgnoreStmt &ignore, Frame &frame) {
  if (std::optional<std::string> pattern = getName(*ignore.pattern, frame))
    ignored.push_back(std::move(*pattern));
}

//===----------------------------------------------------------------------===//
// Taking values apart
//===----------------------------------------------------------------------===//

std::optional<Axes> WeightsEmitter::getShape(const Expr &pattern,
                                             Frame &frame) {
  if (auto *leaf = dyn_cast<StoredExpr>(&pattern)) {
    if (leaf->type)
      return evaluator.evaluateDims(*leaf->type, frame);
    if (!inModel)
      return std::nullopt;
    std::optional<std::string> name = getName(*leaf, frame);
    const ModelTensor *tensor = name ? findModelTensor(*name) : nullptr;
    return tensor ? std::optional(tensor->axes) : std::nullopt;
  }
  if (auto *unary = dyn_cast<UnaryExpr>(&pattern))
    return getShape(*unary->operand, frame);
  if (auto *sum = dyn_cast<BinaryExpr>(&pattern)) {
    std::optional<Axes> shape = getShape(*sum->lhs, frame);
    return shape ? shape : getShape(*sum->rhs, frame);
  }
  if (auto *transpose = dyn_cast<TransposeExpr>(&pattern)) {
    std::optional<Axes> shape = getShape(*transpose->operand, frame);
    if (shape && shape->size() >= 2)
      std::swap(shape->back(), (*shape)[shape->size() - 2]);
    return shape;
  }
  auto *call = dyn_cast<CallExpr>(&pattern);
  const NameExpr *name = call ? call->getCalleeName() : nullptr;
  if (name && name->name == "reshape" && call->arguments.size() == 2)
    if (auto *list = dyn_cast<ConcatExpr>(call->arguments[1].value.get()))
      return evaluator.evaluateList(*list, frame);
  if (name && name->name == "permute" && call->arguments.size() == 2) {
    std::optional<Axes> shape = getShape(*call->arguments[0].value, frame);
    if (!shape)
      return std::nullopt;
    Value operand;
    operand.kind = ValueKind::Tensor;
    operand.axes = *shape;
    std::optional<SmallVector<int64_t>> order =
        evaluator.evaluateOrder(*call, operand, frame);
    if (!order)
      return std::nullopt;
    Axes permuted;
    for (int64_t axis : *order)
      permuted.push_back((*shape)[axis]);
    return permuted;
  }
  return std::nullopt;
}

void WeightsEmitter::cannotUndo(const Expr &pattern, Frame &frame) {
  evaluator.moveTo(pattern.loc, frame);
  tensors.error("this cannot be undone; here can stand tensors in quotes, "
                "[a, b], concat, reshape, permute, ᵀ, -a and a + b");
}

void WeightsEmitter::assignStored(const StoredExpr &pattern, const Value &value,
                                  Frame &frame) {
  std::optional<std::string> name = getName(pattern, frame);
  if (!name)
    return;
  std::optional<Axes> needed;
  const ModelTensor *tensor = inModel ? findModelTensor(*name) : nullptr;
  if (tensor)
    needed = tensor->axes;
  else if (inModel)
    return reportUnknown(pattern, *name, frame);
  if (pattern.type && !(needed = evaluator.evaluateDims(*pattern.type, frame)))
    return;
  evaluator.moveTo(pattern.loc, frame);
  if (needed && !haveSameSizes(*needed, value.axes)) {
    tensors.error("'" + *name + "' is " + describeShape(*needed) +
                  ", what it equals is " + describeShape(value.axes));
    return;
  }
  auto [entry, isNew] = assigned.try_emplace(*name, pattern.loc);
  if (!isNew) {
    tensors.error("'" + *name + "' stands in two equations")
        .note(entry->second, "the first one is here");
    return;
  }
  results.push_back({tensor ? tensor->role : "output", *name, value,
                     evaluator.getLocation(pattern.loc)});
}

void WeightsEmitter::assignParts(ArrayRef<const Expr *> parts, unsigned axis,
                                 const Value &value, SMLoc loc, Frame &frame) {
  int64_t rest = value.axes[axis].size.factor;
  std::optional<size_t> open;
  SmallVector<int64_t> sizes;
  for (auto [i, part] : llvm::enumerate(parts)) {
    std::optional<Axes> shape = getShape(*part, frame);
    if (!shape && open) {
      evaluator.moveTo(part->begin, frame);
      tensors
          .error("how large is this part? State its shape, such as "
                 "\"name\" : [4, 3]")
          .note(parts[*open]->begin, "this part has no shape, too");
      return;
    }
    if (shape && shape->size() != value.getRank()) {
      evaluator.moveTo(part->begin, frame);
      tensors.error("this part is " + describeShape(*shape) + ", the whole " +
                    describeShape(value.axes));
      return;
    }
    if (!shape)
      open = i;
    sizes.push_back(shape ? (*shape)[axis].size.factor : 0);
    rest -= sizes.back();
  }
  evaluator.moveTo(loc, frame);
  if (open ? rest <= 0 : rest != 0) {
    tensors.error("the parts have " +
                  Twine(value.axes[axis].size.factor - rest) +
                  " elements along axis " + Twine(axis) + ", the whole is " +
                  describeShape(value.axes));
    return;
  }
  int64_t offset = 0;
  if (open)
    sizes[*open] = rest;
  for (auto [part, size] : llvm::zip(parts, sizes)) {
    evaluator.moveTo(loc, frame);
    assign(*part, tensors.slice(value, axis, offset, {Extent(size), loc}),
           frame);
    offset += size;
  }
}

void WeightsEmitter::assignCall(const CallExpr &pattern, const Value &value,
                                Frame &frame) {
  const NameExpr *name = pattern.getCalleeName();
  StringRef callee = name ? name->name : "";
  if (callee == "concat") {
    SmallVector<const Expr *> parts;
    unsigned axis = value.getRank() - 1;
    for (const Argument &argument : pattern.arguments) {
      if (argument.name.empty()) {
        parts.push_back(argument.value.get());
      } else if (std::optional<unsigned> stated =
                     evaluator.evaluateAxis(*argument.value, value, frame)) {
        axis = *stated;
      } else {
        return;
      }
    }
    return assignParts(parts, axis, value, pattern.loc, frame);
  }
  if (pattern.arguments.size() != 2)
    return cannotUndo(pattern, frame);
  const Expr &operand = *pattern.arguments.front().value;
  if (callee == "permute") {
    std::optional<SmallVector<int64_t>> order =
        evaluator.evaluateOrder(pattern, value, frame);
    if (!order)
      return;
    SmallVector<int64_t> inverse(order->size());
    Axes axes(order->size());
    for (auto [to, from] : llvm::enumerate(*order)) {
      inverse[from] = to;
      axes[from] = value.axes[to];
    }
    evaluator.moveTo(pattern.loc, frame);
    return assign(operand, tensors.permute(value, inverse, {}, axes), frame);
  }
  if (callee == "reshape") {
    std::optional<Axes> shape = getShape(operand, frame);
    std::optional<Axes> stated = getShape(pattern, frame);
    evaluator.moveTo(pattern.loc, frame);
    if (!shape || !stated) {
      tensors.error("which shape has what is reshaped? State it, such as "
                    "\"name\" : [4, 3]");
    } else if (!haveSameSizes(*stated, value.axes)) {
      tensors.error("this is " + describeShape(*stated) +
                    ", what it equals is " + describeShape(value.axes));
    } else if (Value whole = tensors.reshape(value, *shape);
               !whole.isPoison()) {
      assign(operand, whole, frame);
    }
    return;
  }
  cannotUndo(pattern, frame);
}

void WeightsEmitter::assign(const Expr &pattern, const Value &value,
                            Frame &frame) {
  if (value.isPoison() || !tensors.spend())
    return;
  if (auto *leaf = dyn_cast<StoredExpr>(&pattern))
    return assignStored(*leaf, value, frame);
  evaluator.moveTo(pattern.loc, frame);
  if (auto *transpose = dyn_cast<TransposeExpr>(&pattern))
    return assign(*transpose->operand, tensors.transpose(value), frame);
  auto *unary = dyn_cast<UnaryExpr>(&pattern);
  if (unary && unary->op == TokenKind::Minus)
    return assign(*unary->operand, tensors.negate(value), frame);
  auto *sum = dyn_cast<BinaryExpr>(&pattern);
  if (sum && sum->op == TokenKind::Plus) {
    // One way of many: all of it in the first.
    Value zero = tensors.constant(0, {}, value.axes);
    assign(*sum->lhs, value, frame);
    return assign(*sum->rhs, zero, frame);
  }
  if (value.axes.empty())
    return cannotUndo(pattern, frame);
  if (auto *list = dyn_cast<ConcatExpr>(&pattern)) {
    SmallVector<const Expr *> parts;
    for (const ExprPtr &element : list->elements)
      parts.push_back(element.get());
    return assignParts(parts, value.getRank() - 1, value, pattern.loc, frame);
  }
  if (auto *call = dyn_cast<CallExpr>(&pattern))
    return assignCall(*call, value, frame);
  cannotUndo(pattern, frame);
}

//===----------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------===//

/// What no equation speaks of has the same name in the file.
void WeightsEmitter::mapEqualNames() {
  for (const ModelTensor &tensor : stored) {
    bool isMapped =
        isImport ? assigned.contains(tensor.name) : used.contains(tensor.name);
    if (isMapped)
      continue;
    auto [entry, isNew] = assigned.try_emplace(tensor.name, block.name.loc);
    if (isNew)
      results.push_back({isImport ? tensor.role : "output", tensor.name,
                         given[tensor.name], tensor.location});
    else
      diagnostics
          .error(entry->second, "'" + tensor.name +
                                    "' is a tensor of the model, too, of "
                                    "which no equation speaks")
          .note(block.name.loc, "what has no equation is named alike in the "
                                "file");
  }
}

/// The names of the file's tensors that a value is made of.
static mlir::ArrayAttr getReads(mlir::func::FuncOp entry, mlir::Value value) {
  llvm::SetVector<mlir::Value> parts;
  parts.insert(value);
  for (size_t i = 0; i < parts.size(); ++i)
    if (mlir::Operation *op = parts[i].getDefiningOp())
      parts.insert(op->operand_begin(), op->operand_end());
  SmallVector<StringRef> names;
  for (mlir::Value part : parts)
    if (auto argument = dyn_cast<mlir::BlockArgument>(part))
      names.push_back(getArgName(entry, argument.getArgNumber()));
  return mlir::Builder(entry.getContext()).getStrArrayAttr(names);
}

void WeightsEmitter::run(mlir::ModuleOp module, StringRef prefix,
                         ArrayRef<Named> arguments) {
  mlir::OpBuilder &ops = tensors.ops;
  ops.setInsertionPointToEnd(module.getBody());
  SmallVector<mlir::Type> types, resultTypes;
  for (const Named &argument : arguments)
    types.push_back(tensors.getType({}, argument.value.axes, Element::Float));
  auto function = mlir::func::FuncOp::create(
      ops, evaluator.getLocation(block.name.loc),
      (prefix + block.name.name).str(), ops.getFunctionType(types, {}));
  mlir::Block &body = *function.addEntryBlock();
  given.clear();
  used.clear();
  results.clear();
  assigned.clear();
  ignored.clear();
  SmallVector<mlir::DictionaryAttr> argumentRoles, resultRoles;
  for (auto [argument, value] : llvm::zip(arguments, body.getArguments())) {
    value.setLoc(argument.location);
    argumentRoles.push_back(
        getRoleAttrs(ops.getContext(), argument.role, argument.name));
    if (!isImport || argument.role == "input")
      given[argument.name] = tensors.wrap(value, {}, argument.value.axes);
  }
  function.setAllArgAttrs(argumentRoles);
  ops.setInsertionPointToEnd(&body);
  tensors.reset();
  evaluator.reset();
  for (const StmtPtr &stmt : block.body)
    evaluator.evaluate(*stmt, frame);
  if (diagnostics.hasErrors())
    return;
  mapEqualNames();
  SmallVector<mlir::Value> values;
  for (const Named &result : results) {
    values.push_back(result.value.tensor);
    resultTypes.push_back(result.value.tensor.getType());
    mlir::NamedAttrList attributes(
        getRoleAttrs(ops.getContext(), result.role, result.name));
    if (isImport)
      attributes.set(kReadsAttr, getReads(function, values.back()));
    resultRoles.push_back(attributes.getDictionary(ops.getContext()));
  }
  mlir::func::ReturnOp::create(ops, function.getLoc(), values);
  function.setFunctionType(ops.getFunctionType(types, resultTypes));
  function.setAllResultAttrs(resultRoles);
  if (isImport && !ignored.empty())
    function->setAttr(kIgnoreAttr, ops.getStrArrayAttr(SmallVector<StringRef>(
                                       ignored.begin(), ignored.end())));
}

bool WeightsEmitter::emit(mlir::ModuleOp module) {
  for (StringRef prefix :
       {StringRef(runtime::kExportPrefix), StringRef(runtime::kImportPrefix)})
    if (std::string name = (prefix + block.name.name).str();
        module.lookupSymbol(name)) {
      diagnostics.error(block.name.loc,
                        "'" + name +
                            "' is a tensor of the model and would be an "
                            "entry of this block; choose another name");
      return false;
    }
  evaluator.weights = this;
  llvm::scope_exit reset([&] { evaluator.weights = nullptr; });
  std::vector<Named> arguments;
  for (const ModelTensor &tensor : stored) {
    Value shape;
    shape.axes = tensor.axes;
    arguments.push_back({tensor.role, tensor.name, shape, tensor.location});
  }
  run(module, runtime::kExportPrefix, arguments);
  if (diagnostics.hasErrors())
    return false;
  // A new value of a parameter takes the place of an argument.
  std::vector<Named> fromFile = results;
  for (Named &argument : fromFile) {
    argument.role = "input";
    fileNames.push_back(argument.name);
  }
  llvm::sort(fileNames);
  fromFile.insert(fromFile.end(), arguments.begin(), arguments.end());
  isImport = true;
  run(module, runtime::kImportPrefix, fromFile);
  return !diagnostics.hasErrors();
}

} // namespace maek::dsl
