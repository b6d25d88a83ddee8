// Part of Maek, under the MIT licence; see LICENSE.
#include "Pictures.h"

#include <cstdio>
#include <cstdlib>
#include <jpeglib.h>
#include <png.h>

std::string maek::fake::makePng(int height, int width, int channels) {
  std::vector<unsigned char> pixels;
  for (int y = 0; y < height; ++y)
    for (int i = 0; i < width * channels; ++i)
      pixels.push_back(static_cast<unsigned char>(40 * y + 7 * i));
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.height = static_cast<png_uint_32>(height);
  png.width = static_cast<png_uint_32>(width);
  png.format = channels == 1   ? PNG_FORMAT_GRAY
               : channels == 3 ? PNG_FORMAT_RGB
                               : PNG_FORMAT_RGBA;
  png_alloc_size_t size = 0;
  png_image_write_to_memory(&png, nullptr, &size, 0, pixels.data(), 0, nullptr);
  std::string file(size, '\0');
  if (!png_image_write_to_memory(&png, file.data(), &size, 0, pixels.data(), 0,
                                 nullptr))
    std::abort();
  file.resize(size);
  return file;
}

std::string maek::fake::encodePng(const PngForm &form,
                                  const std::vector<std::string> &rows) {
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  if (setjmp(png_jmpbuf(png)))
    std::abort();
  static std::string file;
  file.clear();
  auto append = [](png_structp, png_bytep data, size_t size) {
    file.append(reinterpret_cast<char *>(data), size);
  };
  png_set_write_fn(png, nullptr, append, nullptr);
  size_t channels = form.colourType == PNG_COLOR_TYPE_RGB          ? 3
                    : form.colourType == PNG_COLOR_TYPE_RGBA       ? 4
                    : form.colourType == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                                                   : 1;
  size_t width =
      rows[0].size() * 8 / (channels * static_cast<size_t>(form.bitDepth));
  png_set_IHDR(png, info, static_cast<png_uint_32>(width),
               static_cast<png_uint_32>(rows.size()), form.bitDepth,
               form.colourType,
               form.isInterlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!form.palette.empty())
    png_set_PLTE(png, info,
                 reinterpret_cast<png_const_colorp>(form.palette.data()),
                 static_cast<int>(form.palette.size() / 3));
  if (!form.transparency.empty())
    png_set_tRNS(png, info,
                 reinterpret_cast<png_const_bytep>(form.transparency.data()),
                 static_cast<int>(form.transparency.size()), nullptr);
  if (form.transparentGrey >= 0) {
    png_color_16 colour{};
    colour.gray = static_cast<png_uint_16>(form.transparentGrey);
    png_set_tRNS(png, info, nullptr, 0, &colour);
  }
  if (form.saysGamma)
    png_set_gAMA(png, info, 1.0);
  png_write_info(png, info);
  std::vector<png_bytep> pointers;
  for (const std::string &row : rows)
    pointers.push_back(
        reinterpret_cast<png_bytep>(const_cast<char *>(row.data())));
  png_write_image(png, pointers.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return file;
}

std::string maek::fake::makeJpeg(int height, int width, int channels,
                                 bool isProgressive) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char *data = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &data, &size);
  info.image_height = static_cast<JDIMENSION>(height);
  info.image_width = static_cast<JDIMENSION>(width);
  info.input_components = channels;
  info.in_color_space = channels == 1   ? JCS_GRAYSCALE
                        : channels == 3 ? JCS_RGB
                                        : JCS_CMYK;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 95, TRUE);
  if (isProgressive)
    jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  std::vector<unsigned char> row;
  for (int x = 0; x < width; ++x)
    row.insert(row.end(), static_cast<size_t>(channels),
               static_cast<unsigned char>(200 * x / width));
  unsigned char *rows = row.data();
  for (int y = 0; y < height; ++y)
    jpeg_write_scanlines(&info, &rows, 1);
  jpeg_finish_compress(&info);
  std::string file(reinterpret_cast<char *>(data), size);
  jpeg_destroy_compress(&info);
  std::free(data);
  return file;
}
