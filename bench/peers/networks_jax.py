# Part of Maek, under the MIT licence; see LICENSE.
"""The workloads in JAX, as one who knows it writes them, on PyTorch's weights:
jax.numpy and lax.scan, compiled by jax.jit."""
import jax
import numpy
from jax import lax, nn
from jax import numpy as jnp

from workloads import CHARS, VIT


def linear(p, name, x):
    return x @ p[name + ".weight"].T + p[name + ".bias"]


def layer_norm(p, name, x, eps):
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + eps) * p[name + ".weight"] + p[name + ".bias"]


def attention(q, k, v, causal):
    scores = jnp.einsum("bhqd,bhkd->bhqk", q, k) / numpy.sqrt(q.shape[-1])
    if causal:
        seen = numpy.tri(scores.shape[-1], dtype=bool)
        scores = jnp.where(seen, scores, -1e30)
    return jnp.einsum("bhqk,bhkd->bhqd", nn.softmax(scores, -1), v)


def attend(qkv, heads, causal=False):
    batch, steps, width = qkv.shape
    q, k, v = qkv.reshape(batch, steps, 3, heads, -1).transpose(2, 0, 3, 1, 4)
    y = attention(q, k, v, causal)
    return y.transpose(0, 2, 1, 3).reshape(batch, steps, width // 3)


def block(p, name, x, causal=False):
    qkv = linear(p, name + "qkv", x)
    attended = linear(p, name + "proj", attend(qkv, CHARS["heads"], causal))
    x = layer_norm(p, name + "norm1", x + attended, 1e-5)
    u = linear(p, name + "fc2", nn.relu(linear(p, name + "fc1", x)))
    return layer_norm(p, name + "norm2", x + u, 1e-5)


def lstm_cell(p, end):
    def step(carried, gates):
        h, c = carried
        i, f, g, o = jnp.split(gates + h @ p["rnn.weight_hh" + end].T, 4, -1)
        c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)
        h = nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h
    return step


def gru_cell(p, end):
    def step(h, gates):
        r, z, n = jnp.split(gates, 3, -1)
        hr, hz, hn = jnp.split(h @ p["rnn.weight_hh" + end].T + p["rnn.bias_hh" + end], 3, -1)
        r, z = nn.sigmoid(r + hr), nn.sigmoid(z + hz)
        h = (1 - z) * jnp.tanh(n + r * hn) + z * h
        return h, h
    return step


def rnn_cell(p, end):
    def step(h, gate):
        h = jnp.tanh(gate + h @ p["rnn.weight_hh" + end].T)
        return h, h
    return step


CELLS = {"LSTM": lstm_cell, "GRU": gru_cell, "RNN": rnn_cell}


def scanned(p, sizes, x, layer=0, back=False):
    end = f"_l{layer}" + ("_reverse" if back else "")
    bias = p["rnn.bias_ih" + end]
    if sizes["cell"] != "GRU":
        bias = bias + p["rnn.bias_hh" + end]
    gates = x @ p["rnn.weight_ih" + end].T + bias
    zero = jnp.zeros((x.shape[1], sizes["H"]), x.dtype)
    start = (zero, zero) if sizes["cell"] == "LSTM" else zero
    return lax.scan(CELLS[sizes["cell"]](p, end), start, gates, reverse=back)[1]


def recurrent(p, sizes, x, label=None):
    for layer in range(sizes.get("layers", 1)):
        y = scanned(p, sizes, x, layer)
        if sizes.get("both"):
            y = jnp.concatenate([y, scanned(p, sizes, x, layer, back=True)], -1)
        x = y
    return x if label is None else cross_entropy(linear(p, "head", x[-1]), label)


def cross_entropy(scores, label):
    return -jnp.take_along_axis(nn.log_softmax(scores), label[..., None], -1).mean()


def char_lm(p, sizes, text, following=None):
    c = CHARS
    angle = (numpy.arange(c["T"])[:, None] / 10000 ** (numpy.arange(0, c["d"], 2) / c["d"]))
    encoding = numpy.stack([numpy.sin(angle), numpy.cos(angle)], -1).reshape(c["T"], c["d"])
    y = p["embed.weight"][text] + encoding.astype("f4")
    for i in range(c["depth"]):
        y = block(p, f"blocks.{i}.", y, causal=True)
    y = linear(p, "head", y)
    return y if following is None else cross_entropy(y, following)


def normalize_imagenet(image):
    mean, deviation = numpy.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], "f4")
    return (image - mean.reshape(3, 1, 1)) / deviation.reshape(3, 1, 1)


def vit_tokens(p, distilled, x):
    """What the first tokens have become, of an image's pixels."""
    d = VIT["d"]
    x = x.reshape(-1, 3, 14, 16, 14, 16)
    x = x.transpose(0, 2, 4, 1, 3, 5).reshape(-1, 196, 768)
    x = x @ p["patch_embed.proj.weight"].reshape(d, 768).T + p["patch_embed.proj.bias"]
    tokens = [p["cls_token"]] + ([p["dist_token"]] if distilled else [])
    tokens = [jnp.broadcast_to(token, (x.shape[0], 1, d)) for token in tokens]
    x = jnp.concatenate([*tokens, x], 1) + p["pos_embed"]
    for i in range(VIT["depth"]):
        name = f"blocks.{i}."
        qkv = linear(p, name + "attn.qkv", layer_norm(p, name + "norm1", x, 1e-6))
        x = x + linear(p, name + "attn.proj", attend(qkv, VIT["heads"]))
        u = linear(p, name + "mlp.fc1", layer_norm(p, name + "norm2", x, 1e-6))
        x = x + linear(p, name + "mlp.fc2", nn.gelu(u, approximate=False))
    x = layer_norm(p, "norm", x, 1e-6)
    return x[:, 0], x[:, 1]


def vit(p, sizes, image):
    distilled = sizes["tokens"] == 2
    pixels = normalize_imagenet(image) if distilled else (image - 0.5) / 0.5
    first, second = vit_tokens(p, distilled, pixels)
    y = linear(p, "head", first)
    return (y + linear(p, "head_dist", second)) / 2 if distilled else y


def batch_norm(p, name, x):
    factor = p[name + ".weight"] * lax.rsqrt(p[name + ".running_var"] + 1e-5)
    return (x - p[name + ".running_mean"]) * factor + p[name + ".bias"]


def convolution(p, name, x, stride=1, padding="VALID"):
    kernel = p[name + ".weight"].transpose(2, 3, 1, 0)
    return lax.conv_general_dilated(x, kernel, (stride, stride), padding,
                                    dimension_numbers=("NHWC", "HWIO", "NHWC"))


def max_pool(x, size, stride, padding="VALID"):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, size, size, 1), (1, stride, stride, 1),
                             padding)


def residual(p, name, x, stride):
    one = [(1, 1), (1, 1)]
    y = nn.relu(batch_norm(p, name + "bn1", convolution(p, name + "conv1", x, stride, one)))
    y = batch_norm(p, name + "bn2", convolution(p, name + "conv2", y, 1, one))
    if stride > 1:
        x = batch_norm(p, name + "downsample.1",
                       convolution(p, name + "downsample.0", x, stride))
    return nn.relu(y + x)


def resnet(p, pixels):
    x = convolution(p, "conv1", pixels.transpose(0, 2, 3, 1), 2, [(3, 3), (3, 3)])
    x = max_pool(nn.relu(batch_norm(p, "bn1", x)), 3, 2, [(0, 0), (1, 1), (1, 1), (0, 0)])
    for layer in range(1, 5):
        x = residual(p, f"layer{layer}.0.", x, 1 if layer == 1 else 2)
        x = residual(p, f"layer{layer}.1.", x, 1)
    return linear(p, "fc", x.mean((1, 2)))


def part(p, name):
    return {key.removeprefix(name): value for key, value in p.items() if key.startswith(name)}


def distillation(p, sizes, image, label):
    pixels = normalize_imagenet(image)
    choice = resnet(part(p, "teacher."), pixels).argmax(-1)
    student = part(p, "student.")
    first, second = vit_tokens(student, True, pixels)
    return (cross_entropy(linear(student, "head", first), label)
            + cross_entropy(linear(student, "head_dist", second), choice)) / 2


def cnn(p, sizes, image, label=None):
    x = image.transpose(0, 2, 3, 1)
    for name in ("conv1", "conv2"):
        x = nn.relu(convolution(p, name, x) + p[name + ".bias"])
    x = max_pool(x, 2, 2)
    x = x.transpose(0, 3, 1, 2).reshape(image.shape[0], -1)
    y = linear(p, "head", nn.relu(linear(p, "dense", x)))
    return y if label is None else cross_entropy(y, label)


# kind: f(weights, sizes, *inputs)
NETWORKS = {
    "product": lambda p, sizes, a, b: a @ b,
    "skinny": lambda p, sizes, x: x @ p["linear.weight"].T,
    "recurrent": recurrent,
    "attention": lambda p, sizes, q, k, v: attention(q, k, v, sizes["causal"]),
    "attention_backward": lambda p, sizes, q, k, v, g: jax.vjp(
        lambda *parts: attention(*parts, sizes["causal"]), q, k, v)[1](g),
    "encoder_layer": lambda p, sizes, x: block(p, "block.", x),
    "char_lm": char_lm,
    "vit": vit,
    "distillation": distillation,
    "cnn": cnn,
}
FROZEN = "teacher."  # how names of weights begin that do not learn


def ready(workload, weights, inputs):
    """(call, result)"""
    network = NETWORKS[workload.kind.removesuffix("_training")]
    weights = {name: jnp.array(value) for name, value in weights.items()}
    inputs = [jnp.array(value) for value in inputs]
    kept = {}
    if not workload.trains:
        run = jax.jit(lambda p, *x: network(p, workload.sizes, *x))

        def call():
            kept["value"] = jax.block_until_ready(run(weights, *inputs))
    else:
        fixed = {name: weights.pop(name) for name in list(weights) if name.startswith(FROZEN)}

        def step(fixed, *state):
            return adam(lambda p, *x: network({**p, **fixed}, workload.sizes, *x), *state)
        run = jax.jit(step, donate_argnums=(1, 2, 3, 4))
        zeros = {name: jnp.zeros_like(value) for name, value in weights.items()}
        kept["state"] = [weights, zeros, {**jax.tree.map(jnp.copy, zeros)}, jnp.float32(0)]

        def call():
            *kept["state"], loss = run(fixed, *kept["state"], *inputs)
            kept["value"] = loss.block_until_ready()

    def result():
        value = kept["value"]
        return [numpy.asarray(one) for one in (value if isinstance(value, tuple) else [value])]
    return call, result


def adam(network, p, m, v, t, *inputs):
    loss, gradient = jax.value_and_grad(network)(p, *inputs)
    t = t + 1
    m = jax.tree.map(lambda a, g: 0.9 * a + 0.1 * g, m, gradient)
    v = jax.tree.map(lambda a, g: 0.999 * a + 0.001 * g * g, v, gradient)
    p = jax.tree.map(
        lambda w, a, b: w - 1e-3 * (a / (1 - 0.9**t)) / (jnp.sqrt(b / (1 - 0.999**t)) + 1e-8),
        p, m, v)
    return p, m, v, t, loss
