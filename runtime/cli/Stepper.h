// Part of Maek, under the MIT licence; see LICENSE.
// Reads one text symbol by symbol: what comes next.
#ifndef MAEK_RUNTIME_CLI_STEPPER_H
#define MAEK_RUNTIME_CLI_STEPPER_H

#include "runtime/core/Generator.h"

namespace maek::runtime {

/// The scores at the last place of a piece are for the symbol that comes next.
class Stepper {
public:
  /// An error if the entry generate_step gives no scores of the text's classes.
  static Expected<Stepper> create(Model &model);
  /// Begins a text of which at most `length` symbols are read, or as many as
  /// the model has positions for; `source` are the arguments of
  /// generate_source, one example.
  Error begin(int64_t length, std::span<const maek_tensor_t> source) {
    return generator.begin(source, length, /*mayShorten=*/true);
  }
  /// How many that are.
  int64_t length() const { return generator.length(); }
  /// Reads on; the scores of what comes next, one for each class.
  Expected<std::vector<double>> read(std::span<const int32_t> piece);
  /// The class of the text that says that it begins; nothing if there is none.
  std::optional<int32_t> start() const;
  /// How many classes the scores are of.
  int64_t classes() const {
    return generator.info().results[scores].shape[2].factor;
  }

private:
  Stepper(Model &model, Generator generator)
      : model(&model), generator(std::move(generator)) {}
  Error run(std::span<const int32_t> piece);

  Model *model;
  Generator generator;
  size_t scores = 0;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CLI_STEPPER_H
