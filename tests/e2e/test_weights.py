# Part of Maek, under the MIT licence; see LICENSE.
"""Weights in torch's names and layout: torch.nn.RNN, LSTM and GRU, their outputs
against onnx's reference operators, their training against JAX."""
import json
import struct
import unittest

import jax
import jax.numpy as jnp
import numpy
import onnx
from onnx.reference import ReferenceEvaluator
from safetensors.numpy import load_file, save_file

from checkpoints import STEPS, CheckpointTest, linear
from support import SOURCE, MaekTest, run

HIDDEN, INPUT, CLASSES = 24, 28, 10


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


class Cell(CheckpointTest):
    """One that reads an image row by row, and the settings of its train block, but
    for fewer steps of warming up: ten are trained."""
    format = "torch"
    sets = (f"H={HIDDEN}",)
    classes = CLASSES
    warmup = 2
    optimizer = f"optimizer adam(lr = {{lr}})  clip_norm 1.0  schedule cosine(warmup = {warmup})"
    name = gates = operator = None
    has_one_bias = False

    def make_weights(self, random):
        rows = self.gates * HIDDEN
        shapes = {f"{self.name}.weight_ih_l0": (rows, INPUT),
                  f"{self.name}.weight_hh_l0": (rows, HIDDEN),
                  f"{self.name}.bias_ih_l0": (rows,), f"{self.name}.bias_hh_l0": (rows,),
                  "fc.weight": (CLASSES, HIDDEN), "fc.bias": (CLASSES,)}
        return {tensor: random.uniform(-0.4, 0.4, shape).astype("f4")
                for tensor, shape in shapes.items()}

    def make_inputs(self, random, count):
        return {"image": random.uniform(0, 1, (count, 28, INPUT)).astype("f4")}

    def both_biases(self, weights):
        return (weights[f"{self.name}.bias_{kind}_l0"] for kind in ("ih", "hh"))

    def parameters(self, weights):
        """PyTorch's two biases are one, what is added."""
        if not self.has_one_bias:
            return weights
        own = {name: value for name, value in weights.items()
               if not name.startswith(f"{self.name}.bias")}
        return own | {f"{self.name}.bias_l0": sum(self.both_biases(weights))}

    def written(self, weights):
        if not self.has_one_bias:
            return weights
        whole = sum(self.both_biases(weights))
        return weights | {f"{self.name}.bias_ih_l0": whole,
                          f"{self.name}.bias_hh_l0": numpy.zeros_like(whole)}

    def outputs(self, weights, inputs):
        steps = inputs["image"].swapaxes(0, 1)
        start = jnp.zeros((steps.shape[1], HIDDEN))

        def go_on(state, x):
            return self.step(weights, x, *state), None

        (h, _), _ = jax.lax.scan(go_on, (start, start), steps)
        return {"logits": linear(weights, "fc", h)}

    def products(self, weights, x, h):
        """Without biases."""
        return (x @ weights[f"{self.name}.weight_ih_l0"].T,
                h @ weights[f"{self.name}.weight_hh_l0"].T)

    def update(self, step, learned, gradients):
        """Adam's with β 0.9 and 0.999, after clipping."""
        if step == 1:
            self.moments = {name: (0, 0) for name in learned}
        norm = jnp.sqrt(sum((g * g).sum() for g in gradients.values()))
        done = max(step - 1 - self.warmup, 0) / (STEPS - self.warmup)
        lr = self.lr * min(1, step / self.warmup) * (1 + numpy.cos(numpy.pi * done)) / 2
        after = {}
        for name, value in learned.items():
            g = gradients[name] * min(1, 1 / norm)
            m, v = self.moments[name]
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            self.moments[name] = m, v
            m, v = m / (1 - 0.9 ** step), v / (1 - 0.999 ** step)
            after[name] = value - lr * m / (jnp.sqrt(v) + 1e-8)
        return after


def save_raw(tensors, kind, path):
    """The bytes under that type, which need not be numpy's."""
    header, at = {}, 0
    for name, value in tensors.items():
        header[name] = {"dtype": kind, "shape": value.shape,
                        "data_offsets": [at, at := at + value.nbytes]}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text
                     + b"".join(value.tobytes() for value in tensors.values()))


class AgainstOnnx(Cell):
    order = settings = None

    def test_outputs_equal_onnx(self):
        self.predict(self.foreign)
        needed = reference(self.weights, self.inputs["image"], self.operator, self.name,
                           self.order, **(self.settings or {}))
        found = numpy.load(self.folder / "logits-out.npy")
        self.assertLess(abs(found - needed).max() / abs(needed).max(), 1e-5)


class RNN(AgainstOnnx, MaekTest):
    file, model, name, gates = "rnn", "RowRNN", "rnn", 1
    operator, order, has_one_bias = "RNN", [0], True
    lr = 1e-3
    activation = staticmethod(jnp.tanh)

    def step(self, weights, x, h, c):
        return self.activation(sum(self.products(weights, x, h))
                               + weights["rnn.bias_l0"]), c


class RectifiedRNN(Cell, MaekTest):
    """nonlinearity="relu", which onnx's reference does not have."""
    file, model, name, gates = "rnn", "RowRNN", "rnn", 1
    sets = (f"H={HIDDEN}", "rectified=1")
    has_one_bias, lr = True, 1e-3
    activation = staticmethod(jax.nn.relu)
    step = RNN.step

    def make_weights(self, random):
        """Not so large that what is never limited grows without end."""
        weights = super().make_weights(random)
        return weights | {"rnn.weight_hh_l0": weights["rnn.weight_hh_l0"] / 2}


class LSTM(AgainstOnnx, MaekTest):
    file, model, name, gates = "lstm", "RowLSTM", "lstm", 4
    operator, order, has_one_bias = "LSTM", (0, 3, 1, 2), True
    lr = 3e-3

    def step(self, weights, x, h, c):
        i, f, g, o = jnp.split(sum(self.products(weights, x, h)) + weights["lstm.bias_l0"],
                               4, -1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return jax.nn.sigmoid(o) * jnp.tanh(c), c

    def test_a_name_that_is_nearly_right(self):
        weights = self.weights | {"fc.bia": self.weights["fc.bias"]}
        del weights["fc.bias"]
        path = self.folder / "changed.safetensors"
        save_file(weights, path)
        self.assertEqual(
            self.predict(path, code=1).stderr,
            f"program: error: {path}: has no tensor 'fc.bias' (F32[10]), which weights in "
            "the format 'torch' have; tensor 'fc.bia' (did you mean 'fc.bias'?) is not in "
            "the model's format 'torch'\n")

    def test_the_other_precision(self):
        """In the file's own names and in the model's, of f32 in a program of f64 and back."""
        double = self.folder / "double"
        self.maek("build", SOURCE / "models/lstm.maek", "--set", f"H={HIDDEN}",
                  "--precision=f64", "-o", double)
        self.predict(self.foreign)
        image, found = self.folder / "image.npy", self.folder / "y.npy"
        single = numpy.load(self.folder / "logits-out.npy")
        narrow, wide = self.folder / "narrow.safetensors", self.folder / "wide.safetensors"
        run(self.program, "convert", "--weights", self.foreign, "--output", narrow)
        run(double, "convert", "--weights", narrow, "--output", wide)
        self.assertEqual(load_file(wide)["lstm.W_f"].dtype, numpy.float64)
        needed = reference(self.weights, self.inputs["image"])
        for program, weights, kind in ((double, self.foreign, "f8"), (double, narrow, "f8"),
                                       (double, wide, "f8"), (self.program, wide, "f4")):
            run(program, "predict", "--weights", weights, "--input", image, "--output", found)
            y = numpy.load(found)
            self.assertEqual(y.dtype, kind)
            self.assertLess(abs(y - needed).max() / abs(needed).max(), 1e-5)
        numpy.testing.assert_array_equal(y, single)

    def test_sixteen_bits(self):
        """F16 and BF16 mean the f32 that they are, in the file's names and the model's."""
        own, half_file, wide_file = (self.folder / f"{name}.safetensors"
                                     for name in ("own", "half", "wide"))
        run(self.program, "convert", "--weights", self.foreign, "--output", own)
        for tensors in (self.weights, load_file(own)):
            for kind in ("F16", "BF16"):
                if kind == "F16":
                    half = {name: value.astype("f2") for name, value in tensors.items()}
                    wide = {name: value.astype("f4") for name, value in half.items()}
                else:
                    half = {name: (value.view("u4") >> 16).astype("u2")
                            for name, value in tensors.items()}
                    wide = {name: (value.astype("u4") << 16).view("f4")
                            for name, value in half.items()}
                save_raw(half, kind, half_file)
                save_file(wide, wide_file)
                outputs = []
                for path in (half_file, wide_file):
                    self.predict(path)
                    outputs.append(numpy.load(self.folder / "logits-out.npy"))
                numpy.testing.assert_array_equal(*outputs)

    def test_unknown_format(self):
        done = run(self.program, "convert", "--weights", self.foreign, "--output",
                   self.folder / "no", "--to", "trch", code=1)
        self.assertEqual(done.stderr, "program: error: the model has no weights block "
                                      "'trch'; did you mean 'torch'?\n")
        self.assertFalse((self.folder / "no").exists())


class GRU(AgainstOnnx, MaekTest):
    file, model, name, gates = "torch_gru", "TorchGRU", "gru", 3
    operator, order, settings = "GRU", [1, 0, 2], {"linear_before_reset": 1}
    lr = 3e-3

    def step(self, weights, x, h, c):
        (r_x, z_x, n_x), (r_h, z_h, n_h) = (
            jnp.split(product + bias, 3, -1) for product, bias in
            zip(self.products(weights, x, h), self.both_biases(weights), strict=True))
        r, z = jax.nn.sigmoid(r_x + r_h), jax.nn.sigmoid(z_x + z_h)
        return (1 - z) * jnp.tanh(n_x + r * n_h) + z * h, c


if __name__ == "__main__":
    unittest.main()
