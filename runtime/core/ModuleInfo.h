// Part of Maek, under the MIT licence; see LICENSE.
// The description of a compiled model, read from the module's JSON and
// checked, so that nothing behind it meets a surprise.
#ifndef MAEK_RUNTIME_CORE_MODULEINFO_H
#define MAEK_RUNTIME_CORE_MODULEINFO_H

#include "runtime/core/AugmentTable.h"
#include "runtime/core/Error.h"
#include "runtime/core/RoleTable.h"
#include <functional>
#include <optional>
#include <vector>

namespace maek::runtime {

/// Pairs of a safetensors file's __metadata__.
using Metadata = std::vector<std::pair<std::string, std::string>>;

/// A size: `factor` times the product of symbols (indices into the entry's
/// list; a square has its symbol twice).
struct Extent {
  int64_t factor = 1;
  std::vector<uint32_t> symbols;

  bool isStatic() const { return symbols.empty(); }
  bool operator==(const Extent &) const = default;
  /// Its value, or nothing on overflow. `dims` are the symbols' values.
  std::optional<int64_t> evaluate(const std::vector<int64_t> &dims) const;
  /// "2*T".
  std::string str(const std::vector<std::string> &symbols) const;
};

/// An argument or result of an entry.
struct PortInfo {
  Role role;
  std::string name;
  maek_dtype_t dtype;
  std::vector<Extent> shape;
  int64_t classes = 0; ///< i32: values are 0 .. classes - 1; 0 = not known

  /// Of a result that is made of a file's tensors: these arguments.
  std::vector<size_t> reads = {};

  /// The element that `name` has among parameters, states or prepared, or among
  /// what the entry carries.
  size_t storage = 0;
  /// "[B, 28, 28]".
  std::string shapeText(const std::vector<std::string> &symbols) const;
};

/// How a parameter or state gets its first value.
struct InitInfo {
  enum class Kind { Constant, Uniform, Normal };
  Kind kind = Kind::Constant;
  double first = 0, second = 0; ///< value; low, high; mean, deviation
};

/// A parameter, state or prepared tensor.
struct TensorInfo {
  std::string name;
  maek_dtype_t dtype;
  std::vector<int64_t> shape;
  InitInfo init;
  int64_t count = 0; ///< elements
  /// Of a parameter: the state that holds its average, if one does.
  std::optional<size_t> average;
};

/// A piece of an entry's memory plan, as the compiler words it.
struct SlotInfo {
  std::string slot, bytes;
};

/// A size that may be no larger than a table has rows.
struct LimitInfo {
  Extent size;
  int64_t most = 0;
  std::string table; ///< of that parameter; may be empty
};

/// The symbol of the number of examples, in every entry.
inline constexpr std::string_view batchSymbol = "B";

struct EntryInfo {
  std::string name;
  std::vector<std::string> symbols;
  std::vector<PortInfo> arguments, results;
  std::vector<SlotInfo> memory;
  std::vector<std::string> ignored; ///< patterns of a file's other tensors
  std::vector<LimitInfo> limits;
  /// Arguments whose values the code takes beside the symbols': i32, of rank 0.
  std::vector<size_t> hostReads;

  /// The index of the symbol; nothing if unknown.
  std::optional<size_t> findSymbol(std::string_view symbol) const;
  /// The symbols' values, into `dims`, as far as the shapes tell them, else
  /// `unknownSize`. `shapeOf` gives the shape of an argument, or null.
  void bindSymbols(const std::function<const int64_t *(size_t)> &shapeOf,
                   std::vector<int64_t> &dims) const;
  /// The size that only carried tensors have: how many steps they hold.
  /// Nothing if there is none.
  std::optional<size_t> findCapacity() const;
  /// An error if a size is beyond its limit.
  Error checkLimits(const std::vector<int64_t> &dims) const;

  static constexpr int64_t unknownSize = -1;
};

/// Another model that this one uses: its parameters have the prefix "NAME.".
struct UseInfo {
  std::string name, model;
  std::string file; ///< of its weights, as the model file says; may be empty
  bool frozen = false;
};

/// The largest count that a setting or an option may have: far above use, below
/// overflow.
inline constexpr int64_t maxCount = 1'000'000'000;

/// What the model file's `train` block says. Absent ones are empty.
struct SettingsInfo {
  std::string data;
  std::vector<UseInfo> uses;
  AugmentInfo augment;
  std::optional<int64_t> batch, epochs, seed, accumulate;
  std::optional<double> lr;
  /// What the entry train_step does with the gradients; for readers.
  std::string optimizer, schedule;
  /// Numbers of the schedule, by their names.
  std::vector<std::pair<std::string, double>> scheduleArguments;
  std::optional<double> clipNorm, average;
};

/// The devices that a module's code is for.
struct DeviceNeeds {
  std::string kind;       ///< "cuda", "opencl"
  int64_t capability = 0; ///< the least one, 80 for sm_80

  /// "cuda from sm_80".
  std::string str() const {
    return capability > 0 ? text(kind, " from sm_", capability) : kind;
  }
};

struct ModuleInfo {
  std::string name, source, target;
  std::optional<DeviceNeeds> device; ///< nothing: the processor
  std::string precision;             ///< of numbers, or of products: bf16, int8
  std::vector<std::pair<std::string, std::string>> versions;
  SettingsInfo settings;
  std::vector<TensorInfo> parameters, states, prepared;
  /// Names of tensors that files of weights may have beside these.
  std::vector<std::string> unused;
  std::vector<EntryInfo> entries;
  std::vector<std::string> kernels;
  std::vector<SlotInfo> memory; ///< where all entries share one plan

  /// The index of the entry of that name, or nothing.
  std::optional<size_t> findEntry(std::string_view name) const;
};

/// Reads and checks the description. Errors have the code MAEK_BAD_MODULE.
Expected<ModuleInfo> readModule(const maek_module_t &module);

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_MODULEINFO_H
