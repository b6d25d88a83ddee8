// Part of Maek, under the MIT licence; see LICENSE.
// A model and its train block to a module: parameters, states and the entries
// forward, evaluate and train_step.
#ifndef MAEK_DSL_MODELEMITTER_H
#define MAEK_DSL_MODELEMITTER_H

#include "dsl/Evaluator.h"
#include "runtime/core/AugmentTable.h"
#include "runtime/core/StateNames.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace maek::dsl {

/// Values that replace the defaults of a model's hyperparameters.
using Overrides = std::vector<std::pair<std::string, std::string>>;

/// Names of states that training keeps.
inline constexpr llvm::StringLiteral kSumPrefix = runtime::kSumPrefix;
inline constexpr llvm::StringLiteral kSumOfExamples = runtime::kSumOfExamples;
inline constexpr llvm::StringLiteral kAveragePrefix = runtime::kAveragePrefix;

class ModelEmitter {
public:
  ModelEmitter(const Program &program, Diagnostics &diagnostics,
               mlir::MLIRContext *context, mlir::Type floatType,
               const Definition &model, const Train *train);

  /// Null after an error.
  mlir::OwningOpRef<mlir::ModuleOp> emit(const Overrides &overrides);

  /// Gets a row for each input, target and equation, if set.
  ShapeTable *shapes = nullptr;

private:
  enum class Entry { Forward, Evaluate, TrainStep, Update, GenerateStep };
  struct Argument {
    llvm::StringRef role;
    std::string name;
    mlir::Type type;
    mlir::Location location;
    int64_t classes = 0;
  };
  struct Result {
    llvm::StringRef role;
    std::string name;
    mlir::Value value;
  };
  /// What the model's statements give.
  struct Outcome {
    std::vector<std::pair<Identifier, Value>> outputs, metrics;
    std::optional<std::pair<Identifier, Value>> loss;
  };
  struct OptimizerState {
    Identifier name;
    const Expr *init;
  };
  /// Parameters by patterns of their names, and what they have of their own.
  struct OptimizerGroup {
    std::vector<std::string> patterns;
    llvm::StringMap<Value> hyperparameters;
  };
  struct OptimizerSettings {
    const Definition *definition = nullptr;
    llvm::StringMap<Value> hyperparameters;
    std::vector<OptimizerGroup> groups;
    std::vector<OptimizerState> states;
  };

  // ModelEmitter.cpp
  bool setHyperparameters(const Overrides &overrides);
  std::optional<Outcome> evaluateModel();
  void declareInputs(const DeclareStmt &declare);
  void bindSymbols(const TypeSyntax &type);
  mlir::Value getArgument(llvm::StringRef role, llvm::StringRef name,
                          mlir::Type type, mlir::Location location,
                          int64_t classes = 0);
  bool hasClasses(llvm::StringRef name, int64_t classes) const;
  void checkOutcome(const Outcome &outcome);
  void beginEntry(Entry entry);
  static Extent getBatchSize();

  // EmitEntries.cpp
  bool emitBody(Entry entry, std::vector<Result> &results);
  bool check();
  void checkStateNames();
  bool emitEntry(Entry entry, llvm::StringRef name, mlir::ModuleOp module);
  bool finishRandoms(mlir::func::FuncOp function);
  void finishLimits(mlir::func::FuncOp function);
  bool finishEntry(mlir::func::FuncOp function, llvm::ArrayRef<Result> results,
                   size_t numArguments);
  bool checkTargets(mlir::Block &block, size_t numArguments);
  bool emitWeights(mlir::ModuleOp module);
  void emitMetadata(mlir::ModuleOp module);
  void emitStates();

  // EmitGenerate.cpp
  std::string findText(llvm::ArrayRef<Result> results) const;
  const Argument &getText() const;
  const std::pair<Identifier, Value> *findScores(const Outcome &outcome);
  mlir::Value beginState(llvm::StringRef name, mlir::Value init);
  bool emitGenerateBody(std::vector<Result> &results);
  bool emitGenerate(mlir::ModuleOp module);

  // EmitTraining.cpp
  bool readTrain();
  std::optional<std::string> readDataSet();
  std::string describeCall(const TrainItem &item, DefinitionKind kind);
  mlir::DictionaryAttr readSchedule();
  std::optional<double> readNumber(llvm::StringRef keyword);
  std::optional<double> readDecay();
  std::optional<int64_t> readInteger(llvm::StringRef keyword, int64_t otherwise,
                                     int64_t smallest);
  bool emitTraining(const Value &loss, std::vector<Result> &results);
  std::vector<Value> emitGradients(const Value &loss);
  /// The parameters that are not frozen.
  std::vector<const Parameter *> getTrained() const;
  mlir::DictionaryAttr getUses();
  mlir::DictionaryAttr readAugment();
  void checkAugmented(const runtime::Augmentation &kind, llvm::SMLoc loc);
  void errorMixed(const runtime::Augmentation &kind, const Argument &argument,
                  llvm::SMLoc loc);
  std::optional<Value> emitLearningRate(const Value &step);
  Value emitClipping(std::vector<Value> &gradients,
                     std::vector<Result> &results);
  Value getScalar(llvm::StringRef name);

  // EmitUpdates.cpp
  bool emitUpdates(std::vector<Value> gradients, std::vector<Result> &results);
  /// Between the entries train_step and update, where several batches make one
  /// update: the sum of a parameter's gradients, the number of examples.
  Value getSum(const Parameter &parameter);
  Value getExamples();
  bool emitAccumulation(llvm::ArrayRef<Value> gradients,
                        std::vector<Result> &results);
  bool emitAccumulatedUpdates(std::vector<Result> &results);
  bool emitAverage(const Result &updated, const Parameter &parameter,
                   const Value &share, std::vector<Result> &results);
  bool readOptimizer();
  void readExceptions();
  bool checkRate(double rate, llvm::SMLoc place);
  llvm::StringMap<Value> getHyperparameters(const Parameter &parameter) const;
  std::string getStateName(const OptimizerState &state,
                           const Parameter &parameter) const;
  double getStateInit(const OptimizerState &state, const Parameter &parameter);
  bool emitUpdate(const Parameter &parameter, const Value &gradient,
                  const Value &learningRate, const Value &step,
                  std::vector<Result> &results);

  const Program &program;
  Diagnostics &diagnostics;
  mlir::Type floatType;
  const Definition &model;
  const Train *train;
  TensorBuilder tensors;
  Evaluator evaluator;
  Instance root;
  Frame frame;
  /// Of the train block: knows the hyperparameters only.
  Frame settingsFrame;
  OptimizerSettings optimizer;
  llvm::SmallVector<mlir::NamedAttribute> settings;
  std::optional<double> clipNorm;
  /// Of the weights' moving average: what is kept with each update.
  std::optional<double> decay;
  /// Batches of one update.
  int64_t accumulate = 1;
  bool hasLoss = false, hasMetrics = false;
  /// The input that the model can go on with, if there is one.
  std::string textName;

  /// Arguments of all entries, in the order in which they were met.
  std::vector<Argument> arguments;
  /// Which entries take them, a bit each, by role and name.
  llvm::StringMap<unsigned> takers;
  llvm::StringMap<mlir::Value> argumentValues;
  mlir::Block *entryBlock = nullptr;
  Entry current = Entry::Forward;
};

} // namespace maek::dsl

#endif // MAEK_DSL_MODELEMITTER_H
