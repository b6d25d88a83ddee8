// Part of Maek, under the MIT licence; see LICENSE.
// The Halide algorithms of the ops whose places come from a tensor. A number
// out of range, which is an error of the caller, reads and writes within the
// table nevertheless.
#include "codegen/halide/HalideExpressible.h"
#include "codegen/halide/KernelAlgorithm.h"
#include "codegen/halide/Models.h"
#include "ir/MaekOps.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using Halide::Expr;

namespace maek::halide {
namespace {

/// The row of the table that stands at `place` of the indices.
Expr getRow(KernelAlgorithm &kernel, Value indices, IndexRef place, Value table,
            int64_t batch) {
  return Halide::clamp(kernel.at(indices, place), 0,
                       kernel.extent(table, batch) - 1);
}

struct GatherModel : HalideExpressible::ExternalModel<GatherModel, GatherOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto gather = cast<GatherOp>(op);
    int64_t batch = gather.getBatch();
    int64_t rank = getRank(gather.getIndices().getType());
    kernel.define(
        gather.getResult(),
        [gather, batch, rank, &kernel](IndexRef index) mutable -> Expr {
          Index place(index.take_front(batch));
          place.push_back(getRow(kernel, gather.getIndices(),
                                 index.take_front(rank), gather.getTable(),
                                 batch));
          llvm::append_range(place, index.drop_front(rank));
          return kernel.at(gather.getTable(), place);
        });
  }
};

struct ScatterAddModel
    : HalideExpressible::ExternalModel<ScatterAddModel, ScatterAddOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto scatter = cast<ScatterAddOp>(op);
    Value updates = scatter.getUpdates(), indices = scatter.getIndices();
    size_t batch = scatter.getBatch();
    SmallVector<Extent> domain(
        ArrayRef(getExtents(indices.getType())).drop_front(batch));
    Halide::Func rows = KernelAlgorithm::makeFunc(
        "update", getRank(updates.getType()),
        [&](IndexRef index) { return kernel.at(updates, index); });
    kernel.scatter(
        scatter.getResult(), domain,
        [&](IndexRef index, IndexRef reduced) -> std::pair<Index, Expr> {
          Index source(index.take_front(batch));
          llvm::append_range(source, reduced);
          Index place(index);
          place[batch] = getRow(kernel, indices, source, scatter.getResult(),
                                int64_t(batch));
          llvm::append_range(source, index.drop_front(batch + 1));
          return {place,
                  rows(std::vector<Expr>(source.rbegin(), source.rend()))};
        });
  }
};

struct UpdateSliceModel
    : HalideExpressible::ExternalModel<UpdateSliceModel, UpdateSliceOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto update = cast<UpdateSliceOp>(op);
    int64_t dim = update.getDim();
    kernel.define(update.getResult(),
                  [update, dim, &kernel](IndexRef index) mutable -> Expr {
                    Expr position = getRow(kernel, update.getPosition(),
                                           Index(), update.getResult(), dim);
                    Index place(index);
                    place[dim] = 0;
                    return Halide::select(
                        index[dim] == position,
                        kernel.at(update.getSlice(), place),
                        kernel.at(update.getOperand(), index));
                  });
  }
};

} // namespace

void attachIndexingModels(MLIRContext &context) {
  GatherOp::attachInterface<GatherModel>(context);
  ScatterAddOp::attachInterface<ScatterAddModel>(context);
  UpdateSliceOp::attachInterface<UpdateSliceModel>(context);
}

} // namespace maek::halide
