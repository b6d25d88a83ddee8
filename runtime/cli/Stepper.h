// Part of Maek, under the MIT licence; see LICENSE.
// Reads a text symbol by symbol: what comes next, from the entry generate_step.
#ifndef MAEK_RUNTIME_CLI_STEPPER_H
#define MAEK_RUNTIME_CLI_STEPPER_H

#include "runtime/core/Model.h"

namespace maek::runtime {

/// The entry takes a piece of the text and the states that the last piece left;
/// its scores at the last place are for the symbol that comes next. With
/// attention a piece is one symbol, and the states are what was seen so far. Of
/// a source the entry generate_source makes states that stay as they are.
class Stepper {
public:
  /// The model has the entry generate_step.
  static Expected<Stepper> create(Model &model);
  /// Begins a text of which at longest `length` symbols are read; `source` are
  /// the arguments of generate_source, one example.
  Error begin(int64_t length, std::span<const maek_tensor_t> source);
  /// Reads on; the scores of what comes next, one for each class.
  Expected<std::vector<double>> read(std::span<const int32_t> piece);
  /// The class of the text that says that it begins; nothing if there is none.
  std::optional<int32_t> start() const;
  /// How many classes the scores are of.
  int64_t classes() const { return info().results[scores].shape[2].factor; }

private:
  /// An input beside the text: where in it the step stands, or what is known of
  /// the source.
  struct Input {
    const PortInfo *port;
    std::vector<int64_t> shape;
    std::vector<std::byte> data;
  };
  Stepper(Model &model, size_t entry) : model(&model), entry(entry) {}
  Error add(const PortInfo &port, const std::vector<int64_t> &dims);
  bool addSource(const PortInfo &port);
  Error run(std::span<const int32_t> piece);
  const EntryInfo &info() const { return model->module().entries[entry]; }

  Model *model;
  size_t entry;
  size_t scores = 0;
  const PortInfo *text = nullptr;
  int64_t position = 0; ///< symbols that were read
  int64_t longest = 0;  ///< symbols that may be read
  int64_t capacity = 0; ///< symbols that the caches hold
  std::vector<Input> inputs;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CLI_STEPPER_H
