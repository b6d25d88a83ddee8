// Part of Maek, under the MIT licence; see LICENSE.
// The files on the command line that an entry's inputs and outputs are.
#ifndef MAEK_RUNTIME_CLI_PORTFILES_H
#define MAEK_RUNTIME_CLI_PORTFILES_H

#include "runtime/cli/CommandLine.h"
#include "runtime/cli/PredictInputs.h"

namespace maek::runtime {

/// A port of the entry with the file that it is read from or written to.
struct PortFile {
  const PortInfo *port;
  size_t index; ///< in the entry's arguments or results
  std::string path;
};

/// Assigns the option's paths to the ports of that role: "NAME=PATH", or just
/// "PATH" where there is one port. Those without a path are in the result, too.
std::vector<PortFile> bindFiles(CommandLine &line, const char *option,
                                const std::vector<PortInfo> &ports, Role role);

/// Complains about inputs without a path.
void requireFiles(CommandLine &line, const std::vector<PortFile> &files);

/// What the inputs' files hold: as many examples each.
class FileInputs {
public:
  /// Reads all; their dtypes and known sizes are the ports'.
  static Expected<FileInputs> read(const std::vector<PortFile> &files,
                                   const EntryInfo &entry);

  int64_t examples() const { return count; }
  /// The arguments for `number` examples from `first` on; good until the next
  /// call.
  std::span<const maek_tensor_t> slice(int64_t first, int64_t number);

private:
  struct Input {
    const PortInfo *port;
    NpyArray array;
    bool isBatched;
  };
  int64_t count = 1;
  std::vector<Input> inputs;
  std::vector<std::vector<int64_t>> shapes;
  std::vector<maek_tensor_t> tensors;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CLI_PORTFILES_H
