// Part of Maek, under the MIT licence; see LICENSE.
// Which axes of a kernel's values run over the same index: the kernel's loops.
#ifndef MAEK_PASSES_KERNELAXES_H
#define MAEK_PASSES_KERNELAXES_H

#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include <string>

namespace maek {

/// The axis classes of a block of value ops (a kernel's body, or a maek.kernel
/// region). Axes are in one class if an op says that they are the same: an
/// einsum's letters, elementwise operands, a broadcast's map.
class KernelAxes : AxisRelations {
public:
  using Class = unsigned;

  /// What a class is to the ops of the block; several may hold.
  struct Role {
    Extent extent;
    /// An op needs this axis as it is: iota's or argmax's axis, what is joined,
    /// cut or packed along, two letters of an einsum of one value.
    bool isFixed = false;
    /// A reduce removes it.
    bool isReduced = false;
    /// An einsum has it in: the lhs and the result only (its rows), the rhs
    /// and the result only (columns), both operands only (contracted), all
    /// three (batch).
    bool isRow = false, isColumn = false, isContracted = false, isBatch = false;
  };

  explicit KernelAxes(mlir::Block &block);

  /// One class per axis of `value`, an argument or a value of the block.
  llvm::ArrayRef<Class> get(mlir::Value value) const {
    return classes.find(value)->second;
  }
  unsigned getNumClasses() const { return roles.size(); }
  const Role &getRole(Class of) const { return roles[of]; }

  /// Whether `second` directly follows `first` in every value that has one of
  /// the two, so that one index could run over both.
  bool areJoinable(Class first, Class second) const;

private:
  void same(mlir::Value a, int64_t axis, mlir::Value b,
            int64_t otherAxis) override;
  void fix(mlir::Value value, int64_t axis) override;
  void addValue(mlir::Value value);
  void nameRoles(mlir::Block &block);
  void nameEinsumRoles(EinsumOp op);

  /// While the ops are visited: a number per axis, united.
  llvm::EquivalenceClasses<unsigned> united;
  llvm::DenseMap<mlir::Value, unsigned> firstAxis;
  llvm::SmallVector<unsigned> fixedAxes;
  llvm::SmallVector<mlir::Value> values;

  llvm::DenseMap<mlir::Value, llvm::SmallVector<Class>> classes;
  llvm::SmallVector<Role> roles;
};

} // namespace maek

#endif // MAEK_PASSES_KERNELAXES_H
