# Part of Maek, under the MIT licence; see LICENSE.
"""Programs whose products multiply codes of 8 bits: calibration, outputs beside
those of f32, processors without such products, what is refused."""
import json
import unittest

import numpy
from safetensors.numpy import load_file

from precision import PrecisionTest
from support import DATA, run

MLP = """model MLP(H = 96) {
  input  image : [28, 28]
  target label : class(10)
  first  = relu(Linear(28 * 28, H)(reshape(image, [28 * 28])))
  second = relu(Linear(H, H)(first))
  logits = Linear(H, 10)(second)
  output logits
  loss   = cross_entropy(logits, label)
  metric correct = mean(argmax(logits) == label)
}
train MLP {
  data fashion_mnist
  optimizer adam(lr = 1e-3)
  batch 64  epochs 1
  average 0.9
}
"""
# A layer, a recurrence of a number of steps that only a run knows, its last
# state; odd sizes.
ODD = """model Odd {
  input x : [T, 37]
  target y : [33]
  hs = LSTM(37, 51)(x)
  z = Linear(51, 33)(hs[T - 1])
  output z
  loss = mse(z, y)
}
"""
# Windows beyond the image, where zeros have a code; channels that fill no word.
IMAGES = """model Images {
  input x : [9, 11, 18]
  target y : [5, 20]
  h = tanh(Conv2d(18, 24, 3, padding = 1)(x))
  z = mean(Conv2d(24, 20, 3, stride = 2)(h), axis = 0)
  output z
  loss = mse(z, y)
}
"""
SMALL = """model Small(O = 24) {
  input x : [40]
  target y : [O]
  z = Linear(40, O)(x)
  output z
  loss = mse(z, y)
}
"""
# Of the largest output. A factor is rounded by 2^-8 of the largest one at most.
BOUND = 0.06


class Int8(PrecisionTest):
    def check_outputs(self, model, shape, target, batches):
        """One weights file, the outputs of three programs."""
        full = self.build(model, "full")
        short = self.build(model, "short", "--precision=int8")
        plain = self.build(model, "plain", "--precision=int8",
                           "--target=x86-64-linux-avx2-fma-f16c-sse41")
        weights = self.draw_weights(full)
        random = numpy.random.default_rng(4)
        for half in ("train", "test"):
            for name, size in (("x", shape), ("y", target)):
                numpy.save(self.folder / f"{half}-{name}.npy",
                           random.uniform(-1, 1, (16, *size)).astype("f4"))
        calibrated = self.folder / "w8.safetensors"
        shown = json.loads(run(short, "calibrate", "--weights", weights, "--output", calibrated,
                               "--data", "npy", "--data-dir", self.folder, "--json").stdout)
        self.assertAlmostEqual(shown["loss"], shown["f32"]["loss"], delta=0.05)
        ranges = {name: value for name, value in load_file(calibrated).items()
                  if name.endswith(".input_range")}
        self.assertTrue(ranges)
        for name, value in ranges.items():
            self.assertTrue(0 < value < 4, f"{name} {value}")
        for batch in batches:
            x = random.uniform(-1, 1, (batch, *shape)).astype("f4")
            needed = self.predict(full, weights, x)
            largest = abs(needed).max()
            found = [self.predict(program, calibrated, x) for program in (short, plain)]
            for y in found:
                error = abs(y - needed).max() / largest
                self.assertLess(error, BOUND, f"{model.name} {batch}")
                # Else nothing would multiply codes.
                self.assertGreater(error, 1e-4, f"{model.name} {batch}")
            # Codes may differ where f32 is rounded otherwise.
            numpy.testing.assert_allclose(found[0], found[1], atol=0.03 * largest)

    def test_odd_sizes(self):
        self.check_outputs(self.make("odd.maek", ODD), (5, 37), (33,), (1, 3, 64))

    def test_convolutions(self):
        self.check_outputs(self.make("images.maek", IMAGES), (9, 11, 18), (5, 20), (1, 3))

    @unittest.skipUnless(DATA.exists(), f"{DATA} is missing: package dataset-fashion-mnist")
    def test_calibration(self):
        """From a checkpoint with moments and averages, which eval uses."""
        model = self.make("mlp.maek", MLP)
        programs = {p: self.build(model, p, f"--precision={p}") for p in ("f32", "bf16", "int8")}
        weights, calibrated = self.folder / "w.safetensors", self.folder / "w8.safetensors"
        run(programs["f32"], "train", "--examples", 6400, "--epochs", 1, "--seed", 1,
            "--evaluate-every", 0, "--save", weights)

        def evaluate(precision, path, *options):
            return json.loads(run(programs[precision], "eval", "--weights", path, "--json",
                                  *options).stdout)
        full = evaluate("f32", weights)
        shown = json.loads(run(programs["int8"], "calibrate", "--weights", weights, "--output",
                               calibrated, "--examples", 256, "--json").stdout)
        again = evaluate("int8", calibrated, "--compare")
        self.assertEqual(shown, again)
        self.assertEqual(shown["examples"], 10000)
        # The others have no use for the ranges.
        self.assertEqual(evaluate("f32", calibrated)["correct"], full["correct"])
        short = evaluate("bf16", weights, "--compare")
        for compared in (shown, short):
            self.assertAlmostEqual(compared["f32"]["correct"], full["correct"], delta=2e-4)
            self.assertAlmostEqual(compared["correct"], full["correct"], delta=5e-3)
            self.assertNotEqual(compared["loss"], compared["f32"]["loss"])
        plain = run(programs["int8"], "eval", "--weights", calibrated, "--compare").stdout
        self.assertRegex(plain, r"^f32   loss [\d.]+, correct [\d.]+\n"
                                r"int8  loss [\d.]+, correct [\d.]+, 10000 examples\n$")

        # What has no ranges, or needs none.
        for command in (("eval",), ("predict", "--input", "x.npy", "--output", "y.npy")):
            result = run(programs["int8"], *command, "--weights", weights, code=1)
            self.assertIn("the command 'calibrate' adds them", result.stderr)
        result = run(programs["f32"], "calibrate", "--weights", weights, "--output",
                     self.folder / "no", code=1)
        self.assertIn("no product of the program multiplies codes", result.stderr)
        result = run(programs["f32"], "eval", "--weights", weights, "--compare", code=1)
        self.assertIn("there is nothing to compare them with", result.stderr)
        result = run(programs["int8"], "train", "--save", self.folder / "no", code=1)
        self.assertIn("has no training step", result.stderr)
        result = run(programs["int8"], "calibrate", "--weights", weights, "--output", weights,
                     code=2)
        self.assertIn("name the same file", result.stderr)

    def test_refusals(self):
        """Examples that no codes are of, a program without products of codes."""
        model = self.make("small.maek", SMALL)
        program = self.build(model, "small", "--precision=int8")
        weights = self.draw_weights(self.build(model, "small32"))
        for half in ("train", "test"):
            numpy.save(self.folder / f"{half}-x.npy", numpy.full((4, 40), numpy.inf, "f4"))
            numpy.save(self.folder / f"{half}-y.npy", numpy.zeros((4, 24), "f4"))
        words = ("calibrate", "--weights", weights, "--output", self.folder / "no", "--data", "npy",
                 "--data-dir", self.folder)
        result = run(program, *words, code=1)
        self.assertIn("multiplies 'linear.W' by numbers that are not finite", result.stderr)
        self.assertFalse((self.folder / "no").exists())
        for half in ("train", "test"):
            path = self.folder / f"{half}-x.npy"
            before = path.read_bytes()
            result = run(program, "calibrate", "--weights", weights, "--output", path,
                         "--data", "npy", "--data-dir", self.folder, code=1)
            self.assertIn("a file of the data set; nothing is written over it", result.stderr)
            self.assertEqual(path.read_bytes(), before)
        few = self.build(model, "few", "--precision=int8", "--set", "O=8")
        result = run(few, *words, code=1)
        self.assertIn("takes the weights as they are; 'maek build --remarks=missed' says why",
                      result.stderr)


if __name__ == "__main__":
    unittest.main()
