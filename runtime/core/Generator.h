// Part of Maek, under the MIT licence; see LICENSE.
// Goes on with texts, by the entry generate_step.
#ifndef MAEK_RUNTIME_CORE_GENERATOR_H
#define MAEK_RUNTIME_CORE_GENERATOR_H

#include "runtime/core/Model.h"

namespace maek::runtime {

/// Each run of the entry takes the next piece of each text, one row a text, and
/// the states that the last run left; with attention a piece is one class, and
/// the states are what was seen so far. Of a source the entry generate_source
/// makes states that stay as they are.
class Generator {
public:
  /// An error if the model cannot generate.
  static Expected<Generator> create(Model &model);

  /// Begins texts of which at most `longest` classes are read; `source` are the
  /// arguments of generate_source, if the model has that entry. Where tables of
  /// positions have fewer rows: an error, or so many if it `mayShorten`.
  Error begin(std::span<const maek_tensor_t> source, int64_t longest,
              bool mayShorten = false);
  /// How many classes may be read; 0 before a text begins.
  int64_t length() const { return longest; }
  /// Reads on: i32[B, T] of the name of the input that is the text. The results
  /// are those of generate_step.
  Error read(const maek_tensor_t &text);

  size_t entry() const { return number; }
  const EntryInfo &info() const { return model->module().entries[number]; }
  /// The argument that is the text.
  const PortInfo &text() const { return *textPort; }

private:
  /// An argument beside the text: where in it the step stands, or what
  /// generate_source has left.
  struct Input {
    const PortInfo *port;
    std::vector<int64_t> shape;
    std::vector<std::byte> data;
    bool isSource;
  };
  Generator(Model &model, size_t entry) : model(&model), number(entry) {}
  Expected<bool> addSource(const PortInfo &port);
  Error checkLength(int64_t length) const;
  int64_t findFitting(int64_t most) const;

  Model *model;
  size_t number;
  const PortInfo *textPort = nullptr;
  int64_t position = 0; ///< classes of each text that were read
  int64_t longest = 0;  ///< classes that may be read; 0 before a text begins
  int64_t capacity = 0; ///< classes that the caches hold
  std::vector<Input> inputs;
  std::vector<maek_tensor_t> given;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_GENERATOR_H
