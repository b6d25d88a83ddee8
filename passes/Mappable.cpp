// Part of Maek, under the MIT licence; see LICENSE.
// Each op with a new leading axis: axes move up by one.
#include "passes/Mappable.h"

#include "ir/MaekOps.h"
#include "passes/Rewriting.h"

#include "mlir/IR/DialectRegistry.h"

using namespace mlir;

#include "passes/Mappable.cpp.inc"

namespace maek {
namespace {

Type addAxis(Type type, const Extent &steps) {
  SmallVector<Extent> extents{steps};
  llvm::append_range(extents, getExtents(type));
  return getTensorType(extents, getElementType(type));
}

/// The axes, moved up by one; the new one in front of them if `withNew`.
SmallVector<int64_t> shiftAxes(ArrayRef<int64_t> axes, bool withNew) {
  SmallVector<int64_t> shifted;
  if (withNew)
    shifted.push_back(0);
  for (int64_t axis : axes)
    shifted.push_back(axis + 1);
  return shifted;
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
      dims = shiftAxes(broadcast.getDims(), false);
      operand = broadcast.getOperand();
    }
    operand = BroadcastOp::create(builder, loc, type, operand, dims);
  }
  return all;
}

/// The op on operands that all have the new axis; `shift` changes the clone's
/// attributes.
template <typename Op, typename Shift>
SmallVector<Value> mapAll(Op op, OpBuilder &builder, ValueRange operands,
                          const llvm::SmallBitVector &mapped,
                          const Extent &steps, Shift shift) {
  SmallVector<Value> all =
      repeatUnmapped(builder, op->getLoc(), operands, mapped, steps);
  SmallVector<Type> types;
  for (Type type : op->getResultTypes())
    types.push_back(addAxis(type, steps));
  Operation *clone = cloneWith(builder, op, types, all);
  shift(cast<Op>(clone));
  return SmallVector<Value>(clone->getResults());
}

/// Ops whose attributes name no axis.
template <typename Op>
struct MapPlain : Mappable::ExternalModel<MapPlain<Op>, Op> {
  SmallVector<Value> mapOverAxis(Operation *op, OpBuilder &builder,
                                 ValueRange operands,
                                 const llvm::SmallBitVector &mapped,
                                 const Extent &steps) const {
    return mapAll(cast<Op>(op), builder, operands, mapped, steps, [](Op) {});
  }
};

/// Ops with an axis `dim`.
template <typename Op>
struct MapDim : Mappable::ExternalModel<MapDim<Op>, Op> {
  SmallVector<Value> mapOverAxis(Operation *op, OpBuilder &builder,
                                 ValueRange operands,
                                 const llvm::SmallBitVector &mapped,
                                 const Extent &steps) const {
    return mapAll(cast<Op>(op), builder, operands, mapped, steps,
                  [](Op clone) { clone.setDim(clone.getDim() + 1); });
  }
};

struct MapReduce : Mappable::ExternalModel<MapReduce, ReduceOp> {
  SmallVector<Value> mapOverAxis(Operation *op, OpBuilder &builder,
                                 ValueRange operands,
                                 const llvm::SmallBitVector &mapped,
                                 const Extent &steps) const {
    return mapAll(cast<ReduceOp>(op), builder, operands, mapped, steps,
                  [](ReduceOp clone) {
                    clone.setDims(shiftAxes(clone.getDims(), false));
                  });
  }
};

struct MapBroadcast : Mappable::ExternalModel<MapBroadcast, BroadcastOp> {
  SmallVector<Value> mapOverAxis(Operation *op, OpBuilder &builder,
                                 ValueRange operands,
                                 const llvm::SmallBitVector &mapped,
                                 const Extent &steps) const {
    return mapAll(cast<BroadcastOp>(op), builder, operands, mapped, steps,
                  [](BroadcastOp clone) {
                    clone.setDims(shiftAxes(clone.getDims(), true));
                  });
  }
};

struct MapTranspose : Mappable::ExternalModel<MapTranspose, TransposeOp> {
  SmallVector<Value> mapOverAxis(Operation *op, OpBuilder &builder,
                                 ValueRange operands,
                                 const llvm::SmallBitVector &mapped,
                                 const Extent &steps) const {
    return mapAll(cast<TransposeOp>(op), builder, operands, mapped, steps,
                  [](TransposeOp clone) {
                    clone.setPermutation(
                        shiftAxes(clone.getPermutation(), true));
                  });
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
    return mapAll(gather, builder, operands, mapped, steps,
                  [](GatherOp clone) { clone.setBatch(clone.getBatch() + 1); });
  }
};

template <template <typename> class Model, typename... Ops>
void attach(MLIRContext *context) {
  (Ops::template attachInterface<Model<Ops>>(*context), ...);
}

} // namespace

void registerMappableModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, MaekDialect *) {
    attach<MapPlain, NegOp, ExpOp, LogOp, Log1pOp, TanhOp, SigmoidOp, SqrtOp,
           SinOp, CosOp, ErfOp, AddOp, SubOp, MulOp, DivOp, PowOp, MaxOp, MinOp,
           CompareOp, SelectOp, ConvertOp, StopGradientOp, ReshapeOp>(context);
    attach<MapDim, ConcatOp, SplitOp, StackOp, UnstackOp, SliceOp, PadOp,
           ReverseOp, ArgmaxOp, WindowOp, FoldOp>(context);
    ReduceOp::attachInterface<MapReduce>(*context);
    BroadcastOp::attachInterface<MapBroadcast>(*context);
    TransposeOp::attachInterface<MapTranspose>(*context);
    EinsumOp::attachInterface<MapEinsum>(*context);
    GatherOp::attachInterface<MapGather>(*context);
  });
}

} // namespace maek
