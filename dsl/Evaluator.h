// Part of Maek, under the MIT licence; see LICENSE.
// Walks expressions and definitions and emits their IR. What is a number when
// compiling is computed; what is a tensor becomes an op; a call is inlined.
#ifndef MAEK_DSL_EVALUATOR_H
#define MAEK_DSL_EVALUATOR_H

#include "dsl/Instance.h"
#include "dsl/TensorBuilder.h"

#include "llvm/ADT/DenseMap.h"

namespace maek::dsl {
class Program;
class ShapeTable;

/// What stands in weights blocks only.
class WeightsHandler {
public:
  virtual ~WeightsHandler() = default;
  virtual Value getStored(const StoredExpr &stored, Frame &frame) = 0;
  virtual void map(const MapStmt &map, Frame &frame) = 0;
  virtual void ignore(const IgnoreStmt &ignore, Frame &frame) = 0;
};

/// States that are arguments and results of what is emitted, so that a
/// sequence can come piece by piece.
struct CarriedStates {
  /// The size of the axis of which a piece is known.
  Extent axis;
  /// Replaces the value before the first step; gives the state a number.
  std::function<size_t(llvm::StringRef name, mlir::Value &init)> begin;
  /// Hears the value after the last step.
  std::function<void(size_t number, mlir::Value final)> finish;
};

class Evaluator {
public:
  /// Of calls and expressions within one another.
  static constexpr unsigned maxDepth = 400;
  /// Of expressions evaluated in one entry.
  static constexpr unsigned maxSteps = 4000000;

  Evaluator(const Program &program, Diagnostics &diagnostics,
            TensorBuilder &tensors)
      : program(program), diagnostics(diagnostics), tensors(tensors) {}

  Value evaluate(const Expr &expr, Frame &frame);
  /// Counts steps anew: another entry begins.
  void reset() {
    steps = 0;
    runningValues.clear();
  }
  /// Assignments and loops.
  void evaluate(const Stmt &stmt, Frame &frame);
  /// Applies the frame's fn or layer, called at `place`: mapped over the
  /// leading axes that its formals do not speak of.
  Value apply(Frame &callee, llvm::ArrayRef<Value> arguments,
              llvm::SMLoc place);
  /// The result of a function whose formals have their values.
  Value run(const Function &function, Frame &frame);

  /// Makes the parameters on the first call, binds their names on each.
  void declareParameters(const DeclareStmt &declare, Frame &frame);
  /// The frame's definition's hyperparameters as numbers; false, reported, if
  /// one is none. `exprs` is one per formal, evaluated in `caller`.
  bool bindHyperparameters(llvm::ArrayRef<const Expr *> exprs, Frame &caller,
                           llvm::StringMap<Value> &values, Frame &callee);
  void moveToCall(const Frame &callee);

  std::optional<Axis> evaluateDim(const Expr &expr, Frame &frame);
  std::optional<Axes> evaluateDims(const TypeSyntax &type, Frame &frame);
  /// The sizes that a list states, such as reshape's.
  std::optional<Axes> evaluateList(const ConcatExpr &list, Frame &frame);
  /// The axis that a call's `axis = n` states, counted from the end if below 0.
  std::optional<unsigned> evaluateAxis(const Expr &expr, const Value &value,
                                       Frame &frame);
  /// One axis or a list of them, [0, 1], each once.
  std::optional<llvm::SmallVector<unsigned>>
  evaluateAxes(const Expr &expr, const Value &value, Frame &frame);
  /// permute's list: each axis of the value once. Null, reported, if it is
  /// something else.
  std::optional<llvm::SmallVector<int64_t>>
  evaluateOrder(const CallExpr &call, const Value &value, Frame &frame);
  /// A number, or an error about `what`.
  std::optional<double> evaluateNumber(const Expr &expr, Frame &frame,
                                       const llvm::Twine &what);
  std::optional<double> evaluateFinite(const Expr &expr, Frame &frame,
                                       const llvm::Twine &what);
  std::optional<int64_t> evaluateInteger(const Expr &expr, Frame &frame,
                                         const llvm::Twine &what);

  /// Sets where errors and ops are from: this place, or the call, if the place
  /// is in the standard library.
  void moveTo(llvm::SMLoc loc, Frame &frame);
  mlir::Location getLocation(llvm::SMLoc loc, llvm::StringRef name = {});
  /// Where a name is declared; of the standard library's names, the call.
  mlir::Location getNameLocation(Identifier name, const Frame &frame);

  /// Parameters in the order in which they were made.
  llvm::ArrayRef<std::unique_ptr<Parameter>> getParameters() const {
    return parameters;
  }
  /// The parameters' tensors in the function being emitted. One that is
  /// missing becomes a new argument of `parameterBlock`.
  llvm::DenseMap<const Parameter *, mlir::Value> parameterTensors;
  mlir::Block *parameterBlock = nullptr;
  /// Whether the training step is being emitted: the constant `training`, which
  /// is 0 in a frozen model.
  bool isTraining = false;
  /// That constant, where the walk is now.
  bool trainsHere() const { return isTraining && frozen == 0; }
  /// Set while an entry for pieces of a sequence is emitted.
  CarriedStates *carried = nullptr;
  /// The next values of running parameters, as far as they have got one.
  llvm::DenseMap<const Parameter *, Value> runningValues;
  /// Hears of each equation of the user's, if set.
  ShapeTable *shapes = nullptr;
  /// Set while a weights block is evaluated.
  WeightsHandler *weights = nullptr;

private:
  // Evaluator.cpp
  Value evaluateName(const NameExpr &name, Frame &frame);
  Value evaluateBinary(const BinaryExpr &binary, Frame &frame);
  Value evaluateIndex(const IndexExpr &index, Frame &frame);
  bool select(const IndexItem &item, Value &value, unsigned &axis,
              Frame &frame);
  void runLoop(const ForStmt &loop, Frame &frame);
  void assign(const AssignStmt &assign, Frame &frame);

  // EvaluateCall.cpp
  Value evaluateCall(const CallExpr &call, Frame &frame);
  Value applyModel(const CallExpr &call, Instance &instance, Frame &frame);
  Value runModel(Frame &callee, llvm::SMLoc place);
  std::string getLayerHint(const Expr &callee) const;
  Value callFunction(const CallExpr &call, const Definition &definition,
                     Frame &frame);
  Value applyInstance(const CallExpr &call, Instance &instance, Frame &frame);

  // EvaluateInstance.cpp
  void makeUsed(const UseStmt &use, Frame &frame);
  Value makeInstance(const CallExpr &call, const Definition &definition,
                     Frame &frame);
  std::string chooseName(const CallExpr &call, const Definition &definition,
                         Frame &frame);
  void runBody(Frame &frame);
  void keepRunningValues(Frame &frame);
  void keepRunningValue(const Parameter &parameter, Identifier name,
                        Value next);
  Parameter *makeParameter(const DeclareStmt &declare, Identifier name,
                           Frame &frame);

  // BindFormals.cpp
  struct Binding {
    llvm::SmallVector<unsigned> mapped;
    /// Of a cell: the axis that it scans.
    std::optional<Axis> time;
    llvm::SmallVector<Value, 0> values;
  };
  bool bindFormals(llvm::ArrayRef<Formal> formals,
                   llvm::ArrayRef<Value> arguments, Frame &frame, bool isCell,
                   Binding &binding);
  bool checkArgument(const Formal &formal, Value &value, Frame &frame);
  bool bindDims(const Formal &formal, const Value &value, Frame &frame,
                bool names);
  bool bindDim(const Expr &dim, const Axis &axis, const Formal &formal,
               const Value &value, Frame &frame, bool names);
  bool mapLeading(Value &value, unsigned count, Binding &binding,
                  unsigned total);
  Value unmap(const Value &value, const Binding &binding);

  // EvaluateCell.cpp
  struct CellState;
  struct ScanParts;
  Value applyCell(Frame &callee, llvm::ArrayRef<Value> arguments,
                  llvm::SMLoc place);
  bool makeStates(Frame &frame, llvm::ArrayRef<unsigned> mapped,
                  std::vector<CellState> &states);
  void beginStep(Frame &callee, const Binding &binding,
                 llvm::ArrayRef<CellState> states, ScanParts &scan);
  Value getNextState(const CellState &state, Frame &callee,
                     llvm::ArrayRef<unsigned> mapped);
  Value emitStep(Frame &callee, llvm::ArrayRef<CellState> states,
                 llvm::ArrayRef<unsigned> mapped);
  Value emitScan(Frame &callee, Binding &binding,
                 llvm::ArrayRef<CellState> states,
                 llvm::ArrayRef<unsigned> mapped);

  const Program &program;
  Diagnostics &diagnostics;
  TensorBuilder &tensors;
  std::vector<std::unique_ptr<Parameter>> parameters;
  unsigned depth = 0, steps = 0;
  /// Of frozen models within one another.
  unsigned frozen = 0;
  bool isTooDeep = false;
};

} // namespace maek::dsl

#endif // MAEK_DSL_EVALUATOR_H
