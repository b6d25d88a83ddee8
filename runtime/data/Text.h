// Part of Maek, under the MIT licence; see LICENSE.
// Text as a sequence of classes: the characters of a file, or its bytes.
#ifndef MAEK_RUNTIME_DATA_TEXT_H
#define MAEK_RUNTIME_DATA_TEXT_H

#include "runtime/data/DataSpec.h"
#include "runtime/data/Dataset.h"

namespace maek::runtime {

/// Which class a character is: its place among the characters that a text has,
/// in the order of their code points; or a byte's value.
class Vocabulary {
public:
  static Vocabulary ofBytes();
  /// The characters of `text`, which is UTF-8; errors begin with `where`.
  static Expected<Vocabulary> ofCharacters(std::string_view text,
                                           std::string_view where);
  /// What `describe` wrote into a file of weights; nothing if there is none.
  static Expected<std::optional<Vocabulary>> read(const Metadata &metadata,
                                                  const std::string &path);

  Metadata describe() const;
  bool isBytes() const { return bytes; }
  int64_t size() const;
  /// The classes of `text`. An error, which begins with `where`, if it is no
  /// UTF-8 or has a character that is none of these.
  Expected<std::vector<int32_t>> encode(std::string_view text,
                                        std::string_view where) const;
  /// What to print for a class, which is below size().
  std::string decode(int32_t symbol) const;

private:
  bool bytes = false;
  std::vector<uint32_t> characters; ///< sorted
};

/// `text(file, length, stride, split, unit)`: an example is `length`
/// characters, the input `text`, and those one place further, the target
/// `next`. The last part `split` of the file is for evaluation. `known` is the
/// vocabulary of weights that are read, or null.
Expected<Dataset> loadText(const DataSpec &spec, const std::string &folder,
                           Split split, const EntryInfo &entry,
                           const Vocabulary *known);

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DATA_TEXT_H
