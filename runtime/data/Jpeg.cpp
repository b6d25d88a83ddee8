// Part of Maek, under the MIT licence; see LICENSE.
// Decoding is libjpeg-turbo's work; see docs/rationale/images.md.
#include "runtime/data/ImageFormats.h"

#include <csetjmp>
#include <cstdio>
#include <jpeglib.h>

using namespace maek::runtime;

namespace {
/// libjpeg reports by leaving its functions; nothing with a destructor may
/// stand between the jump and its target.
struct JpegReader {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  std::jmp_buf target{};
  char message[JMSG_LENGTH_MAX] = {};
};
} // namespace

static void leaveJpeg(j_common_ptr info) {
  auto *reader = static_cast<JpegReader *>(info->client_data);
  info->err->format_message(info, reader->message);
  std::longjmp(reader->target, 1);
}

// A warning says that data are damaged or missing: libjpeg would fill the rest
// of the picture with grey.
static void refuseWarning(j_common_ptr info, int level) {
  if (level < 0)
    leaveJpeg(info);
}

static bool readJpegHeader(JpegReader &reader,
                           std::span<const std::byte> content) {
  if (setjmp(reader.target))
    return false;
  jpeg_create_decompress(&reader.info);
  jpeg_mem_src(&reader.info,
               reinterpret_cast<const unsigned char *>(content.data()),
               content.size());
  return jpeg_read_header(&reader.info, TRUE) == JPEG_HEADER_OK;
}

static bool startJpeg(JpegReader &reader, int channels) {
  if (setjmp(reader.target))
    return false;
  reader.info.out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  return jpeg_start_decompress(&reader.info) != 0;
}

static bool readJpegRow(JpegReader &reader, std::byte *row) {
  if (setjmp(reader.target))
    return false;
  auto *out = reinterpret_cast<unsigned char *>(row);
  return jpeg_read_scanlines(&reader.info, &out, 1) == 1;
}

static bool readJpegRows(JpegReader &reader, Image &image) {
  auto stride = static_cast<size_t>(image.width * image.channels);
  // Grows with what is decoded, so that a truncated file costs little.
  for (int64_t y = 0; y < image.height; ++y) {
    image.pixels.resize(image.pixels.size() + stride);
    if (!readJpegRow(reader,
                     image.pixels.data() + image.pixels.size() - stride))
      return false;
  }
  return true;
}

Expected<Image> maek::runtime::decodeJpeg(std::span<const std::byte> content,
                                          int channels) {
  JpegReader reader;
  reader.info.err = jpeg_std_error(&reader.errors);
  reader.info.client_data = &reader;
  reader.errors.error_exit = leaveJpeg;
  reader.errors.emit_message = refuseWarning;
  Image image;
  Error error = Error::success();
  bool isRead = readJpegHeader(reader, content);
  if (isRead) {
    // A run of blocks without content takes few bits.
    constexpr uint64_t pixelsOfByte = 1 << 15;
    error = checkImageSize(reader.info.image_width, reader.info.image_height,
                           content.size(), pixelsOfByte);
    bool isPrint = reader.info.jpeg_color_space == JCS_CMYK ||
                   reader.info.jpeg_color_space == JCS_YCCK;
    if (!error && isPrint)
      error = makeError(MAEK_BAD_FILE,
                        "is a CMYK picture; needed grey, or red, green, blue");
    image = {reader.info.image_height, reader.info.image_width, channels, {}};
    isRead =
        error || (startJpeg(reader, channels) && readJpegRows(reader, image));
  }
  jpeg_destroy_decompress(&reader.info);
  if (!isRead)
    return makeError(MAEK_BAD_FILE, "is no valid JPEG file: ",
                     static_cast<const char *>(reader.message));
  if (error)
    return error;
  return image;
}
