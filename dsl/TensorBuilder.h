// Part of Maek, under the MIT licence; see LICENSE.
// Makes ops of the maek dialect from values with mapped axes: aligns operands,
// broadcasts, chooses the letters of an einsum, and reports what does not fit.
#ifndef MAEK_DSL_TENSORBUILDER_H
#define MAEK_DSL_TENSORBUILDER_H

#include "dsl/Value.h"

#include "ir/MaekOps.h"
#include "mlir/IR/Builders.h"
#include <functional>

namespace maek::dsl {
class Diagnostics;
struct Diagnostic;

/// The axes of a tensor; see Note [Mapped axes].
struct Shape {
  llvm::SmallVector<unsigned, 4> mapped;
  Axes axes;
};

class TensorBuilder {
public:
  /// A model that needs more ops than this is an error, not an endless run.
  static constexpr unsigned maxOps = 400000;
  /// Halide's extents and indices are 32 bits wide.
  static constexpr int64_t maxElements = (int64_t(1) << 31) - 1;

  TensorBuilder(mlir::MLIRContext *context, mlir::Type floatType,
                Diagnostics &diagnostics)
      : ops(context), floatType(floatType), diagnostics(diagnostics) {}

  mlir::OpBuilder ops;
  mlir::Location location = ops.getUnknownLoc();
  /// Where errors are reported; set together with `location`.
  llvm::SMLoc where;
  /// The place in the standard library, if it is not the user's.
  std::pair<llvm::SMLoc, std::string> detail;

  unsigned addMappedAxis(const Axis &axis) {
    mappedAxes.push_back(axis);
    return mappedAxes.size() - 1;
  }
  const Axis &getMappedAxis(unsigned number) const {
    return mappedAxes[number];
  }
  /// Forgets the mapped axes and counts anew: another function begins.
  void reset() {
    mappedAxes.clear();
    randomPlaces.clear();
    limits.clear();
    numOps = 0;
  }

  /// Gives a word of the key of random numbers: an argument of the training
  /// step. Null elsewhere, where nothing may need a random number.
  std::function<mlir::Value(llvm::StringRef)> getRandomKey;
  /// The step of each sequence that is being scanned, outermost first.
  llvm::SmallVector<mlir::Value> times;
  /// Where random numbers were asked for, by their stream.
  std::vector<std::pair<llvm::SMLoc, std::pair<llvm::SMLoc, std::string>>>
      randomPlaces;

  /// What must hold of sizes that only a run knows: `size` is at most the
  /// number of the table's rows.
  struct Limit {
    Axis size;
    int64_t most;
    mlir::Value table;
  };
  std::vector<Limit> limits;

  /// All of a value's extents: mapped, then own.
  mlir::RankedTensorType getType(llvm::ArrayRef<unsigned> mapped,
                                 llvm::ArrayRef<Axis> axes, Element element);
  /// A value around a tensor whose axes are those.
  Value wrap(mlir::Value tensor, llvm::ArrayRef<unsigned> mapped,
             llvm::ArrayRef<Axis> axes, Element element = Element::Float);

  /// Numbers and sizes as tensors; booleans as 0 and 1; poison, reported, for
  /// classes and layers.
  Value toFloat(const Value &value);
  /// The same value with these mapped axes, which include its own.
  Value broadcast(const Value &value, llvm::ArrayRef<unsigned> mapped,
                  llvm::ArrayRef<Axis> axes);
  /// A number of that shape.
  Value constant(double number, llvm::ArrayRef<unsigned> mapped,
                 llvm::ArrayRef<Axis> axes, Element element = Element::Float);

  Value negate(const Value &value);
  Value add(const Value &a, const Value &b);
  Value subtract(const Value &a, const Value &b);
  Value multiply(const Value &a, const Value &b);
  Value divide(const Value &a, const Value &b);
  Value power(const Value &base, const Value &exponent);
  Value max(const Value &a, const Value &b);
  Value min(const Value &a, const Value &b);
  Value sqrt(const Value &value);
  Value exp(const Value &value);
  Value log(const Value &value);
  Value log1p(const Value &value);
  Value tanh(const Value &value);
  Value sigmoid(const Value &value);
  Value sin(const Value &value);
  Value cos(const Value &value);
  Value erf(const Value &value);
  Value compare(ComparePredicate predicate, const Value &a, const Value &b);
  Value select(const Value &condition, const Value &a, const Value &b);
  Value dot(const Value &a, const Value &b);
  /// `kind` is sum, max or min; of these own axes.
  Value reduce(ReduceKind kind, const Value &value,
               llvm::ArrayRef<unsigned> axes);
  /// Of all own axes.
  Value reduce(ReduceKind kind, const Value &value);
  Value mean(const Value &value, llvm::ArrayRef<unsigned> axes);
  Value argmax(const Value &value, unsigned axis);
  Value oneHot(const Value &value);
  Value stopGradient(const Value &value);
  /// Of a scalar by an argument of the block, for each example.
  Value gradient(const Value &value, const Value &by);
  /// The rows of `table`'s first own axis that classes or numbers name. Numbers
  /// are cut to whole ones and to the axis, except for those of an arange,
  /// which must lie in it.
  Value gather(const Value &table, const Value &index);
  /// The first rows of `table`; how many, only a run may know.
  Value takeFirst(const Value &table, const Axis &size);
  /// A random number from [0, 1) for each of the value's elements.
  Value uniformLike(const Value &value);
  Value arange(const Axis &axis);
  Value reshape(const Value &value, llvm::ArrayRef<Axis> axes);
  /// The last two own axes change places.
  Value transpose(const Value &value);
  Value permute(const Value &value, llvm::ArrayRef<int64_t> permutation,
                llvm::ArrayRef<unsigned> mapped, llvm::ArrayRef<Axis> axes);
  /// Along an own axis, the last one if none is given.
  Value concat(llvm::ArrayRef<Value> values,
               std::optional<unsigned> along = std::nullopt);
  /// An own axis from its end to its start.
  Value reverse(const Value &value, unsigned axis);
  Value slice(const Value &value, unsigned axis, int64_t offset,
              const Axis &size);
  /// How windows lie along an own axis: `size` elements, `dilation` apart, of
  /// every `stride`-th start.
  struct Windows {
    unsigned axis;
    int64_t size, stride = 1, dilation = 1;
  };
  /// The axis becomes two, the window and the place within it; only windows
  /// that are inside.
  Value window(const Value &value, const Windows &windows);
  /// `number` before and behind an own axis.
  Value pad(const Value &value, unsigned axis, int64_t before, int64_t behind,
            double number);
  /// One letter for each own axis; the letters of `equation` that are not in
  /// its result are summed over.
  Value einsum(EinsumAttr equation, const Value &a, const Value &b);
  /// Takes an own axis of size 1 away.
  Value dropAxis(const Value &value, unsigned axis);
  /// The mean over the mapped axes: the batch, and what the definition is
  /// mapped over.
  Value batchMean(const Value &value);
  /// How many values that is the mean of.
  Value batchCount(const Value &value);
  /// The mean over the batch of a scalar, which all examples may share.
  Value exampleMean(const Value &value);

  Diagnostic &error(const llvm::Twine &message);
  /// Notes where the sizes come from that differ, or that one of both lacks.
  static void noteDifference(Diagnostic &error, llvm::ArrayRef<Axis> a,
                             llvm::ArrayRef<Axis> b);
  /// A `problem` with these axes. If they fit without one that a '*' kept, that
  /// is where the error is: it was meant to be a '·'.
  Diagnostic &shapeError(const llvm::Twine &problem, llvm::ArrayRef<Axis> axes,
                         llvm::function_ref<bool(llvm::ArrayRef<Axis>)> fits);
  /// An error about two sizes, with a note at the origin of each.
  void mismatch(const llvm::Twine &message, const Axis &a, const Axis &b);
  /// False, reported, if the shape has too many elements.
  bool fits(llvm::ArrayRef<unsigned> mapped, llvm::ArrayRef<Axis> axes);
  /// Counts an op; false, reported once, when there are too many.
  bool spend();
  bool isExhausted() const { return numOps > maxOps; }

private:
  template <typename Op>
  Value unary(const Value &value);
  template <typename Op>
  Value binary(llvm::StringRef symbol, const Value &a, const Value &b);
  /// Widens `shape` so that `value` fits in too; false, reported, if it cannot.
  bool unite(llvm::StringRef symbol, Shape &shape, const Value &value);
  Value expand(const Value &value, const Shape &shape,
               Element element = Element::Float);
  /// Of a '*': marks the axis that a product would have summed over.
  void markKept(const Value &a, const Value &b, Value &result) const;
  /// Both operands as numbers of the same shape.
  bool align(llvm::StringRef symbol, Value &a, Value &b);
  bool alignClasses(llvm::StringRef symbol, Value &a, Value &b);
  /// Numbers as those of an axis's elements.
  Value toPlaces(const Value &number, const Axis &axis);
  Value gatherRows(Value rows, Value places);
  Value foldNumber(double number);

  mlir::Type floatType;
  Diagnostics &diagnostics;
  std::vector<Axis> mappedAxes;
  unsigned numOps = 0;
};

} // namespace maek::dsl

#endif // MAEK_DSL_TENSORBUILDER_H
