# Part of Maek, under the MIT licence; see LICENSE.
"""The compiled forward pass against the LSTM's equations in numpy, f64; pictures
as inputs."""
import unittest

import numpy
from PIL import Image, PngImagePlugin
from safetensors.numpy import save_file

from pictures import draw, fit
from support import SOURCE, MaekTest, run


def sigmoid(x):
    return 1 / (1 + numpy.exp(-x))


def lstm(weights, image):
    """[B, T, I] -> [B, 10], step by step."""
    w = {name: value.astype(numpy.float64) for name, value in weights.items()}
    batch, steps, _ = image.shape
    hidden = w["lstm.b_f"].shape[0]
    h, c = numpy.zeros((batch, hidden)), numpy.zeros((batch, hidden))
    for t in range(steps):
        hx = numpy.concatenate([h, image[:, t].astype(numpy.float64)], axis=1)
        f, i, o = (sigmoid(hx @ w[f"lstm.W_{g}"].T + w[f"lstm.b_{g}"]) for g in "fio")
        c = f * c + i * numpy.tanh(hx @ w["lstm.W_c"].T + w["lstm.b_c"])
        h = o * numpy.tanh(c)
    return h @ w["linear.W"].T + w["linear.b"]


class Predict(MaekTest):
    def test_a_function_needs_no_weights(self):
        model, program = self.folder / "f.maek", self.folder / "f"
        model.write_text("model F {\n  input x : [5]\n  none = where(x > 1, x, -inf)\n"
                         "  y = where(x > 0.5, max(none), softmax(x))\n  output y\n}\n")
        self.maek("build", model, "-o", program)
        x = numpy.random.default_rng(1).uniform(0, 1, (3, 5)).astype("f4")
        numpy.save(self.folder / "x.npy", x)
        run(program, "predict", "--input", self.folder / "x.npy",
            "--output", self.folder / "y.npy")
        softmax = numpy.exp(x) / numpy.exp(x).sum(axis=1, keepdims=True)
        numpy.testing.assert_allclose(numpy.load(self.folder / "y.npy"),
                                      numpy.where(x > 0.5, -numpy.inf, softmax), rtol=1e-5)

    def check(self, hidden, precision, bound):
        program = self.folder / f"lstm{hidden}{precision}"
        self.maek("build", SOURCE / "models/lstm.maek", "--set", f"H={hidden}",
                  "--precision", precision, "-o", program)
        kind = numpy.float32 if precision == "f32" else numpy.float64
        random = numpy.random.default_rng(hidden)
        shapes = {f"lstm.W_{g}": (hidden, hidden + 28) for g in "fico"}
        shapes |= {f"lstm.b_{g}": (hidden,) for g in "fico"}
        shapes |= {"linear.W": (10, hidden), "linear.b": (10,)}
        weights = {name: random.uniform(-0.4, 0.4, shape).astype(kind)
                   for name, shape in shapes.items()}
        save_file(weights, self.folder / "w.safetensors")
        for batch in (1, 2, 7, 64):
            image = random.uniform(0, 1, (batch, 28, 28)).astype(kind)
            numpy.save(self.folder / "x.npy", image)
            run(program, "predict", "--weights", self.folder / "w.safetensors",
                "--input", self.folder / "x.npy", "--output", self.folder / "y.npy")
            found, needed = numpy.load(self.folder / "y.npy"), lstm(weights, image)
            error = abs(found - needed).max() / abs(needed).max()
            self.assertLess(error, bound, f"H={hidden} B={batch} {precision}")
            # In the other precision: the same numbers where both can hold them.
            outputs = []
            for other in (numpy.float32, numpy.float64):
                numpy.save(self.folder / "other.npy",
                           image.astype(numpy.float32).astype(other))
                run(program, "predict", "--weights", self.folder / "w.safetensors",
                    "--input", self.folder / "other.npy",
                    "--output", self.folder / "y.npy")
                outputs.append(numpy.load(self.folder / "y.npy"))
            self.assertTrue((outputs[0] == outputs[1]).all())

    def test_f32(self):
        for hidden in (1, 16, 24, 37):
            self.check(hidden, "f32", 1e-5)

    def test_f64(self):
        self.check(24, "f64", 1e-12)


class Pictures(MaekTest):
    """What a model sees of a file: here it says so itself."""

    def check(self, shape, mode, kinds):
        program, out = self.folder / mode, self.folder / "out.npy"
        file = self.folder / "seen.maek"
        file.write_text(f"model Seen {{ input image : {list(shape)}\n"
                        "scale = 2 * image\noutput scale }\n")
        self.maek("build", file, "-o", program)
        own = self.folder / "own.safetensors"
        save_file({}, own)
        # Larger and smaller than 20 x 30, wider and taller.
        for height, width in ((61, 97), (97, 61), (9, 13), (20, 30), (5, 200)):
            for kind, options in kinds:
                path = self.folder / f"picture.{kind}"
                Image.fromarray(draw(height, width)).save(path, **options)
                run(program, "predict", "--weights", own, "--input", path, "--output", out)
                needed = 2 * fit(path, 20, 30, mode).reshape(1, *shape)
                error = abs(numpy.load(out) - needed).max() / 2
                self.assertLess(error, 1e-5, f"{height} x {width}, {kind} {options}")

    def test_colour(self):
        self.check((3, 20, 30), "RGB", (
            ("png", {}), ("jpg", {"quality": 90}), ("jpg", {"progressive": True})))

    def test_grey(self):
        self.check((20, 30), "L", [("png", {}), ("jpg", {"quality": 90})])

    def test_png_numbers(self):
        """Those that Pillow reads, of every way to store them."""
        seen, out = {}, self.folder / "out.npy"
        for channels in (1, 3):
            file = self.folder / f"same{channels}.maek"
            file.write_text(f"model Same {{ input x : [{channels}, 20, 30]\ny = x\noutput y }}\n")
            seen[channels] = self.folder / f"same{channels}"
            self.maek("build", file, "-o", seen[channels])
        colour = Image.fromarray(draw(20, 30))
        grey, alpha = colour.convert("L"), Image.fromarray(draw(20, 30)[..., 2])
        translucent, black = colour.copy(), Image.new("RGBA", (30, 20), (0, 0, 0, 255))
        translucent.putalpha(alpha)
        palette = colour.quantize(200)
        wide = numpy.asarray(grey).astype("u2") * 256 + 77
        chunks = PngImagePlugin.PngInfo()
        chunks.add(b"gAMA", (100000).to_bytes(4, "big"))
        for name, image, needed, options in (
                ("colour", colour, colour, {}), ("grey", grey, grey, {}),
                ("gamma", colour, colour, {"pnginfo": chunks}),
                ("palette", palette, palette.convert("RGB"), {}),
                ("two levels", grey.convert("1"), grey.convert("1"), {}),
                ("16 bits", Image.fromarray(wide), grey, {}),
                ("alpha", translucent, Image.alpha_composite(black, translucent), {}),
                ("clear colour", grey, grey.point(lambda v: 0 if v == 128 else v),
                 {"transparency": 128})):
            path = self.folder / "stored.png"
            image.save(path, **options)
            for channels, mode in ((1, "L"), (3, "RGB")):
                run(seen[channels], "predict", "--input", path, "--output", out)
                found = numpy.rint(numpy.load(out)[0] * 255).transpose(1, 2, 0)
                pixels = numpy.asarray(needed.convert("RGB").convert(mode))
                numpy.testing.assert_array_equal(found, pixels.reshape(found.shape),
                                                 f"{name} as {mode}")


if __name__ == "__main__":
    unittest.main()
