// Part of Maek, under the MIT licence; see LICENSE.
// Each op with a new leading axis: axes move up by one.
#include "passes/Mappable.h"

#include "ir/MaekOps.h"
#include "passes/Rewriting.h"

#include "mlir/IR/DialectRegistry.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;

#include "passes/Mappable.cpp.inc"

namespace maek {
namespace {

Type addAxis(Type type, const Extent &steps) {
  SmallVector<Extent> extents{steps};
  llvm::append_range(extents, getExtents(type));
  return getTensorType(extents, getElementType(type));
}

/// The new axis in front of others.
SmallVector<int64_t> putFirst(ArrayRef<int64_t> axes) {
  SmallVector<int64_t> all{0};
  llvm::append_range(all, axes);
  return all;
}

/// The operands, all of them with the new axis.
SmallVector<Value> repeatUnmapped(OpBuilder &builder, Location loc,
                                  ValueRange operands,
                                  const llvm::SmallBitVector &mapped,
                                  const Extent &steps) {
  SmallVector<Value> all(operands);
  for (auto [i, operand] : llvm::enumerate(all)) {
    if (mapped[i])
      continue;
    Type type = addAxis(operand.getType(), steps);
    auto dims = llvm::to_vector(llvm::seq<int64_t>(1, getRank(type)));
    if (auto broadcast = operand.getDefiningOp<BroadcastOp>()) {
      dims = llvm::map_to_vector(broadcast.getDims(),
                                 [](int64_t axis) { return axis + 1; });
      operand = broadcast.getOperand();
    }
    operand = BroadcastOp::create(builder, loc, type, operand, dims);
  }
  return all;
}

/// The op on operands that all have the new axis.
Operation *mapAll(Operation *op, OpBuilder &builder, ValueRange operands,
                  const llvm::SmallBitVector &mapped, const Extent &steps) {
  SmallVector<Value> all =
      repeatUnmapped(builder, op->getLoc(), operands, mapped, steps);
  SmallVector<Type> types;
  for (Type type : op->getResultTypes())
    types.push_back(addAxis(type, steps));
  Operation *clone = cloneWith(builder, op, types, all);
  cast<AxisOpInterface>(clone).renumberAxes(
      [](Value, int64_t axis) { return axis + 1; });
  return clone;
}

/// Ops that do the same at each index of the new axis.
template <typename Op>
struct MapAxes : Mappable::ExternalModel<MapAxes<Op>, Op> {
  SmallVector<Value> mapOverAxis(Operation *op, OpBuilder &builder,
                                 ValueRange operands,
                                 const llvm::SmallBitVector &mapped,
                                 const Extent &steps) const {
    Operation *clone = mapAll(op, builder, operands, mapped, steps);
    // Their attribute names every axis.
    if (auto broadcast = dyn_cast<BroadcastOp>(clone))
      broadcast.setDims(putFirst(broadcast.getDims()));
    else if (auto transpose = dyn_cast<TransposeOp>(clone))
      transpose.setPermutation(putFirst(transpose.getPermutation()));
    return SmallVector<Value>(clone->getResults());
  }
};

/// "bk,nk->bn" -> "tbk,nk->tbn": operands without the new axis stay as they
/// are.
struct MapEinsum : Mappable::ExternalModel<MapEinsum, EinsumOp> {
  bool hasRoom(Operation *op) const {
    return cast<EinsumOp>(op).getEquation().getFreshLetter().has_value();
  }
  SmallVector<Value> mapOverAxis(Operation *op, OpBuilder &builder,
                                 ValueRange operands,
                                 const llvm::SmallBitVector &mapped,
                                 const Extent & /*steps*/) const {
    EinsumAttr equation = cast<EinsumOp>(op).getEquation();
    std::string letter(1, *equation.getFreshLetter());
    auto map = [&](bool isMapped, StringRef term) {
      return isMapped ? letter + term.str() : term.str();
    };
    equation = EinsumAttr::get(
        op->getContext(), map(mapped[0], equation.getLhs()),
        map(mapped[1], equation.getRhs()), map(true, equation.getResult()));
    return {EinsumOp::create(builder, op->getLoc(), equation, operands[0],
                             operands[1])};
  }
};

/// Indices alone may have the new axis if they share none with the table.
struct MapGather : Mappable::ExternalModel<MapGather, GatherOp> {
  SmallVector<Value> mapOverAxis(Operation *op, OpBuilder &builder,
                                 ValueRange operands,
                                 const llvm::SmallBitVector &mapped,
                                 const Extent &steps) const {
    auto gather = cast<GatherOp>(op);
    if (!mapped[0] && gather.getBatch() == 0)
      return {
          GatherOp::create(builder, op->getLoc(), operands[0], operands[1], 0)};
    return SmallVector<Value>(
        mapAll(op, builder, operands, mapped, steps)->getResults());
  }
};

template <template <typename> class Model, typename... Ops>
void attach(MLIRContext *context) {
  (Ops::template attachInterface<Model<Ops>>(*context), ...);
}

} // namespace

void registerMappableModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, MaekDialect *) {
    attach<MapAxes, NegOp, ExpOp, LogOp, Log1pOp, TanhOp, SigmoidOp, SqrtOp,
           SinOp, CosOp, ErfOp, AddOp, SubOp, MulOp, DivOp, PowOp, MaxOp, MinOp,
           CompareOp, SelectOp, ConvertOp, StopGradientOp, ReshapeOp, ConcatOp,
           SplitOp, StackOp, UnstackOp, SliceOp, PadOp, ReverseOp, ArgmaxOp,
           WindowOp, FoldOp, ReduceOp, BroadcastOp, TransposeOp>(context);
    EinsumOp::attachInterface<MapEinsum>(*context);
    GatherOp::attachInterface<MapGather>(*context);
  });
}

} // namespace maek
