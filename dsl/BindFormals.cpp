// Part of Maek, under the MIT licence; see LICENSE.
// Arguments meet the shapes that a definition states for one example: names of
// dimensions get their sizes, further leading axes become mapped ones.
#include "dsl/Evaluator.h"

#include "dsl/Diagnostics.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

/// The shape that a formal states, with the sizes that are known.
static std::string describeFormal(const Formal &formal) {
  const TypeSyntax &type = *formal.type;
  std::string classes = type.classes ? "a class" : "";
  if (type.classes && type.dims.empty())
    return classes;
  size_t rank = type.dims.size();
  std::string axes =
      rank == 0 ? "a scalar"
                : std::to_string(rank) + (rank == 1 ? " axis" : " axes");
  return axes + (type.classes ? " of " + classes : "");
}

/// Kind of element, and enough axes.
bool Evaluator::checkArgument(const Formal &formal, Value &value,
                              Frame &frame) {
  const TypeSyntax &type = *formal.type;
  bool isClass = value.is(ValueKind::Tensor) && value.element == Element::Class;
  bool fits = isClass == (type.classes != nullptr) &&
              !value.is(ValueKind::Instance) &&
              value.getRank() >= type.dims.size();
  if (isClass && !type.classes) {
    tensors
        .error("'" + formal.name.name + "' of '" + frame.definition->name.name +
               "' needs numbers, found " + describe(value) +
               "; take its one_hot")
        .note(formal.name.loc, "'" + formal.name.name + "' is declared here");
    return false;
  }
  if (!fits) {
    bool isNumber = type.classes && value.is(ValueKind::Tensor) && !isClass;
    tensors
        .error("'" + formal.name.name + "' of '" + frame.definition->name.name +
               "' needs " + describeFormal(formal) + ", found " +
               describe(value) +
               (isNumber ? "; an input can be ': class(n)', or ': [T] of "
                           "class(n)'"
                         : ""))
        .note(formal.name.loc, "'" + formal.name.name + "' is declared here");
    return false;
  }
  if (!isClass && value.is(ValueKind::Tensor))
    value = tensors.toFloat(value);
  return !value.isPoison();
}

bool Evaluator::bindDim(const Expr &dim, const Axis &axis, const Formal &formal,
                        const Value &value, Frame &frame, bool names) {
  auto *name = dyn_cast<NameExpr>(&dim);
  bool isFree = name && !frame.find(name->name);
  if (names) {
    if (isFree)
      frame.scopes.back()[name->name] = Value::makeSize(axis.size, axis.origin);
    return true;
  }
  SMLoc where = tensors.where;
  mlir::Location location = tensors.location;
  auto detail = tensors.detail;
  std::optional<Axis> needed = evaluateDim(dim, frame);
  Value *bound = name ? frame.find(name->name) : nullptr;
  tensors.where = where;
  tensors.location = location;
  tensors.detail = detail;
  if (!needed)
    return false;
  if (needed->size == axis.size)
    return true;
  SMLoc origin = bound && bound->origin.isValid() ? bound->origin : dim.begin;
  ArrayRef<ExprPtr> dims = formal.type->dims;
  auto place = llvm::find_if(
      dims, [&](const ExprPtr &other) { return other.get() == &dim; });
  size_t behind = dims.end() - place;
  Diagnostic &error = tensors.shapeError(
      "'" + formal.name.name + "' of '" + frame.definition->name.name +
          "' is " + describe(value) + ": " + axis.size.str() + " where " +
          (name ? name->spelling + " = " : Twine()).str() + needed->size.str() +
          " is needed",
      value.axes, [&](ArrayRef<Axis> rest) {
        return behind > 0 && rest.size() >= dims.size() &&
               rest[rest.size() - behind].size == needed->size;
      });
  error.note(axis.origin, axis.size.str() + " comes from here")
      .note(origin, needed->size.str() + " comes from here");
  if (origin != dim.begin)
    error.note(dim.begin, "the shape is declared here");
  return false;
}

/// `names`: gives names of dimensions their sizes; otherwise compares.
bool Evaluator::bindDims(const Formal &formal, const Value &value, Frame &frame,
                         bool names) {
  const TypeSyntax &type = *formal.type;
  size_t extra = value.getRank() - type.dims.size();
  for (auto [i, dim] : llvm::enumerate(type.dims))
    if (!bindDim(*dim, value.axes[extra + i], formal, value, frame, names))
      return false;
  return !type.classes ||
         bindDim(*type.classes, value.classes, formal, value, frame, names);
}

/// Turns the first `count` own axes into the last of `total` mapped ones.
bool Evaluator::mapLeading(Value &value, unsigned count, Binding &binding,
                           unsigned total) {
  for (unsigned i = 0; i < count; ++i) {
    unsigned number = binding.mapped[total - count + i];
    const Axis &known = tensors.getMappedAxis(number);
    if (known.size != value.axes[i].size) {
      tensors.mismatch("the arguments have leading axes of " +
                           known.size.str() + " and " +
                           value.axes[i].size.str(),
                       known, value.axes[i]);
      return false;
    }
    value.mapped.push_back(number);
  }
  value.axes.erase(value.axes.begin(), value.axes.begin() + count);
  return true;
}

bool Evaluator::bindFormals(ArrayRef<Formal> formals, ArrayRef<Value> arguments,
                            Frame &frame, bool isCell, Binding &binding) {
  binding.values.assign(arguments.begin(), arguments.end());
  SmallVector<unsigned> extras(formals.size());
  // Errors about an argument are at the argument.
  SMLoc call = tensors.where;
  llvm::scope_exit leave([&] { tensors.where = call; });
  auto moveToArgument = [&](size_t i) {
    tensors.where =
        i < frame.argumentPlaces.size() ? frame.argumentPlaces[i] : call;
  };
  for (auto [i, formal, value, extra] :
       llvm::enumerate(formals, binding.values, extras)) {
    if (!formal.type)
      continue;
    moveToArgument(i);
    if (!checkArgument(formal, value, frame))
      return false;
    extra = value.getRank() - formal.type->dims.size();
  }
  for (bool names : {true, false})
    for (auto [i, formal, value] : llvm::enumerate(formals, binding.values)) {
      moveToArgument(i);
      if (formal.type && !bindDims(formal, value, frame, names))
        return false;
    }
  tensors.where = call;

  // The time axis stands before the step's own axes.
  SmallVector<bool> timed(formals.size());
  for (size_t i = 0; isCell && i < formals.size(); ++i) {
    if (extras[i] == 0)
      continue;
    const Axis &time = binding.values[i].axes[extras[i] - 1];
    if (binding.time && binding.time->size != time.size) {
      tensors.mismatch("the sequences have " + binding.time->size.str() +
                           " and " + time.size.str() + " steps",
                       *binding.time, time);
      return false;
    }
    binding.time = binding.time.value_or(time);
    timed[i] = true;
    --extras[i];
  }

  unsigned total = 0;
  for (unsigned extra : extras)
    total = std::max(total, extra);
  for (unsigned position = 0; position < total; ++position)
    for (auto [extra, value] : llvm::zip(extras, binding.values))
      if (position + extra >= total) {
        binding.mapped.push_back(
            tensors.addMappedAxis(value.axes[position + extra - total]));
        break;
      }
  for (auto [formal, value, extra] : llvm::zip(formals, binding.values, extras))
    if (!mapLeading(value, extra, binding, total))
      return false;
  for (auto [formal, value] : llvm::zip(formals, binding.values))
    frame.scopes.back()[formal.name.name] = value;
  return true;
}

/// The mapped axes become the result's first own axes again.
Value Evaluator::unmap(const Value &value, const Binding &binding) {
  if (!value.is(ValueKind::Tensor) || binding.mapped.empty())
    return value;
  SmallVector<unsigned> mapped;
  std::set_union(value.mapped.begin(), value.mapped.end(),
                 binding.mapped.begin(), binding.mapped.end(),
                 std::back_inserter(mapped));
  Value result = tensors.broadcast(value, mapped, value.axes);
  if (result.isPoison())
    return {};
  Axes axes;
  for (unsigned number : binding.mapped)
    axes.push_back(tensors.getMappedAxis(number));
  axes.append(result.axes.begin(), result.axes.end());
  result.axes = axes;
  result.mapped.resize(mapped.size() - binding.mapped.size());
  return result;
}

} // namespace maek::dsl
