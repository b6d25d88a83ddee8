# Part of Maek, under the MIT licence; see LICENSE.
"""Data sets with arguments, regression, sequences as inputs and targets,
several inputs; gradients as outputs."""
import json
import re
import unittest

import numpy
from safetensors.numpy import save_file

from support import MaekTest, run

ADDER = """
model Adder(T = 6, H = 16) {
  input  x : [T, 2]
  target y : []
  sum  = Linear(H, 1)(RNN(2, H)(x)[-1])[0]
  loss = (sum - y)²
  output sum
}
train Adder {
  data adding(T = T, n = 2 * 1000, test = 100)
  optimizer adam(lr = 1e-2)  batch 20  epochs 6
}
"""

# Two inputs, both sequences of classes, and a target that is one.
DECODER = """
model Decoder(T = 5, symbols = 4, H = 24) {
  input  x      : [T] of class(symbols)
  input  before : [T] of class(symbols + 1)
  target y      : [T] of class(symbols)
  param E : [symbols + 1, H] ~ normal(0, 1)
  seen   = LSTM(symbols, H)(one_hot(x))[-1]
  h      = LSTM(H, H)(one_hot(before) · E + seen)
  logits = Linear(H, symbols)(h)
  output logits
  loss   = mean(cross_entropy(logits, y))
  metric accuracy = mean(argmax(logits) == y)
}
train Decoder {
  data reverse(T = T, symbols = symbols, n = 2000, test = 200)
  optimizer adam(lr = 1e-2)  clip_norm 1.0  batch 50  epochs 6
}
"""

GRADIENTS = """
cell Memory(H) {
  param W : [H, H] ~ normal(0, 0.4)
  state h : [H] = 0
  step (x : [H]) -> h { h = tanh(W · h) + x }
}
model Slopes(H = 3) {
  input x : [T, H]
  input z : [2]
  param a : [] = 3
  h = Memory(H)(x)
  slope  = gradient(sum(h[-1]²), x)
  cubic  = gradient(a * sum(z³), z)
  second = gradient(sum(gradient(sum(z³), z)²), z)
  output slope, cubic, second
}
"""


class Data(MaekTest):
    def program(self, text, name, *words):
        path = self.folder / f"{name}.maek"
        path.write_text(text)
        self.maek("build", path, "-o", self.folder / name, *words)
        return self.folder / name

    def test_regression_learns_and_predicts(self):
        program = self.program(ADDER, "adder")
        weights = self.folder / "adder.safetensors"
        told = run(program, "train", "--save", weights).stdout
        self.assertNotIn("accuracy", told)
        loss = float(re.search(r"epoch 6/6: .*test loss ([\d.]+)", told).group(1))
        self.assertLess(loss, 0.1)
        self.assertIn("data adding(T=6, n=2000, test=100)", run(program, "info").stdout)
        # Other arguments on the command line, the mean's error as a measure.
        short = json.loads(run(program, "eval", "--weights", weights, "--json",
                               "--data", "adding(T = 6, test = 2000, seed = 5)").stdout)
        self.assertEqual(short["examples"], 2000)
        self.assertLess(short["loss"], 1 / 6)
        x = numpy.zeros((1, 6, 2), "f4")
        numpy.save(self.folder / "x.npy", x)
        run(program, "predict", "--weights", weights, "--input", self.folder / "x.npy",
            "--output", self.folder / "sum.npy")
        self.assertEqual(numpy.load(self.folder / "sum.npy").shape, (1,))

    def test_sequences_in_and_out(self):
        program = self.program(DECODER, "decoder")
        told = run(program, "train", "--save", self.folder / "d.safetensors").stdout
        accuracy = [float(a) for a in re.findall(r"test loss \S+ accuracy ([\d.]+)", told)]
        self.assertEqual(len(accuracy), 6)
        self.assertGreater(accuracy[-1], 0.5)
        # What stands behind the symbols would mean something else.
        for symbols in (3, 5):
            told = run(program, "train", "--data", f"reverse(T = 5, symbols = {symbols})",
                       code=1).stderr
            self.assertEqual(told, f"decoder: error: data set 'reverse': has {symbols} classes; "
                             "input 'x' has 4: 'symbols' must be the model's\n")

    def test_wrong_arguments(self):
        program = self.program(ADDER, "wrong")
        told = run(program, "train", "--data", "adding(T = 13)", code=1).stderr
        self.assertIn("an example has shape [13, 2]; input 'x' needs [6, 2]", told)
        told = run(program, "train", "--data", "adding(Z = 13)", code=1).stderr
        self.assertIn("data set 'adding': unknown argument 'Z'", told)

    def test_gradients(self):
        program = self.program(GRADIENTS, "slopes", "--precision", "f64")
        # Nothing can be trained, so the weights are written by hand.
        random = numpy.random.default_rng(1)
        weights = {"memory.W": random.normal(0, 0.6, (3, 3)), "a": numpy.array(3.0)}
        save_file(weights, self.folder / "s.safetensors")
        x, z = random.normal(0, 1, (4, 6, 3)), random.normal(0, 1, (4, 2))
        numpy.save(self.folder / "x.npy", x)
        numpy.save(self.folder / "z.npy", z)
        names = ("slope", "cubic", "second")
        run(program, "predict", "--weights", self.folder / "s.safetensors",
            "--input", f"x={self.folder}/x.npy", "--input", f"z={self.folder}/z.npy",
            *(w for n in names for w in ("--output", f"{n}={self.folder}/{n}.npy")))
        slope, cubic, second = (numpy.load(self.folder / f"{n}.npy") for n in names)
        numpy.testing.assert_allclose(cubic, 9 * z**2, rtol=1e-12)
        numpy.testing.assert_allclose(second, 36 * z**3, rtol=1e-12)

        def value(x):
            h = numpy.zeros((x.shape[0], 3))
            for t in range(x.shape[1]):
                h = numpy.tanh(h @ weights["memory.W"].T) + x[:, t]
            return (h**2).sum(1)

        step = 1e-6
        for t, i in ((0, 0), (2, 1), (5, 2)):
            moved = x.copy(), x.copy()
            moved[0][:, t, i] += step
            moved[1][:, t, i] -= step
            numeric = (value(moved[0]) - value(moved[1])) / (2 * step)
            numpy.testing.assert_allclose(slope[:, t, i], numeric, rtol=1e-6, atol=1e-9)


if __name__ == "__main__":
    unittest.main()
