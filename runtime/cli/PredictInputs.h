// Part of Maek, under the MIT licence; see LICENSE.
// What `predict` reads: .npy files, or a picture; and the classes it prints.
#ifndef MAEK_RUNTIME_CLI_PREDICTINPUTS_H
#define MAEK_RUNTIME_CLI_PREDICTINPUTS_H

#include "runtime/core/Model.h"
#include "runtime/data/Npy.h"

namespace maek::runtime {

/// The array of a .npy file, in the port's precision if it holds floats, or of
/// a PNG or JPEG file as a batch of one; its content decides. A picture is cut
/// to the port's shape, which must be [H, W], [1, H, W] or [3, H, W] behind the
/// batch (see fitImage).
Expected<NpyArray> readInput(const std::string &path, const PortInfo &port,
                             const EntryInfo &entry);

/// Whether the port is one number for each of some classes: [B, n].
bool isClassScores(const PortInfo &port, const EntryInfo &entry);

/// The names of `count` classes, one a line. An empty path gives none.
Expected<std::vector<std::string>> readClassNames(const std::string &path,
                                                  int64_t count);

/// Prints the likeliest classes of each example, "0.9231  3  Dress". Scores
/// that are probabilities (none below 0, their sum 1) are taken as they are,
/// of others the softmax.
void printClasses(const maek_tensor_t &scores, int64_t top,
                  const std::vector<std::string> &names, int64_t firstExample,
                  bool numbersExamples);

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CLI_PREDICTINPUTS_H
