# Part of Maek, under the MIT licence; see LICENSE.
"""Sequences of different lengths in one batch: the same outputs and gradients as
of each sequence on its own, whatever stands behind its end."""
import unittest

import numpy
from safetensors.numpy import load_file

from support import MaekTest, run

# The last valid state of a cell in each direction, the states up to there, and
# attention over the valid places.
CELLS = """
model Lengths(I = 3, H = 5) {{
  input  x : [T, I]
  input  n : []
  target y : [T]
  cell_1 = {cell}(I, H)
  cell_2 = {cell}(I, H)
  h      = cell_1(x)                              # [T, H]
  g      = reverse_first(cell_2(reverse_first(x, n)), n)
  last   = [h[n - 1], g[0]]
  each   = Linear(2 * H, 1)([h, g])[:, 0]         # [T]
  output last
  loss   = mean_of_first((each - y)², n) + sum(last²)
}}
train Lengths {{ data npy  optimizer sgd(lr = 1)  batch 8  epochs 1 }}
"""

ATTENTION = """
model Lengths(I = 3, H = 4) {
  input  x : [T, I]
  input  n : []
  target y : [T]
  valid  = arange(T) < n
  z      = PositionalEncoding(H)(Linear(I, H)(x))
  u      = TransformerBlock(H, 2)(z, valid)
  v      = PostNormBlock(H, 2, causal = 1)(u, valid)
  last   = DecoderBlock(H, 2)(z, v, valid)[n - 1]
  each   = Linear(H, 1)(v)[:, 0]
  output last
  loss   = mean_of_first((each - y)², n) + sum(last²)
}
train Lengths { data npy  optimizer sgd(lr = 1)  batch 8  epochs 1 }
"""

LENGTHS = (7, 1, 4, 7, 2)


class Lengths(MaekTest):
    def write(self, folder, x, n, y):
        folder.mkdir(exist_ok=True)
        for split in ("train", "test"):
            for name, array in (("x", x), ("n", n), ("y", y)):
                numpy.save(folder / f"{split}-{name}.npy", array)
        return folder

    def weights(self, program, folder, rate):
        """After one step of all examples in the folder."""
        file = folder / "w.safetensors"
        run(program, "train", "--data-dir", folder, "--lr", rate, "--save", file)
        return {name: value for name, value in load_file(file).items()
                if not name.startswith("sgd.")}

    def outputs_and_gradients(self, program, folder):
        """With the first weights; a step of size 1 takes the gradient away."""
        first = self.weights(program, folder, "1e-30")
        run(program, "predict", "--weights", folder / "w.safetensors",
            *(word for name in ("x", "n")
              for word in ("--input", f"{name}={folder}/test-{name}.npy")),
            "--output", folder / "last.npy")
        stepped = self.weights(program, folder, "1")
        return (numpy.load(folder / "last.npy"),
                {name: first[name] - stepped[name] for name in first})

    def check(self, text, name, precision="f32", tolerance=1e-5):
        path = self.folder / f"{name}.maek"
        path.write_text(text)
        program = self.folder / name
        self.maek("build", path, "-o", program, "--precision", precision)
        random = numpy.random.default_rng(5)
        count, steps = len(LENGTHS), max(LENGTHS)
        x = random.normal(0, 1, (count, steps, 3))
        y = random.normal(0, 1, (count, steps))
        for i, n in enumerate(LENGTHS):
            x[i, n:], y[i, n:] = 40, -70  # far from all that counts
        together = self.write(self.folder / f"{name}-all", x, numpy.array(LENGTHS), y)
        outputs, gradients = self.outputs_and_gradients(program, together)
        alone = []
        for i, n in enumerate(LENGTHS):
            one = self.write(self.folder / f"{name}-{i}", x[i:i + 1, :n],
                             numpy.array([n]), y[i:i + 1, :n])
            alone.append(self.outputs_and_gradients(program, one))
            error = abs(outputs[i] - alone[i][0][0]).max()
            self.assertLess(error, tolerance, f"{name}: the output of {n} steps")
        for parameter, gradient in gradients.items():
            mean = sum(one[parameter] for _, one in alone) / count
            error = abs(gradient - mean).max()
            self.assertLess(error, tolerance, f"{name}: the gradient of {parameter}")
            # The keys' bias moves all scores of a query alike.
            if not parameter.endswith("W_k.b"):
                self.assertGreater(abs(gradient).max(), 1e-4, f"{name}: {parameter}")

    def test_cells(self):
        for cell in ("RNN", "LSTM", "GRU"):
            self.check(CELLS.format(cell=cell), cell)

    def test_attention(self):
        self.check(ATTENTION, "attention")

    def test_f64(self):
        self.check(CELLS.format(cell="LSTM"), "lstm_f64", "f64", 1e-12)
        self.check(ATTENTION, "attention_f64", "f64", 1e-12)


if __name__ == "__main__":
    unittest.main()
