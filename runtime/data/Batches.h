// Part of Maek, under the MIT licence; see LICENSE.
// Examples of a data set as the arguments of an entry.
#ifndef MAEK_RUNTIME_DATA_BATCHES_H
#define MAEK_RUNTIME_DATA_BATCHES_H

#include "runtime/data/Augment.h"
#include "runtime/data/Dataset.h"

namespace maek::runtime {

/// Whether the port's leading axis is the batch and nothing else.
bool hasBatchAxis(const PortInfo &port, const EntryInfo &entry);

/// An error if one of these i32 is no class of `classes`, 0 for any; `file` is
/// where they came from.
Error checkClasses(const std::string &file, const PortInfo &port,
                   std::span<const std::byte> data, int64_t classes);

/// Picks examples and lays them out as an entry takes them. The data set and
/// the entry must outlive it.
class Batches {
public:
  /// Finds a column for each input and target: the one of its name, or, for
  /// the entry's only one of its role, the data set's first of that role.
  /// Classes fill a port of numbers with one axis more, 1 at the class. Checks
  /// shapes, types and classes of every example.
  static Expected<Batches> create(const EntryInfo &entry, const Dataset &data,
                                  int64_t batch);

  /// Whether a target of numbers is filled by classes.
  bool hasLabels() const;
  /// The arguments for these examples, at most `batch`, varied if there is an
  /// augmenter; good until the next call.
  std::span<const maek_tensor_t> gather(std::span<const uint32_t> examples,
                                        const Augmenter *augmenter = nullptr);

private:
  struct Link {
    const PortInfo *port;
    const Column *column;
    int64_t count;       ///< elements of one example
    int64_t classes = 0; ///< of numbers that are 1 at the class, 0 elsewhere
    std::vector<int64_t> shape;
    Buffer content;
  };
  static bool isLabel(const Link &link) {
    return link.classes > 0 && link.port->role == Role::Target;
  }
  template <typename To>
  static void convertExample(const Link &link, uint32_t example, To *to);
  template <typename To>
  static void varyExample(const Link &link, const Augmenter &augmenter,
                          uint32_t example, To *to, To *scratch);
  template <typename To>
  void gatherLink(Link &link, std::span<const uint32_t> examples,
                  const Augmenter *augmenter);
  static Error connect(const EntryInfo &entry, const PortInfo &port,
                       const Dataset &data, Link &out);

  const Dataset *data = nullptr;
  std::vector<Link> links;
  std::vector<maek_tensor_t> tensors;
  /// Room for one example of any link: as it was, and to be mixed.
  Buffer plain, other;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DATA_BATCHES_H
