// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/cli/PredictInputs.h"
#include "runtime/core/Files.h"
#include "runtime/data/Batches.h"
#include "runtime/data/Image.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <numeric>

using namespace maek::runtime;

static bool hasImageName(const std::string &path) {
  std::string lower(path);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return lower.ends_with(".png") || lower.ends_with(".jpg") ||
         lower.ends_with(".jpeg");
}

static Expected<NpyArray> readImageInput(const InputFile &file,
                                         const PortInfo &port,
                                         const EntryInfo &entry) {
  size_t rank = port.shape.size();
  bool fits =
      hasBatchAxis(port, entry) && (rank == 3 || rank == 4) &&
      port.dtype != MAEK_I32 &&
      std::all_of(port.shape.begin() + 1, port.shape.end(),
                  [](const Extent &extent) { return extent.isStatic(); });
  int64_t channels = fits && rank == 4 ? port.shape[1].factor : 1;
  if (!fits || (channels != 1 && channels != 3))
    return makeError(MAEK_INVALID_ARGUMENT, file.path(), ": is a picture, but ",
                     roleName(port.role), " '", port.name, "' is ",
                     dtypeName(port.dtype), port.shapeText(entry.symbols),
                     "; a picture goes into [B, H, W], [B, 1, H, W] or "
                     "[B, 3, H, W]");
  Expected<std::vector<std::byte>> content = file.readAll();
  if (!content)
    return content.takeError();
  Expected<Image> image = decodeImage(*content, static_cast<int>(channels));
  if (!image)
    return makeError(MAEK_BAD_FILE, file.path(), ": ",
                     image.takeError().message());
  int64_t height = port.shape[rank - 2].factor;
  int64_t width = port.shape[rank - 1].factor;
  std::vector<float> values(static_cast<size_t>(channels * height * width));
  fitImage(*image, height, width, values);
  NpyArray array{port.dtype, {1}, {}};
  for (size_t axis = 1; axis < rank; ++axis)
    array.shape.push_back(port.shape[axis].factor);
  array.data.resize(values.size() * dtypeSize(port.dtype));
  for (size_t i = 0; i < values.size(); ++i) {
    double wide = values[i];
    if (port.dtype == MAEK_F64)
      std::memcpy(&array.data[i * sizeof(wide)], &wide, sizeof(wide));
    else
      std::memcpy(&array.data[i * sizeof(float)], &values[i], sizeof(float));
  }
  return array;
}

template <typename From, typename To>
static NpyArray convert(const NpyArray &from, maek_dtype_t dtype) {
  NpyArray to{dtype, from.shape, {}};
  size_t count = from.data.size() / sizeof(From);
  to.data.resize(count * sizeof(To));
  for (size_t i = 0; i < count; ++i) {
    From value;
    std::memcpy(&value, &from.data[i * sizeof(value)], sizeof(value));
    auto other = static_cast<To>(value);
    std::memcpy(&to.data[i * sizeof(other)], &other, sizeof(other));
  }
  return to;
}

/// Bytes as numbers from 0 to 1.
template <typename To>
static NpyArray scalePixels(const NpyArray &from, maek_dtype_t dtype) {
  NpyArray to{dtype, from.shape, {}};
  to.data.resize(from.data.size() * sizeof(To));
  for (size_t i = 0; i < from.data.size(); ++i) {
    auto value = static_cast<To>(from.data[i]) / static_cast<To>(255);
    std::memcpy(&to.data[i * sizeof(value)], &value, sizeof(value));
  }
  return to;
}

/// Numbers of the other precision, and whole ones, in the port's own, rounded
/// to the nearest; NumPy's own are f64 and i64.
static NpyArray toPrecision(NpyArray array, const PortInfo &port) {
  maek_dtype_t dtype = port.dtype;
  if (array.isBytes && arePixels(port))
    return dtype == MAEK_F32 ? scalePixels<float>(array, dtype)
                             : scalePixels<double>(array, dtype);
  if (array.isBytes)
    widenBytes(array);
  if (array.dtype == MAEK_F64 && dtype == MAEK_F32)
    return convert<double, float>(array, dtype);
  if (array.dtype == MAEK_F32 && dtype == MAEK_F64)
    return convert<float, double>(array, dtype);
  bool isLength = array.dtype == MAEK_I32 && array.shape.size() == 1;
  if (isLength && dtype == MAEK_F32)
    return convert<int32_t, float>(array, dtype);
  if (isLength && dtype == MAEK_F64)
    return convert<int32_t, double>(array, dtype);
  return array;
}

Expected<NpyArray> maek::runtime::readInput(const std::string &path,
                                            const PortInfo &port,
                                            const EntryInfo &entry) {
  Expected<InputFile> file = InputFile::open(path);
  if (!file)
    return file.takeError();
  std::byte start[imageMagicBytes] = {};
  std::span<std::byte> some(start,
                            std::min<uint64_t>(sizeof(start), file->size()));
  if (Error error = file->read(0, some))
    return error;
  if (isImage(some) || hasImageName(path))
    return readImageInput(*file, port, entry);
  Expected<NpyArray> array = readNpy(path);
  if (!array)
    return array.takeError();
  std::string_view type = array->type;
  if (array->isBytes && arePixels(port))
    if (Error error = checkPixels(path, *array))
      return error;
  array = toPrecision(std::move(*array), port);
  array->type = type;
  return array;
}

bool maek::runtime::isClassScores(const PortInfo &port,
                                  const EntryInfo &entry) {
  return port.shape.size() == 2 && hasBatchAxis(port, entry) &&
         port.shape[1].isStatic() && port.dtype != MAEK_I32;
}

Expected<std::vector<std::string>>
maek::runtime::readClassNames(const std::string &path, int64_t count) {
  std::vector<std::string> names;
  if (path.empty())
    return names;
  Expected<std::vector<std::byte>> content = InputFile::readAll(path);
  if (!content)
    return content.takeError();
  std::string_view rest(reinterpret_cast<const char *>(content->data()),
                        content->size());
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    names.emplace_back(line);
  }
  if (static_cast<int64_t>(names.size()) != count)
    return makeError(MAEK_BAD_FILE, path, ": has ", names.size(),
                     " lines, needed ", count, ", one for each class");
  return names;
}

// One row as probabilities.
static std::vector<double> probabilities(const maek_tensor_t &scores,
                                         int64_t row) {
  int64_t classes = scores.shape[1];
  std::vector<double> p(static_cast<size_t>(classes));
  for (size_t i = 0; i < p.size(); ++i) {
    size_t at = static_cast<size_t>(row) * p.size() + i;
    p[i] =
        scores.dtype == MAEK_F64
            ? static_cast<const double *>(scores.data)[at]
            : static_cast<double>(static_cast<const float *>(scores.data)[at]);
  }
  constexpr double rounding = 1e-3;
  double sum = std::accumulate(p.begin(), p.end(), 0.0);
  double least = *std::min_element(p.begin(), p.end());
  if (least >= 0 && std::abs(sum - 1) < rounding)
    return p;
  double largest = *std::max_element(p.begin(), p.end());
  sum = 0;
  for (double &value : p)
    sum += value = std::exp(value - largest);
  for (double &value : p)
    value = std::isnan(sum) ? std::abs(sum) : value / sum;
  return p;
}

void maek::runtime::printClasses(const maek_tensor_t &scores, int64_t top,
                                 const std::vector<std::string> &names,
                                 int64_t firstExample, bool numbersExamples) {
  for (int64_t row = 0; row < scores.shape[0]; ++row) {
    std::vector<double> p = probabilities(scores, row);
    std::vector<size_t> order(p.size());
    std::iota(order.begin(), order.end(), size_t{0});
    auto shown = std::min(p.size(), static_cast<size_t>(top));
    std::partial_sort(
        order.begin(), order.begin() + static_cast<ptrdiff_t>(shown),
        order.end(),
        [&](size_t a, size_t b) { return p[a] != p[b] ? p[a] > p[b] : a < b; });
    if (numbersExamples)
      std::printf("example %lld\n", static_cast<long long>(firstExample) +
                                        static_cast<long long>(row));
    for (size_t i = 0; i < shown; ++i)
      std::printf("%.4f  %zu%s%s\n", p[order[i]], order[i],
                  names.empty() ? "" : "  ",
                  names.empty() ? "" : names[order[i]].c_str());
  }
}
