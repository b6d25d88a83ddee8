# Part of Maek, under the MIT licence; see LICENSE.
"""Programs whose products multiply bf16, beside those of f32: outputs, training,
processors without such products."""
import json
import unittest

import numpy
from safetensors.numpy import load_file

from precision import PrecisionTest
from support import DATA, SOURCE, run

MLP = """model MLP(H = 96) {
  input  image : [28, 28]
  target label : class(10)
  first  = relu(Linear(28 * 28, H)(reshape(image, [28 * 28])))
  second = relu(Linear(H, H)(first))
  logits = Linear(H, 10)(second)
  output logits
  loss   = cross_entropy(logits, label)
}
train MLP {
  data fashion_mnist
  optimizer adam(lr = 1e-3)
  batch 64  epochs 1
}
"""
ODD = """model Odd {
  input x : [T, 37]
  y = RNN(37, 51)(x)
  z = Linear(51, 33)(y)
  output z
}
"""
IMAGES = """model Images {
  input image : [9, 11, 16]
  x = relu(Conv2d(16, 24, 3, padding = 1)(image))
  y = mean(Conv2d(24, 20, 3)(x), axis = 0)
  output y
}
"""
# Of the largest output. A factor is rounded by 2^-9 of itself at most.
BOUND = 0.02


class BFloat16(PrecisionTest):
    def check_outputs(self, model, shapes):
        """One weights file, the outputs of three programs."""
        full = self.build(model, "full")
        short = self.build(model, "short", "--precision=bf16")
        plain = self.build(model, "plain", "--precision=bf16",
                           "--target=x86-64-linux-avx2-fma-f16c-sse41")
        weights = self.draw_weights(full)
        random = numpy.random.default_rng(4)
        for shape in shapes:
            x = random.uniform(-1, 1, shape).astype("f4")
            needed = self.predict(full, weights, x)
            largest = abs(needed).max()
            for program in (short, plain):
                error = abs(self.predict(program, weights, x) - needed).max() / largest
                self.assertLess(error, BOUND, f"{model.name} {program.name} {shape}")
                # Else nothing would multiply bf16.
                self.assertGreater(error, 1e-5, f"{model.name} {program.name} {shape}")

    def test_lstm(self):
        self.check_outputs(SOURCE / "models/lstm.maek", [(b, 28, 28) for b in (1, 3, 64)])

    def test_transformer(self):
        self.check_outputs(SOURCE / "models/transformer.maek", [(1, 28, 28), (5, 28, 28)])

    def test_layers(self):
        self.check_outputs(self.make("mlp.maek", MLP), [(1, 28, 28), (7, 28, 28)])

    def test_odd_sizes(self):
        self.check_outputs(self.make("odd.maek", ODD),
                           [(1, 1, 37), (3, 5, 37), (64, 2, 37)])

    def test_convolutions(self):
        self.check_outputs(self.make("images.maek", IMAGES),
                           [(1, 9, 11, 16), (3, 9, 11, 16)])

    def test_info(self):
        program = self.build(self.make("odd.maek", ODD), "odd", "--precision=bf16")
        self.assertIn("\n  precision  bf16\n", run(program, "info").stdout)
        module = json.loads(run(program, "info", "--json").stdout)["module"]
        self.assertEqual(module["precision"], "bf16")
        # Parameters stay what they are.
        self.assertEqual({p["dtype"] for p in module["parameters"]}, {"f32"})

    @unittest.skipUnless(DATA.exists(), f"{DATA} is missing: package dataset-fashion-mnist")
    def test_training(self):
        """The loss falls as it does in f32, with one thread or more, and the
        weights that are saved are f32's."""
        for model in (SOURCE / "models/lstm.maek", self.make("mlp.maek", MLP)):
            losses = {}
            for precision in ("f32", "bf16"):
                program = self.build(model, f"train-{precision}", f"--precision={precision}")
                log = self.folder / "log.jsonl"
                saved = [self.folder / f"{precision}{threads}.safetensors" for threads in (1, 2)]
                for threads, path in enumerate(saved, 1):
                    log.unlink(missing_ok=True)
                    run(program, "train", "--examples", 6400, "--epochs", 1, "--seed", 1,
                        "--evaluate-every", 0, "--threads", threads, "--save", path,
                        "--log-jsonl", log, "--log-every", 10)
                self.assertEqual(saved[0].read_bytes(), saved[1].read_bytes())
                rows = [json.loads(line) for line in log.read_text().splitlines()]
                losses[precision] = numpy.array([row["loss"] for row in rows if "loss" in row])
            for name, tensor in load_file(saved[0]).items():
                self.assertNotIn("bfloat16", str(tensor.dtype), name)
            self.assertGreater(len(losses["f32"]), 4)
            self.assertLess(losses["bf16"][-1], losses["bf16"][0] - 0.05)
            numpy.testing.assert_allclose(losses["bf16"], losses["f32"], atol=0.02)
            # Each goes on from the other's weights.
            run(program, "eval", "--weights", self.folder / "f321.safetensors", "--examples", 10)


if __name__ == "__main__":
    unittest.main()
