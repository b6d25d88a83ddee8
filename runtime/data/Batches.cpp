// Part of Maek, under the MIT licence; see LICENSE.
// Examples of a data set as the arguments of an entry.
#include "runtime/data/Batches.h"
#include "runtime/data/Npy.h"

#include <algorithm>
#include <array>
#include <cstring>

using namespace maek::runtime;

bool maek::runtime::hasBatchAxis(const PortInfo &port, const EntryInfo &entry) {
  if (port.shape.empty())
    return false;
  const Extent &first = port.shape[0];
  return first.factor == 1 && first.symbols.size() == 1 &&
         entry.symbols[first.symbols[0]] == batchSymbol;
}

static const char *storageName(Column::Storage storage) {
  switch (storage) {
  case Column::Storage::Pixels:
    return "pixels";
  case Column::Storage::F32:
    return "f32";
  case Column::Storage::F64:
    return "f64";
  case Column::Storage::I32:
    return "i32";
  }
  return "";
}

static const Column *findColumn(const EntryInfo &entry, const PortInfo &port,
                                const Dataset &data) {
  const Column *first = nullptr;
  for (const Column &column : data.columns) {
    if (column.name == port.name)
      return &column;
    if (column.role == port.role && !first)
      first = &column;
  }
  auto ports = std::count_if(
      entry.arguments.begin(), entry.arguments.end(),
      [&](const PortInfo &other) { return other.role == port.role; });
  return ports == 1 ? first : nullptr;
}

// Whether a column's example fits the port's axes behind the batch: axis by
// axis, or with axes of size 1 more or less, or flattened. Gives the sizes.
static bool fitShape(std::span<const Extent> port,
                     const std::vector<int64_t> &column,
                     std::vector<int64_t> &out) {
  auto fits = [](const Extent &extent, int64_t size) {
    return !extent.isStatic() || extent.factor == size;
  };
  if (std::equal(port.begin(), port.end(), column.begin(), column.end(),
                 fits)) {
    out.insert(out.end(), column.begin(), column.end());
    return true;
  }
  std::vector<int64_t> sizes, wanted, found;
  for (const Extent &extent : port) {
    if (!extent.isStatic())
      return false;
    sizes.push_back(extent.factor);
  }
  out.insert(out.end(), sizes.begin(), sizes.end());
  auto isNotOne = [](int64_t size) { return size != 1; };
  std::copy_if(sizes.begin(), sizes.end(), std::back_inserter(wanted),
               isNotOne);
  std::copy_if(column.begin(), column.end(), std::back_inserter(found),
               isNotOne);
  return wanted == found ||
         (sizes.size() == 1 && countElements(column) == sizes[0]);
}

Error maek::runtime::checkClasses(const std::string &file, const PortInfo &port,
                                  std::span<const std::byte> data,
                                  int64_t classes) {
  for (size_t i = 0; classes > 0 && i < data.size() / sizeof(int32_t); ++i) {
    int32_t value;
    std::memcpy(&value, data.data() + i * sizeof(value), sizeof(value));
    if (value < 0 || value >= classes)
      return makeError(MAEK_BAD_FILE, file, ": has class ", value, " at index ",
                       i, "; ", roleName(port.role), " '", port.name,
                       "' needs 0 to ", classes - 1);
  }
  return Error::success();
}

Error Batches::connect(const EntryInfo &entry, const PortInfo &port,
                       const Dataset &data, Link &out) {
  std::string what = text(roleName(port.role), " '", port.name, "'");
  if (!hasBatchAxis(port, entry))
    return makeError(MAEK_INVALID_ARGUMENT, what,
                     " has no leading batch axis, so no data set can feed it");
  const Column *column = findColumn(entry, port, data);
  if (!column) {
    std::string names;
    for (const Column &other : data.columns)
      append(names, text(names.empty() ? "" : ", ", other.name));
    return makeError(MAEK_INVALID_ARGUMENT, "the data set has nothing for ",
                     what, "; it has ", names);
  }
  out.port = &port;
  out.column = column;
  out.shape.push_back(0);
  bool isInteger = column->storage == Column::Storage::I32;
  std::span<const Extent> shape = std::span(port.shape).subspan(1);
  // Classes as numbers, 1 at the class.
  if (isInteger && port.dtype != MAEK_I32 &&
      shape.size() == column->shape.size() + 1 && shape.back().isStatic()) {
    out.classes = shape.back().factor;
    shape = shape.first(shape.size() - 1);
  }
  if (!fitShape(shape, column->shape, out.shape)) {
    std::vector<std::string> needed;
    for (const Extent &extent : std::span(port.shape).subspan(1))
      needed.push_back(extent.str(entry.symbols));
    return makeError(MAEK_BAD_FILE, column->file, ": an example has shape ",
                     shapeText(column->shape), "; ", what, " needs ",
                     shapeText(needed));
  }
  if (countElements(column->shape) == 0)
    return makeError(MAEK_BAD_FILE, column->file, ": an example has shape ",
                     shapeText(column->shape), ", which is empty; ", what,
                     " needs at least one number");
  if (out.classes > 0)
    out.shape.push_back(out.classes);
  else if (isInteger != (port.dtype == MAEK_I32) &&
           !(isInteger && column->shape.empty())) // a length is a number, too
    return makeError(MAEK_BAD_FILE, column->file, ": has ",
                     column->type.empty() ? storageName(column->storage)
                                          : column->type,
                     "; ", what, " needs ", dtypeName(port.dtype),
                     column->type.empty() ? "" : castHint(port.dtype));
  out.count = *countElements(column->shape) * std::max(out.classes, int64_t{1});
  if (!isInteger)
    return Error::success();
  int64_t classes = std::max(port.classes, out.classes);
  if (column->classes > 0 && classes > 0 && column->classes != classes)
    return makeError(MAEK_BAD_FILE, column->file, ": has ", column->classes,
                     " classes; ", what, " has ", classes,
                     ": 'symbols' must be the model's");
  return checkClasses(column->file, port, *column->data, classes);
}

Expected<Batches> Batches::create(const EntryInfo &entry, const Dataset &data,
                                  int64_t batch) {
  Batches batches;
  batches.data = &data;
  batch = std::min(batch, data.count);
  std::vector<size_t> linkOf(entry.arguments.size(), SIZE_MAX);
  for (size_t i = 0; i < entry.arguments.size(); ++i) {
    const PortInfo &port = entry.arguments[i];
    if (port.role != Role::Input && port.role != Role::Target)
      continue;
    linkOf[i] = batches.links.size();
    Link &link = batches.links.emplace_back();
    if (Error error = connect(entry, port, data, link))
      return error;
    link.shape[0] = batch;
    std::optional<int64_t> bytes = countBytes(link.shape, port.dtype);
    if (Error error = link.content.reserve(
            bytes.value_or(INT64_MAX),
            text("a batch of ", roleName(port.role), " '", port.name, "'")))
      return error;
    for (Buffer *scratch : {&batches.plain, &batches.other})
      if (Error error = scratch->reserve(
              link.count * static_cast<int64_t>(dtypeSize(port.dtype)),
              "an example"))
        return error;
  }
  std::vector<int64_t> dims(entry.symbols.size());
  entry.bindSymbols(
      [&](size_t i) {
        return linkOf[i] < SIZE_MAX ? batches.links[linkOf[i]].shape.data()
                                    : nullptr;
      },
      dims);
  if (Error error = entry.checkLimits(dims))
    return error;
  for (Link &link : batches.links)
    batches.tensors.push_back({link.port->name.c_str(), link.port->dtype,
                               static_cast<int32_t>(link.shape.size()),
                               link.shape.data(), link.content.data()});
  return batches;
}

template <typename To>
constexpr std::array<To, 256> pixelValues = [] {
  std::array<To, 256> values{};
  for (int i = 0; i < 256; ++i)
    values[static_cast<size_t>(i)] = static_cast<To>(i) / static_cast<To>(255);
  return values;
}();

template <typename From, typename To>
static void convert(const std::byte *from, To *to, int64_t count) {
  if constexpr (std::is_same_v<From, To>) {
    std::memcpy(to, from, static_cast<size_t>(count) * sizeof(To));
  } else if constexpr (std::is_same_v<From, std::byte>) {
    for (int64_t i = 0; i < count; ++i)
      to[i] = pixelValues<To>[static_cast<size_t>(from[i])];
  } else {
    for (int64_t i = 0; i < count; ++i) {
      From value;
      std::memcpy(&value, from + i * static_cast<int64_t>(sizeof(From)),
                  sizeof(From));
      to[i] = static_cast<To>(value);
    }
  }
}

// Numbers that are 1 at the class.
template <typename To>
static void convertClasses(const std::byte *from, int64_t classes, To *to,
                           int64_t count) {
  std::fill(to, to + count, To(0));
  for (int64_t i = 0; i < count / classes; ++i) {
    int32_t value;
    std::memcpy(&value, from + i * static_cast<int64_t>(sizeof(value)),
                sizeof(value));
    to[i * classes + value] = 1;
  }
}

template <typename To>
void Batches::convertExample(const Link &link, uint32_t example, To *to) {
  const Column &column = *link.column;
  auto run = [&](auto kind) {
    const std::byte *from = column.example(example);
    if (link.classes > 0)
      return convertClasses(from, link.classes, to, link.count);
    convert<decltype(kind)>(from, to, link.count);
  };
  switch (column.storage) {
  case Column::Storage::I32:
    return run(int32_t());
  case Column::Storage::Pixels:
    return run(std::byte());
  case Column::Storage::F32:
    return run(float());
  case Column::Storage::F64:
    return run(double());
  }
}

// Axes of a size that only a run knows are no image's.
static std::optional<ImageLayout> imageOf(const PortInfo &port,
                                          const Column &column) {
  bool isStatic =
      std::all_of(port.shape.begin() + 1, port.shape.end(),
                  [](const Extent &size) { return size.isStatic(); });
  return isStatic ? findImage(column.shape) : std::nullopt;
}

template <typename To>
void Batches::varyExample(const Link &link, const Augmenter &augmenter,
                          uint32_t example, To *to, To *scratch) {
  std::optional<ImageLayout> image;
  if (link.port->role == Role::Input && link.classes == 0)
    image = imageOf(*link.port, *link.column);
  if (!image)
    return convertExample(link, example, to);
  convertExample(link, example, scratch);
  varyImage(augmenter.vary(example, image->height, image->width), *image,
            scratch, to);
}

bool Batches::hasLabels() const {
  return std::any_of(links.begin(), links.end(), isLabel);
}

// The picked examples one behind the other.
template <typename To>
void Batches::gatherLink(Link &link, std::span<const uint32_t> examples,
                         const Augmenter *augmenter) {
  To *to = link.content.as<To>(), *scratch = plain.as<To>(),
     *mixed = other.as<To>();
  for (uint32_t example : examples) {
    if (!augmenter) {
      convertExample(link, example, to);
    } else {
      varyExample(link, *augmenter, example, to, scratch);
      if (augmenter->mixes()) {
        Mixture mixture = augmenter->mix(example);
        varyExample(link, *augmenter, mixture.other, mixed, scratch);
        auto share = static_cast<To>(mixture.share);
        for (int64_t i = 0; i < link.count; ++i)
          to[i] = share * to[i] + (1 - share) * mixed[i];
      }
      if (double smoothing = augmenter->labelSmoothing();
          smoothing > 0 && isLabel(link)) {
        auto kept = static_cast<To>(1 - smoothing);
        auto each =
            static_cast<To>(smoothing / static_cast<double>(link.classes));
        for (int64_t i = 0; i < link.count; ++i)
          to[i] = kept * to[i] + each;
      }
    }
    to += link.count;
  }
}

std::span<const maek_tensor_t>
Batches::gather(std::span<const uint32_t> examples,
                const Augmenter *augmenter) {
  for (Link &link : links) {
    link.shape[0] = static_cast<int64_t>(examples.size());
    // Only numbers can vary.
    if (link.port->dtype == MAEK_I32)
      gatherLink<int32_t>(link, examples, nullptr);
    else if (link.port->dtype == MAEK_F64)
      gatherLink<double>(link, examples, augmenter);
    else
      gatherLink<float>(link, examples, augmenter);
  }
  return tensors;
}
