# Part of Maek, under the MIT licence; see LICENSE.
"""What the tests of other programs' checkpoints share. The independent side is a
network in JAX on tensors with that program's names: its outputs, its losses
over ten steps of training, and what a changed file is refused with."""
import json
import re
import shutil

import jax
import jax.numpy as jnp
import numpy
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from support import SOURCE, run

jax.config.update("jax_enable_x64", True)
STEPS = 10


def cross_entropy(logits, labels):
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1).mean()


def linear(weights, name, x):
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def layer_norm(weights, name, x, eps):
    c = x - x.mean(-1, keepdims=True)
    return (weights[f"{name}.weight"] * c / jnp.sqrt((c * c).mean(-1, keepdims=True) + eps)
            + weights[f"{name}.bias"])


def gelu(x):
    return jax.nn.gelu(x, approximate=False)


def attention(q, k, v, heads, mask=None):
    """[B, N, d] each; of [B, N], the mask says which keys are seen."""
    def split(x):
        return x.reshape(*x.shape[:2], heads, -1).transpose(0, 2, 1, 3)

    q, k, v = split(q), split(k), split(v)
    scores = q @ k.swapaxes(-1, -2) / jnp.sqrt(q.shape[-1])
    if mask is not None:
        scores = jnp.where(mask[:, None, None, :], scores, -jnp.inf)
    y = jax.nn.softmax(scores) @ v
    return y.transpose(0, 2, 1, 3).reshape(y.shape[0], y.shape[2], -1)


class CheckpointTest:
    """One model of models/ and the format of one of its weights blocks. A subclass,
    a MaekTest too, says which, and how the other program makes weights and computes
    with them."""
    file = model = format = None
    sets = ()  # the model's hyperparameters
    lr = 0.1  # of the ten steps
    # What the train block becomes: other optimizers' tests are elsewhere.
    optimizer = "optimizer sgd(lr = {lr})"
    examples = 6
    not_written = ()  # the file's tensors that the model has no use for

    def make_weights(self, random):
        """Name: array."""
        raise NotImplementedError

    def make_inputs(self, random, count):
        """Name: array of so many examples."""
        raise NotImplementedError

    def outputs(self, weights, inputs):
        """Name: array; what predict gives."""
        raise NotImplementedError

    def parameters(self, weights):
        """What the network itself has, of a file's tensors."""
        return weights

    def written(self, weights):
        """What a file has that is made of what was read from one."""
        return weights

    def loss(self, weights, inputs, label):
        """The loss of a batch, and what training replaces beside what it learns."""
        return cross_entropy(self.outputs(weights, inputs)["logits"], label), {}

    def update(self, step, learned, gradients):
        """The values after this step, of ten from 1."""
        return {name: value - self.lr * gradients[name] for name, value in learned.items()}

    # The tests themselves.

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for path in (SOURCE / "models").glob("*.maek"):
            shutil.copy(path, cls.folder)
        path = cls.folder / f"{cls.file}.maek"
        text, count = re.subn(
            rf"^train {cls.model} \{{.*?^\}}$",
            f"train {cls.model} {{\n  data npy\n  {cls.optimizer.format(lr=cls.lr)}\n}}",
            path.read_text(), flags=re.DOTALL | re.MULTILINE)
        assert count == 1
        path.write_text(text)
        cls.program = cls.folder / "program"
        sets = [word for one in cls.sets for word in ("--set", one)]
        cls.maek("build", path, "--model", cls.model, *sets, "-o", cls.program)

    def setUp(self):
        self.random = numpy.random.default_rng(17)
        self.weights = self.make_weights(self.random)
        self.inputs = self.make_inputs(self.random, self.examples)
        self.foreign = self.folder / "foreign.safetensors"
        save_file(self.weights, self.foreign)

    def predict(self, weights, outputs=("logits",), code=0):
        words = [word for name in outputs
                 for word in ("--output", f"{name}={self.folder / name}-out.npy")]
        for name, value in self.inputs.items():
            numpy.save(self.folder / f"{name}.npy", value)
            words += ["--input", f"{name}={self.folder / name}.npy"]
        return run(self.program, "predict", "--weights", weights, *words, code=code)

    def wide(self, tensors):
        return {name: jnp.asarray(value, "f8") if value.dtype == numpy.float32
                else jnp.asarray(value) for name, value in tensors.items()}

    def test_outputs(self):
        expected = self.outputs(self.parameters(self.wide(self.weights)),
                                self.wide(self.inputs))
        self.predict(self.foreign, expected)
        for name, needed in expected.items():
            found = numpy.load(self.folder / f"{name}-out.npy")
            self.assertEqual(found.shape, needed.shape)
            self.assertGreater(abs(needed).max(), 0.1)
            self.assertLess(abs(found - needed).max() / abs(needed).max(), 1e-4, name)

    def test_ten_steps_of_training(self):
        """All the examples are one batch, so an epoch is a step."""
        label = self.random.integers(0, self.classes, self.examples).astype("i4")
        for name, value in (self.inputs | {"label": label}).items():
            for split in ("train", "test"):
                numpy.save(self.folder / f"{split}-{name}.npy", value)
        log, saved = self.folder / "log.jsonl", self.folder / "trained.safetensors"
        run(self.program, "train", "--weights", self.foreign, "--data-dir", self.folder,
            "--data", "npy", "--batch", self.examples, "--epochs", STEPS,
            "--evaluate-every", STEPS, "--log-jsonl", log, "--save", saved)
        rows = [json.loads(line) for line in log.read_text().splitlines()]
        found = [row["loss"] for row in rows if row["split"] == "train"]
        needed, after = self.descend(label)
        self.assertLess(needed[-1], 0.95 * needed[0])
        numpy.testing.assert_allclose(found, needed, rtol=1e-3)
        # What training follows is written, too.
        back = self.folder / "back.safetensors"
        run(self.program, "convert", "--weights", saved, "--output", back, "--to", self.format)
        written = load_file(back)
        for name, value in after.items():
            numpy.testing.assert_allclose(written[name], value, rtol=1e-3, atol=1e-5,
                                          err_msg=name)

    def descend(self, label):
        """The loss before each of ten steps of training, and the last values of what
        they replace."""
        inputs, label = self.wide(self.inputs), jnp.asarray(label)
        weights = self.parameters(self.wide(self.weights))
        learned = {name: value for name, value in weights.items()
                   if jnp.issubdtype(value.dtype, jnp.floating)}
        step = jax.jit(jax.value_and_grad(
            lambda learned: self.loss(weights | learned, inputs, label), has_aux=True))
        losses, replaced = [], {}
        for i in range(STEPS):
            (value, replaced), gradients = step(learned)
            losses.append(float(value))
            learned = self.update(i + 1, learned, gradients) | replaced
        return losses, replaced

    def test_there_and_back(self):
        own, back = self.folder / "own.safetensors", self.folder / "back.safetensors"
        run(self.program, "convert", "--weights", self.foreign, "--output", own)
        self.assertTrue(set(load_file(own)).isdisjoint(self.weights))
        run(self.program, "convert", "--weights", own, "--output", back, "--to", self.format)
        for path, kind in ((own, None), (back, "pt")):  # transformers asks for it.
            with safe_open(path, "numpy") as file:
                self.assertEqual(file.metadata().get("format"), kind)
        found, needed = load_file(back), self.written(self.weights)
        self.assertEqual(set(found) | set(self.not_written), set(needed))
        for name in found:
            numpy.testing.assert_array_equal(found[name], needed[name], name)

    def test_missing_extra_and_misshaped_are_named(self):
        changed = self.folder / "changed.safetensors"

        def expect(tensors, message):
            save_file(tensors, changed)
            done = self.predict(changed, code=1)
            self.assertEqual(done.stderr, f"program: error: {changed}: {message}\n")

        def kind(value):
            return f"F32[{', '.join(map(str, value.shape))}]"

        def without(left_out):
            return {name: value for name, value in self.weights.items() if name != left_out}

        def longer(name):
            shape = self.weights[name].shape
            return numpy.zeros((shape[0] + 1, *shape[1:]), "f4")

        def missing(name):
            return f"'{name}' ({kind(self.weights[name])})"

        def misshaped(name):
            return f"'{name}' ({kind(longer(name))}, needed {kind(self.weights[name])})"

        wanted = f"weights in the format '{self.format}' have"
        place = f"not in the model's format '{self.format}'"
        names = [name for name in self.weights if name not in self.not_written]
        for name in names:
            expect(without(name), f"has no tensor {missing(name)}, which {wanted}")
            expect(self.weights | {name: longer(name)},
                   f"tensor {misshaped(name)} does not fit")
        extra = {name: numpy.zeros(1, "f4") for name in ("unheard/of", "1/more")}
        expect(self.weights | {"unheard/of": extra["unheard/of"]},
               f"tensor 'unheard/of' is {place}")
        # All of it in one error.
        first, last = names[0], names[-1]
        expect(without(first) | {last: longer(last)} | extra,
               f"has no tensor {missing(first)}, which {wanted}; tensor {misshaped(last)} "
               f"does not fit; tensors '1/more' and 'unheard/of' are {place}")
