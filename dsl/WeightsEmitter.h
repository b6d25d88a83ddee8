// Part of Maek, under the MIT licence; see LICENSE.
// A weights block to two entries: `import_<name>` makes the model's tensors of
// a file's, `export_<name>` the file's of the model's.
#ifndef MAEK_DSL_WEIGHTSEMITTER_H
#define MAEK_DSL_WEIGHTSEMITTER_H

#include "dsl/Evaluator.h"

#include "mlir/IR/BuiltinOps.h"

namespace maek::dsl {

/// A parameter or state of the model.
struct ModelTensor {
  llvm::StringRef role;
  std::string name;
  Axes axes;
  mlir::Location location;
};

/// Note [Weights]
/// An equation `a = b` holds between tensors of the model, in `a`, and tensors
/// of a file, in `b`. Exporting evaluates `a` and takes the value apart along
/// `b`; importing evaluates `b` and takes it apart along `a`. So each side is
/// made of operations that can be undone. Exporting comes first: it finds the
/// shapes that the file's tensors have.
class WeightsEmitter : WeightsHandler {
public:
  WeightsEmitter(const Weights &block, llvm::ArrayRef<ModelTensor> stored,
                 Evaluator &evaluator, TensorBuilder &tensors,
                 Diagnostics &diagnostics, Frame &frame)
      : block(block), stored(stored), evaluator(evaluator), tensors(tensors),
        diagnostics(diagnostics), frame(frame) {}

  /// Adds the two entries; false, reported, if there is an error.
  bool emit(mlir::ModuleOp module);
  /// By which a file of this format is known; after `emit`.
  std::vector<std::string> takeFileNames() { return std::move(fileNames); }

private:
  struct Named {
    llvm::StringRef role;
    std::string name;
    Value value;
    mlir::Location location;
  };

  Value getStored(const StoredExpr &expr, Frame &frame) override;
  void map(const MapStmt &map, Frame &frame) override;
  void ignore(const IgnoreStmt &ignore, Frame &frame) override;

  void run(mlir::ModuleOp module, llvm::StringRef prefix,
           llvm::ArrayRef<Named> arguments);
  void mapEqualNames();
  std::optional<std::string> getName(const StoredExpr &expr, Frame &frame);
  /// Gives the tensors in `pattern` such values that it has the value `value`.
  void assign(const Expr &pattern, const Value &value, Frame &frame);
  void assignStored(const StoredExpr &pattern, const Value &value,
                    Frame &frame);
  void assignParts(llvm::ArrayRef<const Expr *> parts, unsigned axis,
                   const Value &value, llvm::SMLoc loc, Frame &frame);
  void assignCall(const CallExpr &pattern, const Value &value, Frame &frame);
  void cannotUndo(const Expr &pattern, Frame &frame);
  /// The shape that a pattern has, as far as it states one.
  std::optional<Axes> getShape(const Expr &pattern, Frame &frame);
  const ModelTensor *findModelTensor(llvm::StringRef name) const;
  void reportUnknown(const StoredExpr &expr, llvm::StringRef name,
                     Frame &frame);

  const Weights &block;
  llvm::ArrayRef<ModelTensor> stored;
  Evaluator &evaluator;
  TensorBuilder &tensors;
  Diagnostics &diagnostics;
  Frame &frame;

  bool isImport = false;
  /// In the side being evaluated: the model's or the file's.
  bool inModel = false;
  /// By name: what the entry is given, and what of it is read.
  llvm::StringMap<Value> given;
  llvm::StringSet<> used;
  /// What the entry gives, in the order of the text, and where it says so.
  std::vector<Named> results;
  llvm::StringMap<llvm::SMLoc> assigned;
  std::vector<std::string> fileNames; ///< sorted
  /// Patterns of names in the file, in the order of the text.
  std::vector<std::string> ignored;
};

} // namespace maek::dsl

#endif // MAEK_DSL_WEIGHTSEMITTER_H
