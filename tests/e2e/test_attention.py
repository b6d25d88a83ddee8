# Part of Maek, under the MIT licence; see LICENSE.
"""Attention in compiled programs: memory, equal results, no sense of order."""
import json
import re
import struct
import unittest

import numpy

from support import SOURCE, MaekTest, run

# Every attention that there is: masked by lengths, causal, of another sequence.
MODEL = """
model Lines(d = 32) {
  input  x : [N, d]
  input  y : [M, d]
  input  n : []
  target t : [N, d]
  read = arange(M) < n
  u    = TransformerBlock(d, 2)(y, read)
  z    = DecoderBlock(d, 2)(x, u, read)
  loss = mse(z, t)
  output z
}

train Lines { optimizer sgd(lr = 0.1)  batch 2 }
"""

ENCODER = """
model Encoder(d = 32) {
  input x : [N, d]
  y = x
  for l in 1..2 { y = TransformerBlock(d, 4)(y) }
  output y
}
"""


def write_weights(program, path):
    """Random numbers for every parameter, as a safetensors file."""
    rng = numpy.random.default_rng(3)
    info = json.loads(run(program, "info", "--json").stdout)["module"]
    header, data = {}, b""
    for parameter in info["parameters"]:
        array = 0.2 * rng.standard_normal(parameter["shape"]).astype("<f4")
        header[parameter["name"]] = {
            "dtype": "F32", "shape": parameter["shape"],
            "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.astype("<f4").tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def attend(q, k, v, seen):
    scores = q @ numpy.swapaxes(k, -1, -2) / numpy.sqrt(q.shape[-1])
    scores = numpy.where(seen, scores, -numpy.inf)
    top = numpy.maximum(scores.max(-1, keepdims=True), -1e37)
    weights = numpy.exp(scores - top)
    return weights / numpy.maximum(weights.sum(-1, keepdims=True), 1e-37) @ v


class Attention(MaekTest):
    def build(self, name, text, *words):
        file = self.folder / (name + ".maek")
        file.write_text(text)
        self.maek("build", file, "-o", self.folder / name, *words)
        return self.folder / name

    def test_memory_grows_with_the_length_alone(self):
        program = self.build("lines", MODEL)
        sizes = {}
        for n in (2048, 4096, 8192):
            text = run(program, "info", "--arena", "--batch", "1", "--dim", f"N={n}",
                       "--dim", f"M={n + 1}").stdout
            for entry, size in re.findall(r"arena of (\w+).*: (\d+) bytes", text):
                sizes[entry, n] = int(size)
        for entry in ("forward", "train_step"):
            for n in (2048, 4096):
                self.assertLess(sizes[entry, 2 * n], 2.1 * sizes[entry, n])
            # One matrix of 8192 x 8192 numbers takes 256 MiB.
            self.assertLess(sizes[entry, 8192], 256 << 20)
        done = run(program, "info", "--arena", "--batch", "1000000000", "--dim", "N=4096",
                   "--dim", "M=4096", code=1)
        self.assertRegex(done.stderr, "'forward' at .*: a tensor would have more than 2.31 - 1 numbers")

    def test_every_mask_is_numpys(self):
        self.maek("build", SOURCE / "models/attention.maek", "--model", "Attention",
                  "-o", self.folder / "attention", "--set", "heads=2", "--set", "d=16")
        rng = numpy.random.default_rng(1)
        q, k, v = (rng.standard_normal((3, 2, n, 16)).astype("f")
                   for n in (37, 150, 150))
        n = numpy.array([0, 5, 150], "f")
        files = {}
        for name, array in (("Q", q), ("K", k), ("V", v), ("n", n)):
            numpy.save(self.folder / (name + ".npy"), array)
            files[name] = self.folder / (name + ".npy")
        program = self.folder / "attention"
        weights = write_weights(program, self.folder / "none.safetensors")
        run(program, "predict", "--weights", weights,
            *(word for name, file in files.items()
              for word in ("--input", f"{name}={file}")),
            *(word for name in ("all", "causal", "first")
              for word in ("--output", f"{name}={self.folder / name}.npy")))
        i, j = numpy.arange(37)[:, None], numpy.arange(150)
        masks = {"all": True, "causal": j <= i,
                 "first": j < n[:, None, None, None]}
        for name, seen in masks.items():
            expected = attend(*(a.astype("d") for a in (q, k, v)), seen)
            actual = numpy.load(f"{self.folder / name}.npy")
            self.assertLess(abs(actual - expected).max(), 1e-5, name)

    def test_without_positions_order_means_nothing(self):
        """A permuted input gives the permuted output."""
        program = self.build("encoder", ENCODER, "--precision=f64")
        rng = numpy.random.default_rng(2)
        x = rng.standard_normal((2, 21, 32))
        order = rng.permutation(21)
        weights = write_weights(program, self.folder / "encoder.safetensors")
        outputs = []
        for name, array in (("plain", x), ("permuted", x[:, order])):
            numpy.save(self.folder / "x.npy", array)
            run(program, "predict", "--weights", weights, "--input",
                self.folder / "x.npy", "--output", self.folder / "y.npy")
            outputs.append(numpy.load(self.folder / "y.npy"))
        # Sums in another order: what is left is the rounding of f64.
        self.assertLess(abs(outputs[0][:, order] - outputs[1]).max(), 1e-12)
        self.assertGreater(abs(outputs[0] - outputs[1]).max(), 1e-2)


if __name__ == "__main__":
    unittest.main()
