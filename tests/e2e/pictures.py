# Part of Maek, under the MIT licence; see LICENSE.
"""Pictures as predict reads them, decoded and scaled by Pillow."""
import numpy
from PIL import Image


def draw(height, width):
    """Bytes [height, width, 3]: edges and slopes of every colour."""
    y, x = numpy.mgrid[0:height, 0:width]
    waves = numpy.sin(x / 7) * numpy.cos(y / 11) * 120 + 128
    return numpy.stack([(x * 3 + y) % 256, waves, (y * y // 64) % 256], -1).astype("u1")


def fit(path, height, width, mode="RGB"):
    """[channels, height, width], from 0 to 1: scaled until it just covers that, the
    middle of it. In numbers with a fraction, for which Pillow does not round."""
    with Image.open(path) as image:
        image.draft(mode, None)  # Of a JPEG file, its own grey.
        channels = image.convert(mode).split()
        step = min(image.width / width, image.height / height)
        left, top = (image.width - width * step) / 2, (image.height - height * step) / 2
    box = (left, top, left + width * step, top + height * step)
    return numpy.stack([
        numpy.asarray(channel.convert("F").resize((width, height), Image.Resampling.BILINEAR,
                                                  box)) / 255
        for channel in channels])
