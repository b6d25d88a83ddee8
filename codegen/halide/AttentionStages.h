// Part of Maek, under the MIT licence; see LICENSE.
// The functions that attention and its gradients are made of, and the sizes of
// their tiles.
#ifndef MAEK_CODEGEN_HALIDE_ATTENTIONSTAGES_H
#define MAEK_CODEGEN_HALIDE_ATTENTIONSTAGES_H

#include "mlir/IR/Operation.h"

#include "Halide.h"
#include <optional>
#include <vector>

namespace maek::halide {

/// What the gradient by all operands at once has beside: its total has rows of
/// queries, then of keys, then of values, each with `features` of which the
/// last ones may be padding.
struct JointGradient {
  int64_t features = 0;
  /// What the total's update runs over, innermost first: rows of a group of
  /// `columnGroup`, groups of a step and of a tile, steps of a round, tiles,
  /// rounds.
  Halide::RVar row, group, step, tile, round;
  /// The total's rows, and the product's.
  Halide::Var rowVar{"row"};
  /// What each update of the product reduces over: keys, then queries twice.
  std::vector<Halide::RVar> reduced;
  /// Rows of operands with padding, where features do not fill it: of a tile,
  /// and of steps.
  std::vector<Halide::Func> tileRows, stepRows;
};

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
  std::optional<JointGradient> joint;
  /// Multiply-adds of the whole op, without masks.
  Halide::Expr work;
};

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_ATTENTIONSTAGES_H
