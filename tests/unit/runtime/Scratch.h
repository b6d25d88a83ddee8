// Part of Maek, under the MIT licence; see LICENSE.
// Helpers of these tests: a folder that goes away, whole files, small data.
#ifndef MAEK_TESTS_UNIT_RUNTIME_SCRATCH_H
#define MAEK_TESTS_UNIT_RUNTIME_SCRATCH_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace maek::fake {

/// A new empty folder, removed with all that is in it.
class Scratch {
public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch &) = delete;
  Scratch &operator=(const Scratch &) = delete;

  /// The path of `name` in it.
  std::string operator/(std::string_view name) const;
  const std::string &path() const { return folder; }
  /// The names of its files, sorted.
  std::vector<std::string> files() const;

private:
  std::string folder;
};

std::string readFile(const std::string &path);
void writeFile(const std::string &path, std::string_view content);
bool exists(const std::string &path);

/// `examples` images of three separable classes as train- and test-*.npy.
void writeNpyData(const Scratch &scratch, int64_t examples = 50);

/// The content of an IDX file.
std::string makeIdx(const std::vector<uint32_t> &shape,
                    std::string_view content);
std::string gzip(std::string_view content);

} // namespace maek::fake

#endif // MAEK_TESTS_UNIT_RUNTIME_SCRATCH_H
