// Part of Maek, under the MIT licence; see LICENSE.
// What a file of weights lacks, has in another shape and has beside what is
// needed: whoever made it wants to hear all of it at once.
#ifndef MAEK_RUNTIME_CORE_MISMATCHES_H
#define MAEK_RUNTIME_CORE_MISMATCHES_H

#include "runtime/core/Safetensors.h"

namespace maek::runtime {

class Mismatches {
public:
  /// Behind "has no tensor 'x'" and "tensor 'x' is not in": who `needs` the
  /// one, as ", which the model needs", and the `place` where the other is not.
  Mismatches(std::string needs, std::string place)
      : needs(std::move(needs)), place(std::move(place)) {}

  void addMissing(const TensorInfo &needed);
  /// Adds it if its shape or type is wrong.
  void checkFound(const FileTensor &found, const TensorInfo &needed);
  /// `known`: the names that it might have been meant to have.
  void addExtra(std::string_view name, std::span<const std::string_view> known);

  /// All of it in one line, the first few tensors of each kind by name;
  /// success if there is nothing to say.
  Error makeError(std::string_view path, std::string_view whose = "") const;

private:
  struct Kind {
    std::vector<std::string> first;
    size_t count = 0;
  };
  static void add(Kind &kind, std::string_view name, std::string_view remark);
  static std::string list(const Kind &kind);

  std::string needs, place;
  Kind missing, misshaped, extra;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_MISMATCHES_H
