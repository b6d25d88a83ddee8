# Part of Maek, under the MIT licence; see LICENSE.
# Gradients of the models beside this script, computed by JAX: automatic
# differentiation of the same equations that nobody here wrote.
#   make_goldens.py FILE           writes FILE
#   make_goldens.py --check FILE   fails if FILE is not what would be written
import argparse
import json
import sys

try:
    import jax
    import jax.numpy as jnp
    import numpy as np
except ImportError as missing:
    print(f"skipped: {missing} (./dev setup installs it)")
    sys.exit(77)

jax.config.update("jax_enable_x64", True)
rng = np.random.default_rng(20240501)
B, T = 3, 5


def scan(step, init, xs, reverse=False):
    """xs: [T, B, I]; gives the last state and all states."""
    return jax.lax.scan(lambda h, x: 2 * (step(h, x),), init, xs, reverse=reverse)


def rnn(p):
    step = lambda h, x: jnp.tanh(h @ p["U"].T + x @ p["W"].T + p["b"])
    last, _ = scan(step, jnp.full((B, 4), 0.5), p["x"], reverse=True)
    return last


def lstm(p):
    def step(state, x):
        h, c = state
        a = jnp.concatenate([h, x], 1)
        f, i, o = (jax.nn.sigmoid(a @ p["W" + g].T + p["b" + g]) for g in "fio")
        c = f * c + i * jnp.tanh(a @ p["Wc"].T + p["bc"])
        return o * jnp.tanh(c), c

    xs = jnp.transpose(p["x"], (1, 0, 2))
    (h, _), _ = scan(step, 2 * (jnp.zeros((B, 4)),), xs)
    return h @ p["V"].T


def gru(p):
    def step(h, x):
        a = jnp.concatenate([h, x], 1)
        z = jax.nn.sigmoid(a @ p["Wz"].T + p["bz"])
        r = jax.nn.sigmoid(a @ p["Wr"].T + p["br"])
        n = jnp.tanh(jnp.concatenate([r * h, x], 1) @ p["Wn"].T + p["bn"])
        return (1 - z) * n + z * h

    _, hs = scan(step, jnp.zeros((B, 4)), jnp.transpose(p["x"], (1, 0, 2)))
    return hs


def attention(p):
    q, k, v = (jnp.einsum("btd,hkd->bhtk", p["x"], p["W" + g]) for g in "qkv")
    return jax.nn.softmax(q @ jnp.swapaxes(k, 2, 3) / 3**0.5) @ v


def floats(*shape):
    return np.round(rng.uniform(-1, 1, shape), 3)


MODELS = {
    "rnn": (rnn, {"U": (4, 4), "W": (4, 3), "b": (4,), "x": (T, B, 3)}),
    "lstm": (lstm, {**{"W" + g: (4, 7) for g in "fico"},
                    **{"b" + g: (4,) for g in "fico"}, "V": (5, 4), "x": (B, T, 3)}),
    "gru": (gru, {**{"W" + g: (4, 7) for g in "zrn"},
                  **{"b" + g: (4,) for g in "zrn"}, "x": (B, T, 3)}),
    "attention": (attention, {**{"W" + g: (2, 3, 6) for g in "qkv"}, "x": (B, T, 6)}),
}


def cross_entropy(logits, label):
    """Summed over all but the last axis, over the number of examples."""
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), label[..., None], -1)
    return -jnp.sum(chosen) / B


def encode(tensors):
    return {name: {"shape": list(x.shape), "values": np.asarray(x).ravel().tolist()}
            for name, x in tensors.items()}


def compute():
    cases = {}
    for name, (model, shapes) in MODELS.items():
        inputs = {key: floats(*shape) for key, shape in shapes.items()}
        shape = jax.eval_shape(model, inputs).shape
        label = rng.integers(0, shape[-1], shape[:-1])
        loss, gradients = jax.value_and_grad(
            lambda p: cross_entropy(model(p), label))(inputs)
        cases[name] = {"inputs": encode({**inputs, "label": label}),
                       "results": encode({"loss": loss, **gradients})}
    return cases


def is_close(found, expected):
    return (found.keys() == expected.keys() and
            all(found[key]["shape"] == expected[key]["shape"] and
                np.allclose(found[key]["values"], expected[key]["values"],
                            rtol=1e-12, atol=1e-14) for key in found))


def check(path):
    with open(path) as file:
        known = json.load(file)
    cases = compute()
    wrong = [name for name in sorted(cases.keys() | known.keys())
             if name not in known or name not in cases or not all(
                 is_close(known[name][part], cases[name][part])
                 for part in ["inputs", "results"])]
    for name in wrong:
        print(f"{path}: case {name} is not what JAX {jax.__version__} gives")
    return 1 if wrong else 0


parser = argparse.ArgumentParser()
parser.add_argument("--check", action="store_true")
parser.add_argument("file")
options = parser.parse_args()
if options.check:
    sys.exit(check(options.file))
with open(options.file, "w") as file:
    lines = [f"{json.dumps(name)}: {json.dumps(value)}"
             for name, value in compute().items()]
    file.write("{\n" + ",\n".join(lines) + "\n}\n")
