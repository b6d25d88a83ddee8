// Part of Maek, under the MIT licence; see LICENSE.
// Data sets by name, as columns of examples in memory.
#ifndef MAEK_RUNTIME_DATA_DATASET_H
#define MAEK_RUNTIME_DATA_DATASET_H

#include "runtime/core/ModuleInfo.h"
#include "runtime/core/Tensor.h"
#include <memory>

namespace maek::runtime {

/// One tensor per example.
struct Column {
  /// Pixels are bytes that stand for v / 255.
  enum class Storage { Pixels, F32, F64, I32 };

  std::string name;
  std::string file; ///< where it came from, for messages
  Role role = Role::Input;
  Storage storage = Storage::F32;
  std::vector<int64_t> shape; ///< of one example
  std::string_view type = {}; ///< NumPy's name of it, of an .npy file
  /// Elements of examples, one behind the other; columns may share them.
  std::shared_ptr<std::vector<std::byte>> data =
      std::make_shared<std::vector<std::byte>>();
  /// In elements: where the first example begins, and how far from it the next
  /// one does if that is not where it ends. So examples may overlap.
  int64_t offset = 0;
  std::optional<int64_t> stride = {};
  /// How many classes there are, of a data set that counts them: what stands
  /// behind the symbols depends on their number. 0: as many as the model has.
  int64_t classes = 0;

  /// The bytes that begin with that example's.
  const std::byte *example(int64_t index) const;
};

struct Dataset {
  int64_t count = 0; ///< examples, at least 1
  std::vector<Column> columns;
  /// What weights that are trained on it must know to be used, kept in their
  /// files: the characters behind the classes.
  Metadata about;
};

/// What `about` said of the data set that weights were trained on, out of the
/// metadata of their file `path`: it goes wherever the weights go.
Expected<Metadata> readAbout(const Metadata &weights, const std::string &path);

/// An error if a data set that is made or cut would take too much memory. Null
/// for more bytes than can be counted.
Error checkDatasetSize(std::string_view name, std::optional<int64_t> bytes);

enum class Split { Train, Test };

/// Reads or makes one half of the data set `name`, which may have arguments
/// (see DataSpec.h): `fashion_mnist`, `mnist`, one of syntheticNames(), or
/// `npy`: files train-COLUMN.npy and test-COLUMN.npy for each port of `entry`
/// that takes data, or `text` (see Text.h). `folder` is where the files are;
/// empty means where the Debian package puts them. `weights` is the metadata of
/// the weights that the data is for, if there are any yet.
Expected<Dataset> loadDataset(std::string_view name, const std::string &folder,
                              Split split, const EntryInfo &entry,
                              const Metadata &weights = {});

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DATA_DATASET_H
