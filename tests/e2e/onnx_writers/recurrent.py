# Part of Maek, under the MIT licence; see LICENSE.
"""Cells, with the gates and layouts of ONNX."""
import numpy

from .node import Skip, permuted, reshaped

# Gers, Schmidhuber 2000: gates that see the cell's state, which it gives, too.
PRELUDE = """
cell PeepholeLSTM(I, H) {
  param W_f, W_i, W_c, W_o : [H, H + I] ~ normal(0, 1)
  param b_f, b_i, b_c, b_o : [H] = 0
  param p_f, p_i, p_o : [H] = 0
  state h, C : [H] = 0

  step (x : [I]) -> y {
    f = σ(W_f · [h, x] + b_f + p_f * C)
    i = σ(W_i · [h, x] + b_i + p_i * C)
    c = tanh(W_c · [h, x] + b_c)
    C = f * C + i * c
    o = σ(W_o · [h, x] + b_o + p_o * C)
    h = o * tanh(C)
    y = [h, C]
  }
}
"""

# Cells of few sizes are compiled in less time. What is 0 in the larger ones stays
# 0: a unit without weights, h and C of it.
INPUTS, UNITS = 4, 8

# The order of a node's gates; the sign of GRU's z, which in ONNX keeps the old
# state and in the standard library takes the new one.
GATES = {"RNN": [""], "LSTM": ["_i", "_o", "_f", "_c"], "GRU": ["_z", "_r", "_h"]}
SIGN = {("GRU", "_z"): -1}


def larger(array, *shape):
    return numpy.pad(array, [(0, n - m) for n, m in zip(shape, array.shape, strict=True)])


def weights(node, direction):
    """By name: what the gates make of [h, x], and their biases."""
    gates = GATES[node.op]
    W, R = (numpy.split(node.values[i][direction], len(gates)) for i in (1, 2))
    H = node.get("hidden_size")
    B = node.values[3][direction] if node.has(3) else numpy.zeros(2 * len(gates) * H)
    b = numpy.split(B[:len(gates) * H] + B[len(gates) * H:], len(gates))
    found = {}
    for i, gate in enumerate(gates):
        sign = SIGN.get((node.op, gate), 1)
        found["W" + gate] = sign * numpy.concatenate(
            [larger(R[i], UNITS, UNITS), larger(W[i], UNITS, INPUTS)], 1)
        found["b" + gate] = sign * larger(b[i], UNITS)
    return found


def peepholes(node, direction):
    H = node.get("hidden_size")
    P = node.values[7][direction] if node.has(7) else numpy.zeros(3 * H)
    return {name: larger(p, UNITS) for name, p in zip(
        ("p_i", "p_o", "p_f"), numpy.split(P, 3), strict=True)}


def recurrent(node):
    """A cell scans [B, T, I]; ONNX has [T, B, I], or that with layout = 1."""
    check_rest(node)
    x = node(0) if node.get("layout") else permuted(node(0), [1, 0, 2])
    x = f"pad({x}, 0, {INPUTS - node.shape()[2]})"
    H, direction = node.get("hidden_size"), node.get("direction", b"forward")
    backwards = {b"forward": [False], b"reverse": [True], b"bidirectional": [False, True]}
    results = {name: [] for name in ("Y", "Y_h", "Y_c")}
    for d, back in enumerate(backwards[direction]):
        ordered = f"reverse({x}, axis = 1)" if back else x
        ready = weights(node, d)
        h = None
        if "Y_c" in node.names or node.has(7):
            cell = node.layer(f"PeepholeLSTM({INPUTS}, {UNITS})", **ready, **peepholes(node, d))
            h, c = (f"{cell}({ordered})[:, :, {begin}:{begin + H}]" for begin in (0, UNITS))
            results["Y_c"].append(f"({c})[:, -1]")
        if not node.has(7):
            cell = node.layer(f"{node.op}({INPUTS}, {UNITS})", **ready)
            h = f"{cell}({ordered})[:, :, 0:{H}]"
        results["Y_h"].append(f"({h})[:, -1]")
        results["Y"].append(f"reverse({h}, axis = 1)" if back else h)
    return [arranged(node, name, results[name]) for name in node.names]


def check_rest(node):
    """Lengths that are all of the sequence, states that begin as 0."""
    times = node.shape()[1 if node.get("layout") else 0]
    if node.has(4) and not (node.values[4] == times).all():
        raise Skip("other lengths")
    if any(node.has(i) and node.values[i].any() for i in (5, 6)):
        raise Skip("states that begin otherwise")


def arranged(node, name, texts):
    """The directions as an axis of their own: Y is [T, directions, B, H], or with
    layout = 1 [B, T, directions, H]; the others lack T."""
    joined = texts[0] if len(texts) == 1 else f"concat({', '.join(texts)}, axis = -1)"
    output = node.outputs[node.names.index(name)].shape
    if node.get("layout"):
        return reshaped(joined, output)
    order = [1, 2, 0, 3] if name == "Y" else [1, 0, 2]
    return permuted(reshaped(joined, [output[order.index(i)] for i in range(len(order))]), order)


WRITERS = dict.fromkeys(GATES, recurrent)
