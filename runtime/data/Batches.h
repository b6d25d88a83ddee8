// Part of Maek, under the MIT licence; see LICENSE.
// Examples of a data set as the arguments of an entry.
#ifndef MAEK_RUNTIME_DATA_BATCHES_H
#define MAEK_RUNTIME_DATA_BATCHES_H

#include "runtime/data/Dataset.h"

namespace maek::runtime {

/// Whether the port's leading axis is the batch and nothing else.
bool hasBatchAxis(const PortInfo &port, const EntryInfo &entry);

/// Picks examples and lays them out as an entry takes them. The data set and
/// the entry must outlive it.
class Batches {
public:
  /// Finds a column for each input and target: the one of its name, or, for
  /// the entry's only one of its role, the data set's first of that role.
  /// Checks shapes, types and classes of every example.
  static Expected<Batches> create(const EntryInfo &entry, const Dataset &data,
                                  int64_t batch);

  /// Examples in all.
  int64_t count() const { return data->count; }
  /// The arguments for these examples, at most `batch`; good until the next
  /// call.
  std::span<const maek_tensor_t> gather(std::span<const uint32_t> examples);

private:
  struct Link {
    const PortInfo *port;
    const Column *column;
    int64_t count; ///< elements of one example
    std::vector<int64_t> shape;
    Buffer content;
  };
  static Error connect(const EntryInfo &entry, const PortInfo &port,
                       const Dataset &data, Link &out);

  const Dataset *data = nullptr;
  std::vector<Link> links;
  std::vector<maek_tensor_t> tensors;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DATA_BATCHES_H
