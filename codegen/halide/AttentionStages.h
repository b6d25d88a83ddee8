// Part of Maek, under the MIT licence; see LICENSE.
// The functions that attention and its gradients are made of, and the sizes of
// their tiles.
#ifndef MAEK_CODEGEN_HALIDE_ATTENTIONSTAGES_H
#define MAEK_CODEGEN_HALIDE_ATTENTIONSTAGES_H

#include "mlir/IR/Operation.h"

#include "Halide.h"
#include <vector>

namespace maek::halide {

/// One attention op as a loop over tiles. A tile has `lanes` rows side by side
/// in vectors (queries; keys for the gradient by keys) and runs over all
/// columns (keys; queries) in steps of `columns`. Functions have the variables
/// lane, column or feature, tile, step, then the leading axes.
struct AttentionStages {
  /// A function and what its update reduces over.
  struct Sum {
    Halide::Func func;
    Halide::RVar reduced;
  };

  mlir::Operation *op = nullptr;
  /// Steps have a multiple of so many columns.
  static constexpr int columnGroup = 8;
  /// Features that one block of the total has at most.
  int blockFeatures = 8;
  /// Rows of a tile.
  int lanes = 0;
  /// Columns of a step, and how many these are at most.
  Halide::Expr columns;
  int mostColumns = 0;
  /// Rows of the operands as they are, and turned so that the row is innermost.
  std::vector<Halide::Func> copies, panels;
  /// Sums over features: a number per lane and column.
  std::vector<Sum> dots;
  /// The scores and what is made of them, per lane and column.
  std::vector<Halide::Func> pairs;
  /// The factors of `product` as words of two numbers of bf16, if they are of
  /// that: pairs per lane, then rows of operands per feature; each for every
  /// two columns.
  std::vector<Halide::Func> words, rowWords;
  /// What `dots` and `product` read of a step's columns, for devices: per
  /// feature and column.
  std::vector<Halide::Func> columnRows;
  /// Pairs reduced over a step's columns: a number per lane.
  std::vector<Sum> rows;
  /// Pairs times rows of an operand, per lane and feature. Not always there.
  Sum product;
  /// What the steps add up to; its update runs over `summedFeature`, if there
  /// are features, within `step`.
  Halide::Func total;
  Halide::RVar summedFeature;
  /// The total's sums over their weights. Not always there.
  Halide::Func quotient;
  Halide::RVar step;
  Halide::Var lane{"lane"}, column{"column"}, feature{"feature"}, tile{"tile"},
      stepVar{"step"};
  /// Outermost first.
  std::vector<Halide::Var> leading;
  /// Multiply-adds of the whole op, without masks.
  Halide::Expr work;
};

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_ATTENTIONSTAGES_H
