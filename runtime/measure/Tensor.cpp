// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/measure/Tensor.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

using namespace maek::measure;

/// On either side: lines that a kernel that runs over the end would write to.
static constexpr size_t margin = 256;
static constexpr uint8_t mark = 0xa5;

void Tensor::Free::operator()(uint8_t *block) const { std::free(block); }

static halide_type_t getType(const std::string &name) {
  if (name == "f32")
    return {halide_type_float, 32};
  if (name == "f64")
    return {halide_type_float, 64};
  if (name == "bf16")
    return {halide_type_bfloat, 16};
  if (name == "i1" || name == "u8")
    return {halide_type_uint, 8};
  if (name == "i8")
    return {halide_type_int, 8};
  return {halide_type_int, 32};
}

Tensor::Tensor(const std::string &name, const std::vector<int64_t> &shape)
    : type(name), bytes(static_cast<size_t>(getType(name).bytes())) {
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
  header.type = getType(name);
  header.dimensions = static_cast<int32_t>(dims.size());
  header.dim = dims.data();
}

void Tensor::fill() {
  uint8_t *to = header.host;
  for (int64_t i = 0; i < count; ++i, to += bytes) {
    double number = static_cast<double>(i * 7919 % 10007) / 10007 - 0.5;
    if (type == "f64") {
      std::memcpy(to, &number, sizeof(number));
    } else if (type == "f32" || type == "bf16") {
      auto single = static_cast<float>(number);
      uint32_t bits = 0;
      std::memcpy(&bits, &single, sizeof(bits));
      auto upper = static_cast<uint16_t>(bits >> 16);
      if (type == "f32")
        std::memcpy(to, &bits, sizeof(bits));
      else
        std::memcpy(to, &upper, sizeof(upper));
    } else if (type == "i8" || type == "u8") {
      auto code = static_cast<int>(number * 254);
      *to = static_cast<uint8_t>(type == "i8" ? code : code + 127);
    } else {
      std::memset(to, type == "i1" && number > 0 ? 1 : 0, bytes);
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

double Tensor::at(int64_t index) const {
  const uint8_t *from = header.host + static_cast<size_t>(index) * bytes;
  if (type == "f64") {
    double number = 0;
    std::memcpy(&number, from, sizeof(number));
    return number;
  }
  if (type == "f32" || type == "bf16") {
    uint32_t bits = 0;
    uint16_t upper = 0;
    if (type == "f32")
      std::memcpy(&bits, from, sizeof(bits));
    else
      std::memcpy(&upper, from, sizeof(upper));
    bits |= static_cast<uint32_t>(upper) << 16;
    float number = 0;
    std::memcpy(&number, &bits, sizeof(number));
    return static_cast<double>(number);
  }
  if (type == "i1" || type == "u8")
    return *from;
  if (type == "i8")
    return static_cast<int8_t>(*from);
  int32_t number = 0;
  std::memcpy(&number, from, sizeof(number));
  return number;
}

double Tensor::tolerance() const {
  if (type == "f64")
    return 1e-11;
  if (type == "f32")
    return 1e-4;
  if (type == "bf16")
    return 2e-2;
  // A code is the nearest one of a number, and two may be as near.
  return type == "i8" || type == "u8" ? 1.01 / 127 : 0;
}

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
