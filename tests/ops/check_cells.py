# Part of Maek, under the MIT licence; see LICENSE.
# The cells of models/rnn.maek, gru.maek and torch_gru.maek, outputs and training
# step, against JAX in f64; PyTorch's GRU as its documentation states it, and the
# others against ONNX's reference operators as well.
#   check_cells.py MAEK MAEK_INTERPRET MODELS_FOLDER
import functools
import pathlib
import sys

from recurrent import Model, compare, jax, jnp, np

try:
    import onnx.parser
    from onnx.reference import ReferenceEvaluator
except ImportError as missing:
    print(f"skipped: {missing} (./dev setup installs it)")
    sys.exit(77)

H, I, T, B = 5, 28, 28, 3
sigmoid = jax.nn.sigmoid


def scan(step, p, image):
    """The logits of the last state."""
    h = jnp.zeros((image.shape[0], H))
    for t in range(T):
        h = step(p, h, image[:, t])
    return h @ p["linear.W"].T + p["linear.b"]


def rnn(activation, p, h, x):
    return activation(x @ p["rnn.W_x"].T + h @ p["rnn.W_h"].T + p["rnn.b"])


def gru(p, h, x):
    joined = jnp.concatenate([h, x], 1)
    z = sigmoid(joined @ p["gru.W_z"].T + p["gru.b_z"])
    r = sigmoid(joined @ p["gru.W_r"].T + p["gru.b_r"])
    n = jnp.tanh(jnp.concatenate([r * h, x], 1) @ p["gru.W_h"].T + p["gru.b_h"])
    return (1 - z) * h + z * n


def torch_gru(p, h, x):
    """torch.nn.GRU: the reset gate multiplies W_hn h + b_hn."""
    gi = {g: x @ p[f"gru.W_{g}"].T + p[f"gru.b_{g}"] for g in "rzn"}
    gh = {g: h @ p[f"gru.U_{g}"].T + p[f"gru.c_{g}"] for g in "rzn"}
    r, z = sigmoid(gi["r"] + gh["r"]), sigmoid(gi["z"] + gh["z"])
    n = jnp.tanh(gi["n"] + r * gh["n"])
    return (1 - z) * n + z * h


def run_onnx(operator, gates, w, r, b, image):
    """The last state of an ONNX operator, whose weights are `gates` packed."""
    text = f"""<ir_version: 10, opset_import: ["" : 18]>
      cell (double[{T},{B},{I}] x, double[1,{gates * H},{I}] w,
            double[1,{gates * H},{H}] r, double[1,{2 * gates * H}] b) => (double h) {{
        y, last = {operator}(x, w, r, b)
        a = Constant<value_ints=[0]>()
        h = Squeeze(last, a)
      }}"""
    evaluator = ReferenceEvaluator(onnx.parser.parse_model(text))
    return evaluator.run(None, {"x": image.transpose(1, 0, 2), "w": w[None],
                                "r": r[None], "b": b[None]})[0]


def get_onnx_rnn(p, image):
    return run_onnx(f"RNN<hidden_size={H}>", 1, p["rnn.W_x"], p["rnn.W_h"],
                    np.concatenate([p["rnn.b"], 0 * p["rnn.b"]]), image)


def get_onnx_gru(p, image):
    """ONNX's gates are z, r, h, and its z keeps the old state: the other way
    round, which a sign turns."""
    sign = {"z": -1, "r": 1, "h": 1}
    W = np.concatenate([sign[g] * p[f"gru.W_{g}"] for g in "zrh"])
    b = np.concatenate([sign[g] * p[f"gru.b_{g}"] for g in "zrh"])
    return run_onnx(f"GRU<hidden_size={H}>", 3, W[:, H:], W[:, :H],
                    np.concatenate([b, 0 * b]), image)


def get_onnx_torch_gru(p, image):
    def stack(kind):
        return np.concatenate([p[f"gru.{kind}_{gate}"] for gate in "zrn"])
    return run_onnx(f"GRU<hidden_size={H}, linear_before_reset=1>", 3, stack("W"),
                    stack("U"), np.concatenate([stack("b"), stack("c")]), image)


maek, interpret, folder = sys.argv[1:4]
for file, settings, step, get_onnx in [
        ("rnn", [], functools.partial(rnn, jnp.tanh), get_onnx_rnn),
        ("rnn", ["rectified=1"], functools.partial(rnn, jax.nn.relu), None),
        ("gru", [], gru, get_onnx_gru),
        ("torch_gru", [], torch_gru, get_onnx_torch_gru)]:
    model = Model(maek, interpret, pathlib.Path(folder) / f"{file}.maek",
                  [f"H={H}", *settings], B)
    p, image = model.parameters, model.arguments["image"]
    get_logits = functools.partial(scan, step)
    logits = np.asarray(get_logits(p, image))
    if get_onnx:
        state = get_onnx(p, image)
        compare(f"{file}: JAX against ONNX", {"logits": logits},
                {"logits": state @ p["linear.W"].T + p["linear.b"]}, 1e-12)
    model.check(logits, model.get_training_step(get_logits), "JAX")
