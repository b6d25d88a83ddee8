# Part of Maek, under the MIT licence; see LICENSE.
"""Recurrent models against JAX: their IR, interpreted as the front end gives it
and after passes. Beside this file, check_lstm.py and check_cells.py use it."""
import math
import pathlib
import sys

from interpreted import evaluate, jax, jnp, np, run

STAGES = [None, "maek-hoist-input-projection", "maek-differentiate",
          "maek-sink-weight-gradients", "maek-collapse-kernel-axes"]


class Model:
    """A model file at f64 with the sizes `settings`, a batch of `batch`."""

    def __init__(self, maek, interpret, path, settings, batch, warmup=200):
        self.maek, self.interpret, self.path = maek, interpret, path
        self.settings, self.batch, self.warmup = settings, batch, warmup
        self.front = self.compile()
        self.arguments = self.evaluate(self.front, "train_step", "--arguments")
        self.parameters = {name[len("adam.m."):]: self.arguments[name[len("adam.m."):]]
                           for name in self.arguments if name.startswith("adam.m.")}

    def compile(self, stage=None):
        after = [] if stage is None else ["--after", stage]
        sets = [word for setting in self.settings for word in ("--set", setting)]
        return run(self.maek, "ir", self.path, *sets, "--precision", "f64", *after)

    def evaluate(self, ir, entry, *flags):
        """Results of an entry, or its arguments with --arguments, by name."""
        return evaluate(self.interpret, ir, entry, self.batch, *flags)

    def get_training_step(self, get_logits):
        """What train_step must give, by name: cross entropy, clipped to a norm of
        1, Adam, half a cosine. `get_logits(parameters, image)`."""
        arguments, p = self.arguments, self.parameters
        label = arguments["label"].astype(int)

        def get_loss(p):
            logits = get_logits(p, arguments["image"])
            scores = jax.nn.log_softmax(logits)
            return -jnp.mean(scores[jnp.arange(len(label)), label]), logits

        (loss, logits), gradients = jax.value_and_grad(get_loss, has_aux=True)(p)
        norm = math.sqrt(sum(float(jnp.sum(g * g)) for g in gradients.values()))
        step, steps = arguments["step"], arguments["steps"]
        done = np.clip((step - 1 - self.warmup) / max(steps - self.warmup, 1), 0, 1)
        rate = (arguments["lr"] * min(1, step / self.warmup)
                * (1 + math.cos(math.pi * done)) / 2)
        expected = {"loss": loss, "grad_norm": norm,
                    "accuracy": np.mean(np.argmax(logits, 1) == label)}
        for name in p:
            g = gradients[name] * min(1.0, 1.0 / norm)
            m = 0.9 * arguments[f"adam.m.{name}"] + 0.1 * g
            v = 0.999 * arguments[f"adam.v.{name}"] + 0.001 * g * g
            change = (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
            expected |= {f"new {name}": p[name] - rate * change,
                         f"new adam.m.{name}": m, f"new adam.v.{name}": v}
            # The gradient itself, from the first moment.
            expected[f"gradient of {name}"] = g
        return expected

    def check(self, logits, expected, source):
        """Compares what each stage gives with the logits and the training step."""
        for stage in STAGES:
            ir = self.front if stage is None else self.compile(stage)
            name = f"{pathlib.Path(self.path).name}, {stage or 'front end'}"
            compare(f"{name}, forward", self.evaluate(ir, "forward"),
                    {"logits": logits}, 1e-12)
            if "maek.gradient" in ir:
                print(f"{name}: forward is {source}'s")
                continue
            actual = self.evaluate(ir, "train_step")
            for parameter in self.parameters:
                moment = self.arguments[f"adam.m.{parameter}"]
                actual[f"gradient of {parameter}"] = (
                    actual[f"new adam.m.{parameter}"] - 0.9 * moment) / 0.1
            compare(f"{name}, train_step", actual, expected, 1e-10)
            print(f"{name}: forward is {source}'s, the training step JAX's")


def compare(stage, actual, expected, tolerance):
    for name, value in expected.items():
        value = np.asarray(value, np.float64)
        error = np.max(np.abs(actual[name] - value)) / (np.max(np.abs(value)) or 1)
        if not error <= tolerance:
            sys.exit(f"{stage}: {name} differs by {error:.3g}, more than {tolerance}")
