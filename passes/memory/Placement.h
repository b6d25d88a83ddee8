// Part of Maek, under the MIT licence; see LICENSE.
// Decides where each tensor of an entry lives: which storage, seen how.
#ifndef MAEK_PASSES_MEMORY_PLACEMENT_H
#define MAEK_PASSES_MEMORY_PLACEMENT_H

#include "ir/MaekOps.h"
#include "passes/memory/View.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include <deque>
#include <map>

namespace maek {

/// How one state of a scan passes from step to step.
struct ScanState {
  /// The output sequence that collects this state's new values, and the one
  /// that collects its old ones; -1 if there is none.
  int newOutput = -1, oldOutput = -1;
  /// The state lives in rows 0 .. T of `rows`, where both sequences are views;
  /// set if the old values are collected.
  Storage *rows = nullptr;
  /// Otherwise, if new values are not collected either: two buffers that swap.
  /// `initIsSecond`: the initial value lies in the second one.
  Storage *first = nullptr, *second = nullptr;
  bool initIsSecond = false;
  /// What the loop's variables refer to: the state, where its next value goes,
  /// and, after the loop, the final value. Null where views say it.
  Storage *current = nullptr, *next = nullptr, *final = nullptr;
};

struct ScanPlacement {
  llvm::SmallVector<ScanState> states;
  /// The loop variable's name in offsets: `%0` counts steps from 0.
  std::string counter;
  /// The index of the row that a step works on; of the segment.
  Polynomial row;
};

/// A place along an axis of `size` elements that the i32 argument of that
/// number tells.
struct ArgumentPlace {
  unsigned argument = 0;
  Extent size;
};

/// An operand that cannot lie where its user needs it, or an op that is no
/// view of its operand.
struct Conflict {
  mlir::Operation *op = nullptr;
  /// The operands to be replaced by one copy; empty: the op is to become a
  /// kernel.
  llvm::SmallVector<mlir::OpOperand *, 2> operands;
  std::string reason;
};

/// Where everything of `entry` lives. Valid for code generation only if there
/// are no conflicts; `maek-materialize-copies` removes them.
class Placement {
public:
  explicit Placement(mlir::func::FuncOp entry);
  Placement(const Placement &) = delete;

  llvm::ArrayRef<Conflict> getConflicts() const { return conflicts; }
  mlir::func::FuncOp getEntry() const { return entry; }
  const View &getView(mlir::Value value) const {
    return views.find(value)->second;
  }
  const ScanPlacement &getScan(ScanOp scan) const {
    return scans.find(scan)->second;
  }
  /// All storage, in the order of its first use.
  std::deque<Storage> &getStorage() { return storage; }
  const std::deque<Storage> &getStorage() const { return storage; }
  /// The places that arguments tell, by their names in offsets.
  const std::map<std::string, ArgumentPlace> &getPlaces() const {
    return places;
  }
  Storage *getArgument(unsigned index) const { return arguments[index]; }
  Storage *getResult(unsigned index) const { return results[index]; }

private:
  void claimAll(mlir::Block &block);
  void claimScan(ScanOp scan);
  void claimUpdate(UpdateSliceOp op);
  void claim(mlir::OpOperand &operand, mlir::OpOperand *twin = nullptr);
  void claimResult(mlir::func::ReturnOp op, mlir::OpOperand &operand);
  bool isPlaceable(mlir::Value source, mlir::Operation *user) const;
  bool canOverwrite(mlir::func::CallOp call, unsigned operand, unsigned result);
  bool isReadBefore(mlir::Value argument, mlir::func::CallOp call,
                    mlir::Value result, mlir::Value stored);
  void place(mlir::Block &block);
  void placeOp(mlir::Operation &op);
  void placeScan(ScanOp scan);
  void placeStates(ScanOp scan);
  bool placeView(mlir::Operation &op);
  View placeNew(mlir::Value value);
  View chooseView(mlir::Value value);
  View getSlot(mlir::OpOperand &operand);
  View getUpdatedSlot(UpdateSliceOp op);
  View getYieldSlot(ScanOp scan, unsigned number);
  View getElement(ScanOp scan, mlir::Value sequence);
  View getRows(ScanOp scan, ScanState &state);
  mlir::Type getRowsType(ScanOp scan, const ScanState &state) const;
  Storage *makeStorage(Storage::Kind kind, mlir::Type tensor,
                       mlir::Location location, mlir::Block *home = nullptr);
  void conflict(mlir::Operation *op, llvm::StringRef reason,
                llvm::ArrayRef<mlir::OpOperand *> operands = {});

  mlir::func::FuncOp entry;
  mlir::SymbolTableCollection tables;
  /// See getUpdatedArguments.
  llvm::SmallVector<int> updated;
  std::deque<Storage> storage;
  llvm::SmallVector<Storage *> arguments, results;
  llvm::DenseMap<mlir::Value, View> views;
  llvm::DenseMap<mlir::Operation *, ScanPlacement> scans;
  std::map<std::string, ArgumentPlace> places;
  /// The one operand in whose place a value is computed.
  llvm::DenseMap<mlir::Value, mlir::OpOperand *> claims;
  llvm::SmallVector<Conflict> conflicts;
  unsigned numCounters = 0;
};

/// Whether `op` is a stack or concat whose operands can be computed in their
/// parts of the result: not where they alternate element by element.
bool isInPlaceJoin(mlir::Operation &op);

/// Whether nothing but the slice needs to be written: the operand is an
/// argument that the result is written over and that nothing else reads, and
/// the position is an argument.
bool isInPlaceUpdate(UpdateSliceOp op);

/// What `value` is a whole reordering-free view of: looks up through reshape
/// and transpose.
mlir::Value getSource(mlir::Value value);

} // namespace maek

#endif // MAEK_PASSES_MEMORY_PLACEMENT_H
