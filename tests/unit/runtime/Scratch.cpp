// Part of Maek, under the MIT licence; see LICENSE.
// Helpers of the runtime's tests.
#include "Scratch.h"
#include "FakeModule.h"
#include "runtime/core/Philox.h"
#include "runtime/data/Npy.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <zlib.h>

using namespace maek;
using namespace maek::fake;

Scratch::Scratch() {
  const char *base = std::getenv("TMPDIR");
  std::string pattern = std::string(base ? base : "/tmp") + "/maek-XXXXXX";
  if (!mkdtemp(pattern.data()))
    std::abort();
  folder = pattern;
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

std::string Scratch::operator/(std::string_view name) const {
  return folder + "/" + std::string(name);
}

std::vector<std::string> Scratch::files() const {
  std::vector<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::string maek::fake::readFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void maek::fake::writeFile(const std::string &path, std::string_view content) {
  std::ofstream file(path, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
}

bool maek::fake::exists(const std::string &path) {
  return std::filesystem::exists(path);
}

template <typename T>
static std::string bytesOf(const std::vector<T> &values) {
  return {reinterpret_cast<const char *>(values.data()),
          values.size() * sizeof(T)};
}

void maek::fake::writeNpyData(const Scratch &scratch, int64_t examples) {
  for (std::string split : {"train", "test"}) {
    runtime::RandomStream random(7, split);
    std::vector<float> images;
    std::vector<int32_t> labels;
    for (int64_t i = 0; i < examples; ++i) {
      auto index = static_cast<uint64_t>(i);
      labels.push_back(static_cast<int32_t>(random.below(index, kClasses)));
      for (int64_t p = 0; p < kPixels; ++p) {
        double noise =
            random.uniform(1000 + index * kPixels + static_cast<uint64_t>(p));
        bool lit = p % kClasses == labels.back();
        images.push_back(static_cast<float>(0.5 * noise + (lit ? 0.5 : 0)));
      }
    }
    int64_t imageShape[] = {examples, 4, 4};
    writeFile(scratch / (split + "-image.npy"),
              runtime::makeNpyHeader(MAEK_F32, imageShape) + bytesOf(images));
    writeFile(scratch / (split + "-label.npy"),
              runtime::makeNpyHeader(MAEK_I32, {imageShape, 1}) +
                  bytesOf(labels));
  }
}

std::string maek::fake::makeIdx(const std::vector<uint32_t> &shape,
                                std::string_view content) {
  std::string out = {0, 0, 8, static_cast<char>(shape.size())};
  for (uint32_t size : shape)
    for (int shift : {24, 16, 8, 0})
      out += static_cast<char>(size >> shift & 0xff);
  return out + std::string(content);
}

std::string maek::fake::gzip(std::string_view content) {
  z_stream stream = {};
  constexpr int gzipWindow = 16 + MAX_WBITS;
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, gzipWindow, 8,
               Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, content.size()), '\0');
  stream.next_in =
      reinterpret_cast<Bytef *>(const_cast<char *>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef *>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}
