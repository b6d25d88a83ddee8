# Part of Maek, under the MIT licence; see LICENSE.
"""Batch normalisation as PyTorch defines it: the batch's statistics in
training, running ones after it, which are part of every file of weights."""
import unittest

import numpy
from safetensors.numpy import load_file

from support import MaekTest, run

MODEL = """
model M {
  input  x : [5, 4]
  target t : [5, 4]
  y    = BatchNorm(4)(x)  # over the batch and the 5 rows
  loss = mse(y, t)
  output y
}

train M {
  data npy
  optimizer sgd(lr = 0.5)
  batch 8  epochs 1
}
"""


def normalize(x, mean, variance, weight, bias):
    return weight * (x - mean) / numpy.sqrt(variance + 1e-5) + bias


class BatchNorm(MaekTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.folder / "m.maek").write_text(MODEL)
        cls.program = cls.folder / "m"
        cls.maek("build", cls.folder / "m.maek", "-o", cls.program)
        random = numpy.random.default_rng(1)
        cls.x = random.normal(3, 2, (8, 5, 4)).astype("f4")
        cls.t = random.normal(0, 1, (8, 5, 4)).astype("f4")
        for part in ("train", "test"):
            numpy.save(cls.folder / f"{part}-x.npy", cls.x)
            numpy.save(cls.folder / f"{part}-t.npy", cls.t)

    def train(self, epochs):
        file = self.folder / f"{epochs}.safetensors"
        run(self.program, "train", "--data-dir", self.folder, "--epochs", str(epochs),
            "--save", file)
        return file, {name.removeprefix("batchnorm."): value for name, value in load_file(file).items()}

    def expect(self, epochs):
        """The same steps in f64: one batch is all the data."""
        x, t = self.x.astype("f8").reshape(-1, 4), self.t.astype("f8").reshape(-1, 4)
        mean, variance = numpy.zeros(4), numpy.ones(4)
        weight, bias = numpy.ones(4), numpy.zeros(4)
        for _ in range(epochs):
            m, v, n = x.mean(0), x.var(0), len(x)
            c = (x - m) / numpy.sqrt(v + 1e-5)
            slope = 2 * (weight * c + bias - t) / (20 * len(self.x))
            weight, bias = weight - 0.5 * (slope * c).sum(0), bias - 0.5 * slope.sum(0)
            mean = 0.9 * mean + 0.1 * m
            variance = 0.9 * variance + 0.1 * v * n / (n - 1)
        return mean, variance, weight, bias

    def test_training_follows_the_batches(self):
        for epochs in (1, 3):
            _, found = self.train(epochs)
            needed = self.expect(epochs)
            for name, value in zip(("mean", "variance", "gamma", "beta"), needed, strict=True):
                numpy.testing.assert_allclose(found[name], value, rtol=2e-5, atol=2e-6, err_msg=name)

    def test_prediction_uses_running_values(self):
        file, _ = self.train(3)
        numpy.save(self.folder / "one.npy", self.x[:1])
        run(self.program, "predict", "--weights", file, "--input", self.folder / "one.npy",
            "--output", self.folder / "y.npy")
        numpy.testing.assert_allclose(numpy.load(self.folder / "y.npy"),
                                      normalize(self.x[:1], *self.expect(3)), rtol=1e-4, atol=1e-5)

    def test_resuming_goes_on_bit_for_bit(self):
        whole = self.folder / "whole.safetensors"
        run(self.program, "train", "--data-dir", self.folder, "--epochs", "4", "--save", whole)
        half = self.folder / "half.safetensors"
        run(self.program, "train", "--data-dir", self.folder, "--epochs", "2", "--save", half)
        run(self.program, "train", "--data-dir", self.folder, "--epochs", "4", "--resume", half,
            "--save", half)
        one, two = load_file(whole), load_file(half)
        self.assertEqual(one.keys(), two.keys())
        for name in one:
            numpy.testing.assert_array_equal(one[name], two[name], err_msg=name)


if __name__ == "__main__":
    unittest.main()
