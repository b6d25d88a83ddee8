// Part of Maek, under the MIT licence; see LICENSE.
// The numbers behind the symbols of one function's types.
#ifndef MAEK_IR_INTERPRETER_SYMBOLVALUES_H
#define MAEK_IR_INTERPRETER_SYMBOLVALUES_H

#include "ir/Extent.h"
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace maek {

/// What is known about symbols: values, and products whose factors are not
/// known one by one (a kernel that only sees rows of B*T).
class SymbolValues {
public:
  /// Learns that `extent` is `value`. Fails if that contradicts what is known.
  mlir::LogicalResult bind(const Extent &extent, int64_t value);
  /// Gives a symbol a value that may change: the steps of a segment.
  void set(const Extent &symbol, int64_t value);
  /// Learns each symbol that is known in `other` and not here.
  void addMissing(const SymbolValues &other);
  /// The value of `extent`; nothing if it is not known.
  std::optional<int64_t> evaluate(const Extent &extent) const;

private:
  mlir::LogicalResult solve();
  std::optional<int64_t> find(llvm::StringRef symbol) const;

  std::map<std::string, int64_t> values;
  std::vector<std::pair<Extent, int64_t>> equations;
};

} // namespace maek

#endif // MAEK_IR_INTERPRETER_SYMBOLVALUES_H
