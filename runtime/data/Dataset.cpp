// Part of Maek, under the MIT licence; see LICENSE.
// The registry of data sets. To add one: its row in DatasetTable.h, and a line
// in `sources` if its files are IDX, a function in Synthetic.cpp if it is
// computed, one like loadNpy otherwise.
#include "runtime/data/Dataset.h"
#include "runtime/data/DatasetTable.h"
#include "runtime/data/Idx.h"
#include "runtime/data/Npy.h"
#include "runtime/data/Synthetic.h"
#include "runtime/data/Text.h"

#include <algorithm>
#include <cstring>
#include <unistd.h>

using namespace maek::runtime;

namespace {
/// A data set of images and labels in IDX files with MNIST's names.
struct IdxSource {
  std::string_view name;
  std::string_view package; ///< Debian package, if there is one
  std::string_view folder;  ///< where that puts the files
};

constexpr IdxSource sources[] = {
    {"fashion_mnist", "dataset-fashion-mnist",
     "/usr/share/datasets/fashion-mnist"},
    {"mnist", "", ""},
};
} // namespace

// The file, or the same without .gz; neither being there is an error that
// says where to get it.
static Expected<std::string> findFile(const std::string &folder,
                                      std::string_view name,
                                      const IdxSource &source) {
  std::string path = text(folder, '/', name);
  for (const std::string &candidate : {path + ".gz", path})
    if (access(candidate.c_str(), F_OK) == 0)
      return candidate;
  return makeError(MAEK_IO_ERROR, path, ".gz: no such file; ",
                   source.package.empty()
                       ? ""
                       : text("install the package ", source.package, " or "),
                   "name the folder that has it by --data-dir");
}

static int64_t elementSize(Column::Storage storage) {
  switch (storage) {
  case Column::Storage::Pixels:
    return 1;
  case Column::Storage::F32:
  case Column::Storage::I32:
    return 4;
  case Column::Storage::F64:
    return 8;
  }
  return 0;
}

const std::byte *Column::example(int64_t index) const {
  int64_t step = stride ? *stride : *countElements(shape);
  return data->data() + (offset + index * step) * elementSize(storage);
}

static Expected<Dataset> loadIdx(const IdxSource &source, std::string folder,
                                 Split split) {
  if (folder.empty())
    folder = source.folder;
  if (folder.empty())
    return makeError(MAEK_IO_ERROR, "data set '", source.name,
                     "' needs --data-dir");
  std::string prefix = split == Split::Train ? "train" : "t10k";
  Expected<std::string> imagesPath =
      findFile(folder, prefix + "-images-idx3-ubyte", source);
  if (!imagesPath)
    return imagesPath.takeError();
  Expected<std::string> labelsPath =
      findFile(folder, prefix + "-labels-idx1-ubyte", source);
  if (!labelsPath)
    return labelsPath.takeError();
  Expected<IdxArray> images = readIdxFile(*imagesPath);
  if (!images)
    return images.takeError();
  Expected<IdxArray> labels = readIdxFile(*labelsPath);
  if (!labels)
    return labels.takeError();
  if (images->shape.size() != 3 || images->shape[0] < 1)
    return makeError(MAEK_BAD_FILE, *imagesPath, ": has shape ",
                     shapeText(images->shape),
                     ", needed images: at least one, two axes each");
  if (labels->shape.size() != 1 || labels->shape[0] != images->shape[0])
    return makeError(MAEK_BAD_FILE, *labelsPath, ": has shape ",
                     shapeText(labels->shape), ", needed [", images->shape[0],
                     "]: one label for each image of ", *imagesPath);
  Dataset data;
  data.count = images->shape[0];
  Column &image = data.columns.emplace_back();
  image = {"image",
           *imagesPath,
           Role::Input,
           Column::Storage::Pixels,
           {images->shape.begin() + 1, images->shape.end()}};
  *image.data = std::move(images->data);
  Column &label = data.columns.emplace_back();
  label = {"label", *labelsPath, Role::Target, Column::Storage::I32, {}};
  label.data->resize(labels->data.size() * sizeof(int32_t));
  for (size_t i = 0; i < labels->data.size(); ++i) {
    auto value = static_cast<int32_t>(labels->data[i]);
    std::memcpy(label.data->data() + i * sizeof(value), &value, sizeof(value));
  }
  return data;
}

static Column::Storage storageOf(maek_dtype_t dtype) {
  return dtype == MAEK_F32   ? Column::Storage::F32
         : dtype == MAEK_F64 ? Column::Storage::F64
                             : Column::Storage::I32;
}

static Expected<Dataset> loadNpy(const std::string &folder, Split split,
                                 const EntryInfo &entry) {
  std::vector<PortInfo> ports;
  for (const PortInfo &port : entry.arguments)
    if (port.role == Role::Input || port.role == Role::Target)
      ports.push_back(port);
  if (folder.empty()) {
    std::string names;
    for (const PortInfo &port : ports)
      append(names, text("train-", port.name, ".npy, "));
    return makeError(MAEK_IO_ERROR,
                     "data set 'npy' needs --data-dir, a folder "
                     "with ",
                     names, "and the same for test-");
  }
  Dataset data;
  for (const PortInfo &port : ports) {
    std::string path =
        text(folder, split == Split::Train ? "/train-" : "/test-", port.name,
             ".npy");
    Expected<NpyArray> array = readNpy(path);
    if (!array)
      return array.takeError();
    if (array->shape.empty() || array->shape[0] < 1)
      return makeError(MAEK_BAD_FILE, path, ": has shape ",
                       shapeText(array->shape),
                       ", needed at least one example");
    if (!data.columns.empty() && array->shape[0] != data.count)
      return makeError(MAEK_BAD_FILE, path, ": has ", array->shape[0],
                       " examples, but ", data.columns[0].file, " has ",
                       data.count);
    data.count = array->shape[0];
    if (array->isBytes && !arePixels(port))
      widenBytes(*array);
    else if (array->isBytes)
      if (Error error = checkPixels(path, *array))
        return error;
    Column &column = data.columns.emplace_back();
    column = {port.name,
              path,
              port.role,
              array->isBytes ? Column::Storage::Pixels
                             : storageOf(array->dtype),
              {array->shape.begin() + 1, array->shape.end()},
              array->type};
    *column.data = std::move(array->data);
  }
  return data;
}

// A slip in an argument must not bring the machine down.
Error maek::runtime::checkDatasetSize(std::string_view name,
                                      std::optional<int64_t> bytes) {
  constexpr int64_t mostBytes = int64_t{1} << 34;
  if (bytes && *bytes <= mostBytes)
    return Error::success();
  return makeError(MAEK_INVALID_ARGUMENT, "data set '", name, "': would take ",
                   bytes.value_or(INT64_MAX), " bytes, at most ", mostBytes,
                   " are allowed; take fewer or shorter examples");
}

Expected<Metadata> maek::runtime::readAbout(const Metadata &weights,
                                            const std::string &path) {
  Expected<std::optional<Vocabulary>> vocabulary =
      Vocabulary::read(weights, path);
  if (!vocabulary)
    return vocabulary.takeError();
  return *vocabulary ? (*vocabulary)->describe() : Metadata();
}

Expected<Dataset> maek::runtime::loadDataset(std::string_view name,
                                             const std::string &folder,
                                             Split split,
                                             const EntryInfo &entry,
                                             const Metadata &weights) {
  Expected<DataSpec> parsed = DataSpec::parse(name);
  if (!parsed)
    return parsed.takeError();
  const DataSpec &spec = *parsed;
  if (Error error = spec.check())
    return error;
  if (std::ranges::find(syntheticNames(), spec.name()) !=
      syntheticNames().end())
    return makeSynthetic(spec, split);
  if (spec.name() == "npy")
    return loadNpy(folder, split, entry);
  if (spec.name() == "text") {
    Expected<std::optional<Vocabulary>> vocabulary =
        Vocabulary::read(weights, "the weights");
    if (!vocabulary)
      return vocabulary.takeError();
    return loadText(spec, folder, split, entry,
                    *vocabulary ? &**vocabulary : nullptr);
  }
  for (const IdxSource &source : sources)
    if (spec.name() == source.name)
      return loadIdx(source, folder, split);
  return makeError(MAEK_INVALID_ARGUMENT,
                   "internal error: nothing loads the "
                   "data set '",
                   spec.name(), "'");
}
