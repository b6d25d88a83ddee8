// Part of Maek, under the MIT licence; see LICENSE.
// What the schedule of one kernel came to, and why: the numbers that a cost
// model picked, or those that were asked for instead.
#ifndef MAEK_CODEGEN_HALIDE_SCHEDULES_DECISION_H
#define MAEK_CODEGEN_HALIDE_SCHEDULES_DECISION_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <optional>
#include <string>
#include <vector>

namespace maek::halide {

/// The text of a choice.
template <typename Choice>
std::string printChoice(const Choice &choice) {
  std::string text = Choice::kind.str();
  Choice::visit(choice, [&](llvm::StringRef name, int number) {
    text += " " + name.str() + "=" + std::to_string(number);
  });
  return text;
}

/// Reads what printChoice prints; nothing if it is another kind's, or no
/// choice.
template <typename Choice>
std::optional<Choice> parseChoice(llvm::StringRef text) {
  bool isRead = text.consume_front(Choice::kind);
  Choice choice;
  Choice::visit(choice, [&](llvm::StringRef name, int &number) {
    isRead = isRead && text.consume_front(" ") && text.consume_front(name) &&
             text.consume_front("=") && !text.consumeInteger(10, number) &&
             number >= 1;
  });
  if (!isRead || !text.empty())
    return std::nullopt;
  return choice;
}

class Decision {
public:
  /// `wanted` is the text of a choice that is taken if it is of the kernel's
  /// kind and fits it; empty is none.
  explicit Decision(llvm::StringRef wanted = "") : wanted(wanted.str()) {}

  /// What the schedule goes by: the wanted choice, or else what the model
  /// picked. `op` is what the kernel is there for.
  template <typename Choice>
  Choice settle(mlir::Operation *subject, const Choice &picked,
                llvm::function_ref<bool(const Choice &)> fits) {
    op = subject;
    std::optional<Choice> asked = parseChoice<Choice>(wanted);
    isAsked = asked && fits(*asked);
    const Choice &taken = isAsked ? *asked : picked;
    choice = printChoice(taken);
    return taken;
  }

  /// Another choice that is worth a try, likelier ones first.
  template <typename Choice>
  void offer(const Choice &other) {
    std::string text = printChoice(other);
    if (text != choice && !llvm::is_contained(others, text))
      others.push_back(text);
  }

  /// Whether a choice was wanted that the kernel has no use for.
  bool isRefused() const { return !wanted.empty() && !isAsked; }

  /// Null for a kernel without ops.
  mlir::Operation *op = nullptr;
  /// Empty where there is nothing to choose.
  std::string choice;
  /// What the schedule does with it, and from which numbers.
  std::string reason;
  std::vector<std::string> others;

private:
  std::string wanted;
  bool isAsked = false;
};

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_SCHEDULES_DECISION_H
