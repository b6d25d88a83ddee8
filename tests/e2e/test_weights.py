# Part of Maek, under the MIT licence; see LICENSE.
"""Weights in torch's names and layout, against onnx's reference operators."""
import unittest

import numpy
import onnx
from onnx.reference import ReferenceEvaluator
from safetensors.numpy import load_file, save_file

from support import SOURCE, MaekTest, run

HIDDEN, INPUT, STEPS = 24, 28, 28


def reference(weights, image, operator="LSTM", name="lstm", order=(0, 3, 1, 2), **settings):
    """`order`: where onnx's gates are among torch's. Its LSTM has i, o, f, c, torch's
    i, f, c, o; its GRU z, r, h, torch's r, z, n."""
    def reorder(matrix):
        blocks = matrix.reshape(len(order), HIDDEN, -1)[list(order)]
        return blocks.reshape((1, len(order) * HIDDEN, -1))

    biases = [reorder(weights[f"{name}.bias_{kind}_l0"]).reshape(1, -1)
              for kind in ("ih", "hh")]
    node = onnx.helper.make_node(operator, ["x", "w", "r", "b"], ["", "h"],
                                 hidden_size=HIDDEN, **settings)
    feeds = {"x": image.transpose(1, 0, 2),
             "w": reorder(weights[f"{name}.weight_ih_l0"]),
             "r": reorder(weights[f"{name}.weight_hh_l0"]),
             "b": numpy.concatenate(biases, axis=1)}
    graph = onnx.helper.make_graph(
        [node], name,
        [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, value.shape)
         for name, value in feeds.items()],
        [onnx.helper.make_tensor_value_info("h", onnx.TensorProto.FLOAT, None)])
    [h] = ReferenceEvaluator(onnx.helper.make_model(graph)).run(None, feeds)
    return h[0] @ weights["fc.weight"].T + weights["fc.bias"]


def make_weights(random, name, gates):
    shapes = {f"{name}.weight_ih_l0": (gates * HIDDEN, INPUT),
              f"{name}.weight_hh_l0": (gates * HIDDEN, HIDDEN),
              f"{name}.bias_ih_l0": (gates * HIDDEN,), f"{name}.bias_hh_l0": (gates * HIDDEN,),
              "fc.weight": (10, HIDDEN), "fc.bias": (10,)}
    return {tensor: random.uniform(-0.4, 0.4, shape).astype("f4")
            for tensor, shape in shapes.items()}


class Weights(MaekTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls.folder / "lstm"
        cls.maek("build", SOURCE / "models/lstm.maek", "--set", f"H={HIDDEN}",
                 "-o", cls.program)
        cls.random = numpy.random.default_rng(7)
        cls.weights = make_weights(cls.random, "lstm", 4)
        cls.torch = cls.folder / "torch.safetensors"
        save_file(cls.weights, cls.torch)

    def save(self, **changes):
        """The weights with some replaced, or left out where there is none."""
        merged = self.weights | {name.replace("__", "."): value
                                 for name, value in changes.items()}
        path = self.folder / "changed.safetensors"
        save_file({name: value for name, value in merged.items()
                   if value is not None}, path)
        return path

    def predict(self, weights, code=0):
        image = self.random.uniform(0, 1, (7, STEPS, INPUT)).astype("f4")
        numpy.save(self.folder / "x.npy", image)
        done = run(self.program, "predict", "--weights", weights, "--input",
                   self.folder / "x.npy", "--output", self.folder / "y.npy",
                   code=code)
        return image, done

    def test_outputs_equal_the_reference(self):
        image, _ = self.predict(self.torch)
        needed = reference(self.weights, image)
        found = numpy.load(self.folder / "y.npy")
        self.assertLess(abs(found - needed).max() / abs(needed).max(), 1e-5)

    def test_there_and_back(self):
        own, back = self.folder / "own.safetensors", self.folder / "back.safetensors"
        run(self.program, "convert", "--weights", self.torch, "--output", own)
        self.assertIn("lstm.W_f", load_file(own))
        run(self.program, "convert", "--weights", own, "--output", back,
            "--to", "torch")
        found = load_file(back)
        self.assertEqual(set(found), set(self.weights))
        for name in found:
            needed = self.weights[name]
            if name == "lstm.bias_ih_l0":  # The file's sum of both.
                needed = needed + self.weights["lstm.bias_hh_l0"]
            elif name == "lstm.bias_hh_l0":
                needed = numpy.zeros_like(needed)
            numpy.testing.assert_array_equal(found[name], needed, name)

    def expect(self, weights, message):
        _, done = self.predict(weights, code=1)
        self.assertEqual(done.stderr, f"lstm: error: {weights}: {message}\n")

    def test_missing_extra_and_misshaped_are_named(self):
        self.expect(self.save(fc__bias=None),
                    "has no tensor 'fc.bias', which weights in the format 'torch' "
                    "have as F32[10]")
        self.expect(self.save(fc__bias=numpy.zeros(11, "f4")),
                    "tensor 'fc.bias' is F32[11], the model needs F32[10]")
        self.expect(self.save(fc__bia=numpy.zeros(10, "f4")),
                    "tensor 'fc.bia' is not in the model's format 'torch'; did you "
                    "mean 'fc.bias'?")

    def test_the_other_precision(self):
        """In the file's own names and in the model's, of f32 in a program of f64 and back."""
        double = self.folder / "double"
        self.maek("build", SOURCE / "models/lstm.maek", "--set", f"H={HIDDEN}",
                  "--precision=f64", "-o", double)
        image, _ = self.predict(self.torch)
        single = numpy.load(self.folder / "y.npy")
        narrow, wide = self.folder / "narrow.safetensors", self.folder / "wide.safetensors"
        run(self.program, "convert", "--weights", self.torch, "--output", narrow)
        run(double, "convert", "--weights", narrow, "--output", wide)
        self.assertEqual(load_file(wide)["lstm.W_f"].dtype, numpy.float64)
        needed = reference(self.weights, image)
        for program, weights, kind in ((double, self.torch, "f8"), (double, narrow, "f8"),
                                       (double, wide, "f8"), (self.program, wide, "f4")):
            run(program, "predict", "--weights", weights, "--input", self.folder / "x.npy",
                "--output", self.folder / "y.npy")
            found = numpy.load(self.folder / "y.npy")
            self.assertEqual(found.dtype, kind)
            self.assertLess(abs(found - needed).max() / abs(needed).max(), 1e-5)
        numpy.testing.assert_array_equal(found, single)

    def test_unknown_format(self):
        done = run(self.program, "convert", "--weights", self.torch, "--output",
                   self.folder / "no", "--to", "trch", code=1)
        self.assertEqual(done.stderr, "lstm: error: the model has no weights block "
                                      "'trch'; did you mean 'torch'?\n")
        self.assertFalse((self.folder / "no").exists())


class OtherCells(MaekTest):
    """torch.nn.RNN and torch.nn.GRU."""

    def check(self, file, name, operator, order, **settings):
        random = numpy.random.default_rng(11)
        weights = make_weights(random, name, len(order))
        program, torch = self.folder / file, self.folder / f"{file}.safetensors"
        self.maek("build", SOURCE / f"models/{file}.maek", "--set", f"H={HIDDEN}", "-o",
                  program)
        save_file(weights, torch)
        image = random.uniform(0, 1, (5, STEPS, INPUT)).astype("f4")
        numpy.save(self.folder / "x.npy", image)
        run(program, "predict", "--weights", torch, "--input", self.folder / "x.npy",
            "--output", self.folder / "y.npy")
        needed = reference(weights, image, operator, name, order, **settings)
        found = numpy.load(self.folder / "y.npy")
        self.assertLess(abs(found - needed).max() / abs(needed).max(), 1e-5)
        back = self.folder / f"{file}-back.safetensors"
        run(program, "convert", "--weights", torch, "--output", back, "--to", "torch")
        self.assertEqual(set(load_file(back)), set(weights))

    def test_rnn(self):
        self.check("rnn", "rnn", "RNN", [0])

    def test_gru(self):
        self.check("torch_gru", "gru", "GRU", [1, 0, 2], linear_before_reset=1)


if __name__ == "__main__":
    unittest.main()
