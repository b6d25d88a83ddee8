// Part of Maek, under the MIT licence; see LICENSE.
// Files: reading exact ranges, and writing so that a file of that name is
// always the old one or the complete new one, whatever happens in between.
#ifndef MAEK_RUNTIME_CORE_FILES_H
#define MAEK_RUNTIME_CORE_FILES_H

#include "runtime/core/Error.h"
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace maek::runtime {

/// A regular file, open for reading.
class InputFile {
public:
  static Expected<InputFile> open(const std::string &path);
  InputFile(InputFile &&other) noexcept;
  InputFile &operator=(InputFile &&) = delete;
  ~InputFile();

  const std::string &path() const { return name; }
  uint64_t size() const { return bytes; }
  /// Reads exactly `out.size()` bytes from `offset`; a file that became
  /// shorter meanwhile is an error.
  Error read(uint64_t offset, std::span<std::byte> out) const;
  /// The whole content.
  Expected<std::vector<std::byte>> readAll() const;
  static Expected<std::vector<std::byte>> readAll(const std::string &path);

private:
  InputFile(int descriptor, std::string name, uint64_t bytes)
      : descriptor(descriptor), name(std::move(name)), bytes(bytes) {}
  int descriptor;
  std::string name;
  uint64_t bytes;
};

/// An error if the name is that of a model file or of the program that runs: a
/// slip of the hand that would cost one.
Error checkOutputName(const std::string &path);

/// Writes beside the final name (`path.partial`) and moves there at the end.
/// Destroyed without `commit`, it leaves nothing behind. Of a symbolic link the
/// final name is what it points to.
class AtomicFile {
public:
  static Expected<AtomicFile> create(const std::string &given);
  AtomicFile(AtomicFile &&other) noexcept;
  AtomicFile &operator=(AtomicFile &&) = delete;
  ~AtomicFile();

  Error write(const void *data, size_t size);
  Error write(std::string_view data) { return write(data.data(), data.size()); }
  /// Brings file and name to the disk. On failure the old file stays.
  Error commit();

private:
  AtomicFile(int descriptor, std::string path)
      : descriptor(descriptor), path(std::move(path)) {}
  Error fail(std::string_view what) const;
  int descriptor;
  std::string path;
};

/// `path: message` with the reason of the failed system call.
Error systemError(const std::string &path, std::string_view what);

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_FILES_H
