// Part of Maek, under the MIT licence; see LICENSE.
// What one run of an entry hands to the next: tensors of the entry's own, as
// large as its sizes say, whose capacity may grow between runs.
#include "runtime/core/Model.h"

#include <cstring>

using namespace maek::runtime;

void Model::resetCarried(size_t entry, int64_t capacity) {
  entries[entry].capacity = capacity;
  entries[entry].begins = true;
}

void Model::growCarried(size_t entry, int64_t capacity) {
  entries[entry].capacity = capacity;
}

// Copies into a tensor that is as large or larger along each axis; elements
// keep their indices.
static void copyInto(std::byte *to, std::span<const int64_t> toShape,
                     const std::byte *from, std::span<const int64_t> fromShape,
                     int64_t elementBytes) {
  if (fromShape.empty()) {
    std::memcpy(to, from, static_cast<size_t>(elementBytes));
    return;
  }
  int64_t toStep = *countElements(toShape.subspan(1)) * elementBytes;
  int64_t fromStep = *countElements(fromShape.subspan(1)) * elementBytes;
  if (toStep == fromStep) {
    std::memcpy(to, from, static_cast<size_t>(fromShape[0] * fromStep));
    return;
  }
  for (int64_t i = 0; i < fromShape[0]; ++i)
    copyInto(to + i * toStep, toShape.subspan(1), from + i * fromStep,
             fromShape.subspan(1), elementBytes);
}

Error Model::resizeCarried(const PortInfo &port, bool begins,
                           std::vector<int64_t> shape, Carried &carried) {
  std::string what = text(roleName(port.role), " '", port.name, "'");
  std::optional<int64_t> bytes = countBytes(shape, port.dtype);
  if (!bytes)
    return makeError(MAEK_OUT_OF_MEMORY, what, " is too large to address");
  Mirror larger;
  Mirror &target = begins ? carried.data : larger;
  if (Error error = target.reserve(*bytes, what, budget, on.get()))
    return error;
  if (begins) {
    carried.shape.swap(shape);
    return target.clear();
  }
  // On the host also where it is a device's: it happens seldom.
  Error error = larger.reserveHost(what);
  Expected<void *> content =
      error ? Expected<void *>(std::move(error)) : carried.data.read();
  if (!content) {
    larger.release();
    return content.takeError();
  }
  auto *to = static_cast<std::byte *>(larger.overwrite());
  std::memset(to, 0, static_cast<size_t>(*bytes));
  copyInto(to, shape, static_cast<const std::byte *>(*content), carried.shape,
           static_cast<int64_t>(dtypeSize(port.dtype)));
  carried.data.release();
  carried.data = std::move(larger);
  carried.shape.swap(shape);
  return Error::success();
}

// Nothing is allocated where nothing grows.
Error Model::sizeCarried(EntryState &entry) {
  for (const PortInfo &port : entry.info->arguments) {
    if (port.role != Role::Carried)
      continue;
    Carried &carried = entry.carried[port.storage];
    bool begins = entry.begins || !carried.data.exists();
    bool isSame = !begins, fits = true;
    for (size_t axis = 0; axis < port.shape.size(); ++axis) {
      std::optional<int64_t> size = port.shape[axis].evaluate(entry.dims);
      isSame = isSame && size == carried.shape[axis];
      fits = fits && (begins || size.value_or(0) >= carried.shape[axis]);
    }
    if (isSame)
      continue;
    std::vector<int64_t> shape;
    for (const Extent &extent : port.shape)
      shape.push_back(extent.evaluate(entry.dims).value_or(INT64_MAX));
    if (!fits)
      return makeError(MAEK_INVALID_ARGUMENT, "entry '", entry.info->name,
                       "' carries '", port.name, "' of shape ",
                       shapeText(carried.shape), " on, needed ",
                       shapeText(shape));
    if (Error error = resizeCarried(port, begins, std::move(shape), carried))
      return error;
  }
  entry.begins = false;
  return Error::success();
}
