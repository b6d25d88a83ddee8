// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/measure/Tensor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <stdexcept>

using namespace maek::measure;

/// On either side: lines that a kernel that runs over the end would write to.
static constexpr size_t margin = 256;
static constexpr uint8_t mark = 0xa5;

void Tensor::Free::operator()(uint8_t *block) const { std::free(block); }

struct Tensor::Type {
  const char *name; ///< MLIR's
  halide_type_t layout;
  /// Largest difference that another order of sums may make, in parts of the
  /// largest number. A code is the nearest one of a number, and two may be as
  /// near.
  double tolerance;
  /// Integers are from one to the other; of i32 what any index may be.
  int64_t smallest, largest;
};

const Tensor::Type &Tensor::getType(const std::string &name) {
  static constexpr Type types[] = {
      {"f32", {halide_type_float, 32}, 1e-4, 0, 0},
      {"f64", {halide_type_float, 64}, 1e-11, 0, 0},
      {"bf16", {halide_type_bfloat, 16}, 2e-2, 0, 0},
      {"i8", {halide_type_int, 8}, 1.01 / 127, -127, 127},
      {"ui8", {halide_type_uint, 8}, 1.01 / 127, 0, 255},
      {"i1", {halide_type_uint, 8}, 0, 0, 1},
      {"i32", {halide_type_int, 32}, 0, 0, 0},
  };
  for (const Type &type : types)
    if (name == type.name)
      return type;
  throw std::runtime_error("unknown type " + name);
}

Tensor::Tensor(const std::string &name, const std::vector<int64_t> &shape)
    : type(getType(name)), bytes(static_cast<size_t>(type.layout.bytes())) {
  dims.resize(shape.size());
  for (size_t axis = shape.size(); axis-- > 0;) {
    dims[shape.size() - 1 - axis] = {0, static_cast<int32_t>(shape[axis]),
                                     static_cast<int32_t>(count), 0};
    count *= shape[axis];
  }
  constexpr size_t line = 64;
  size_t size = static_cast<size_t>(count) * bytes;
  size_t whole = (size + 2 * margin + line - 1) / line * line;
  memory.reset(static_cast<uint8_t *>(std::aligned_alloc(line, whole)));
  if (!memory)
    throw std::bad_alloc();
  std::memset(memory.get(), mark, whole);
  header.host = memory.get() + margin;
  header.type = type.layout;
  header.dimensions = static_cast<int32_t>(dims.size());
  header.dim = dims.data();
}

void Tensor::fill() {
  uint8_t *to = header.host;
  for (int64_t i = 0; i < count; ++i, to += bytes) {
    int64_t drawn = i * 7919 % 10007;
    double number = static_cast<double>(drawn) / 10007 - 0.5;
    if (header.type.code == halide_type_float && bytes == sizeof(double)) {
      std::memcpy(to, &number, bytes);
    } else if (header.type.code == halide_type_float) {
      auto single = static_cast<float>(number);
      std::memcpy(to, &single, bytes);
    } else if (header.type.code == halide_type_bfloat) {
      auto bits = std::bit_cast<uint32_t>(static_cast<float>(number));
      auto upper = static_cast<uint16_t>(bits >> 16);
      std::memcpy(to, &upper, bytes);
    } else {
      // The lowest byte comes first.
      int64_t whole =
          type.smallest + drawn % (type.largest - type.smallest + 1);
      std::memcpy(to, &whole, bytes);
    }
  }
}

void Tensor::poison() {
  std::memset(header.host, 0xff, static_cast<size_t>(count) * bytes);
}

void Tensor::copy(const Tensor &other) {
  std::memcpy(header.host, other.header.host,
              static_cast<size_t>(count) * bytes);
}

template <typename Number>
static Number read(const uint8_t *from) {
  Number number;
  std::memcpy(&number, from, sizeof(number));
  return number;
}

double Tensor::at(int64_t index) const {
  const uint8_t *from = header.host + static_cast<size_t>(index) * bytes;
  switch (header.type.code) {
  case halide_type_float:
    return bytes == sizeof(double) ? read<double>(from)
                                   : static_cast<double>(read<float>(from));
  case halide_type_bfloat:
    return static_cast<double>(
        std::bit_cast<float>(uint32_t{read<uint16_t>(from)} << 16));
  case halide_type_uint:
    return *from;
  default:
    return bytes == 1 ? read<int8_t>(from) : read<int32_t>(from);
  }
}

double Tensor::tolerance() const { return type.tolerance; }

double Tensor::compare(const Tensor &other) const {
  constexpr double wrong = std::numeric_limits<double>::infinity();
  double most = 0, difference = 0;
  for (int64_t i = 0; i < count; ++i) {
    double here = at(i), there = other.at(i);
    if (!std::isfinite(there) && !std::isfinite(here))
      continue;
    if (!std::isfinite(here) || !std::isfinite(there))
      return wrong;
    most = std::max(most, std::abs(there));
    difference = std::max(difference, std::abs(here - there));
  }
  if (difference == 0)
    return 0;
  return tolerance() == 0 || most == 0 ? wrong : difference / most;
}

bool Tensor::isIntact() const {
  const uint8_t *end = header.host + static_cast<size_t>(count) * bytes;
  auto isMark = [](uint8_t byte) { return byte == mark; };
  return std::all_of(memory.get(), memory.get() + margin, isMark) &&
         std::all_of(end, end + margin, isMark);
}
