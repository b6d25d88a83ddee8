// Part of Maek, under the MIT licence; see LICENSE.
// What the schedules of each kind decide: a few numbers. Their text, such as
// `product rows=8 vectors=2 gates=1 task=60`, stands in remarks, in the keys of
// the kernel cache and in tune files. See docs/rationale/schedules.md.
#ifndef MAEK_CODEGEN_HALIDE_SCHEDULES_CHOICES_H
#define MAEK_CODEGEN_HALIDE_SCHEDULES_CHOICES_H

#include "llvm/ADT/StringRef.h"

namespace maek::halide {

/// A product with an epilogue, as tiles of sums in registers.
struct ProductChoice {
  static constexpr llvm::StringLiteral kind = "product";
  /// Rows of the largest tile, and vectors of columns beside one another in it.
  int rows, vectors;
  /// Gates whose sums are in registers at once; 1 is one after another.
  int gates;
  /// Thousands of multiply-adds that a task has at least.
  int task;

  template <typename Self, typename Visitor>
  static void visit(Self &self, Visitor visitor) {
    visitor("rows", self.rows);
    visitor("vectors", self.vectors);
    visitor("gates", self.gates);
    visitor("task", self.task);
  }
};

/// A product that sums over far more than it gives.
struct LongChoice {
  static constexpr llvm::StringLiteral kind = "long-product";
  int rows, vectors;
  /// Steps of the summed axis that are copied and summed at a time.
  int block;
  /// Vectors of columns that are copied together.
  int chunk;
  /// Tasks that the rows make, as far as their number allows.
  int tasks;

  template <typename Self, typename Visitor>
  static void visit(Self &self, Visitor visitor) {
    visitor("rows", self.rows);
    visitor("vectors", self.vectors);
    visitor("block", self.block);
    visitor("chunk", self.chunk);
    visitor("tasks", self.tasks);
  }
};

/// A convolution: tiles of pixels by output channels.
struct ConvolutionChoice {
  static constexpr llvm::StringLiteral kind = "convolution";
  /// Pixels and vectors of channels of a tile.
  int rows, vectors;
  /// Rows of the image in a task.
  int block;

  template <typename Self, typename Visitor>
  static void visit(Self &self, Visitor visitor) {
    visitor("rows", self.rows);
    visitor("vectors", self.vectors);
    visitor("block", self.block);
  }
};

/// A convolution's gradient by its weights: tiles of input by output channels.
struct WindowGradientChoice {
  static constexpr llvm::StringLiteral kind = "convolution-gradient";
  int rows, vectors;
  /// Input channels in a task.
  int block;

  template <typename Self, typename Visitor>
  static void visit(Self &self, Visitor visitor) {
    visitor("rows", self.rows);
    visitor("vectors", self.vectors);
    visitor("block", self.block);
  }
};

struct AttentionChoice {
  static constexpr llvm::StringLiteral kind = "attention";
  /// Columns or features whose sums are in registers at once.
  int block;

  template <typename Self, typename Visitor>
  static void visit(Self &self, Visitor visitor) {
    visitor("block", self.block);
  }
};

/// The gradient of attention by all operands at once.
struct GradientChoice {
  static constexpr llvm::StringLiteral kind = "attention-gradient";
  /// Rows of the gradients, and columns, whose sums are in registers at once.
  int rows, columns;

  template <typename Self, typename Visitor>
  static void visit(Self &self, Visitor visitor) {
    visitor("rows", self.rows);
    visitor("columns", self.columns);
  }
};

struct ElementwiseChoice {
  static constexpr llvm::StringLiteral kind = "elementwise";
  /// Elements of a task.
  int block;

  template <typename Self, typename Visitor>
  static void visit(Self &self, Visitor visitor) {
    visitor("block", self.block);
  }
};

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_SCHEDULES_CHOICES_H
