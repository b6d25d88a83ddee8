# Part of Maek, under the MIT licence; see LICENSE.
"""PyTorch's stacked recurrent networks in both directions: torch.nn.RNN, LSTM and
GRU with num_layers=3, bidirectional=True, their equations from its documentation."""
import unittest

import jax
import jax.numpy as jnp

from checkpoints import CheckpointTest, linear
from support import MaekTest

HIDDEN, DEPTH, INPUT, CLASSES = 6, 3, 28, 10


def elman(gates_x, gates_h, h, c):
    return jnp.tanh(gates_x + gates_h), c


def lstm(gates_x, gates_h, h, c):
    i, f, g, o = jnp.split(gates_x + gates_h, 4, -1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def gru(gates_x, gates_h, h, c):
    (r_x, z_x, n_x), (r_h, z_h, n_h) = (jnp.split(gates, 3, -1) for gates in (gates_x, gates_h))
    r, z = jax.nn.sigmoid(r_x + r_h), jax.nn.sigmoid(z_x + z_h)
    return (1 - z) * jnp.tanh(n_x + r * n_h) + z * h, c


class Stacked(CheckpointTest):
    file, format = "stacked", "torch"
    sets = (f"H={HIDDEN}", f"depth={DEPTH}")
    classes = CLASSES
    step = prefix = gates = None

    def make_weights(self, random):
        shapes = {"fc.weight": (CLASSES, 2 * HIDDEN), "fc.bias": (CLASSES,)}
        for layer in range(DEPTH):
            for end in ("", "_reverse"):
                width = INPUT if layer == 0 else 2 * HIDDEN
                for kind, columns in (("ih", width), ("hh", HIDDEN)):
                    rows = self.gates * HIDDEN
                    shapes[f"{self.prefix}.weight_{kind}_l{layer}{end}"] = (rows, columns)
                    shapes[f"{self.prefix}.bias_{kind}_l{layer}{end}"] = (rows,)
        return {name: random.uniform(-0.6, 0.6, shape).astype("f4")
                for name, shape in shapes.items()}

    def make_inputs(self, random, count):
        return {"image": random.uniform(0, 1, (count, 28, INPUT)).astype("f4")}

    def outputs(self, weights, inputs):
        x = inputs["image"].swapaxes(0, 1)
        for layer in range(DEPTH):
            both = []
            for end in ("", "_reverse"):
                def part(kind, end=end, layer=layer):
                    return weights[f"{self.prefix}.{kind}_l{layer}{end}"]

                def step(state, gates_x, part=part):
                    gates_h = state[0] @ part("weight_hh").T + part("bias_hh")
                    state = type(self).step(gates_x, gates_h, *state)
                    return state, state[0]

                start = jnp.zeros((x.shape[1], HIDDEN))
                _, h = jax.lax.scan(step, (start, start),
                                    x @ part("weight_ih").T + part("bias_ih"),
                                    reverse=bool(end))
                both.append(h)
            x = jnp.concatenate(both, -1)
        return {"logits": linear(weights, "fc", jnp.concatenate(
            [x[-1, :, :HIDDEN], x[0, :, HIDDEN:]], -1))}


class RNN(Stacked, MaekTest):
    model, prefix, gates, step = "StackedRNN", "rnn", 1, staticmethod(elman)


class LSTM(Stacked, MaekTest):
    model, prefix, gates, step = "StackedLSTM", "lstm", 4, staticmethod(lstm)


class GRU(Stacked, MaekTest):
    model, prefix, gates, step = "StackedGRU", "gru", 3, staticmethod(gru)


if __name__ == "__main__":
    unittest.main()
