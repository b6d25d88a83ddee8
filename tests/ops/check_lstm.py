# Part of Maek, under the MIT licence; see LICENSE.
# The LSTM of models/lstm.maek against implementations that nobody here wrote:
# its outputs against ONNX's reference LSTM, and its training step (loss,
# gradients, clipped, through Adam and the schedule) against JAX's, in f64.
# The IR is interpreted as the front end gives it and after passes.
#   check_lstm.py MAEK MAEK_INTERPRET MODEL.maek
import sys

from recurrent import Model, jax, jnp, np

try:
    import onnx.parser
    from onnx.reference import ReferenceEvaluator
except ImportError as missing:
    print(f"skipped: {missing} (./dev setup installs it)")
    sys.exit(77)

H, I, T, B = 5, 28, 28, 3


def get_onnx_logits(p, image):
    """ONNX stores gates in the order i, o, f, c and h after x."""
    def stack(kind):
        return np.concatenate([p[f"lstm.{kind}_{gate}"] for gate in "iofc"])
    W, bias = stack("W"), stack("b")
    text = f"""<ir_version: 10, opset_import: ["" : 18]>
      lstm (double[{T},{B},{I}] x, double[1,{4 * H},{I}] w, double[1,{4 * H},{H}] r,
            double[1,{8 * H}] b, double[10,{H}] v, double[10] c) => (double z) {{
        y, h, C = LSTM<hidden_size={H}>(x, w, r, b)
        a = Constant<value_ints=[0]>()
        last = Squeeze(h, a)
        z = Gemm<transB=1>(last, v, c)
      }}"""
    evaluator = ReferenceEvaluator(onnx.parser.parse_model(text))
    return evaluator.run(None, {
        "x": image.transpose(1, 0, 2), "w": W[None, :, H:], "r": W[None, :, :H],
        "b": np.concatenate([bias, 0 * bias])[None], "v": p["linear.W"],
        "c": p["linear.b"]})[0]


def get_logits(p, image):
    h = C = jnp.zeros((image.shape[0], H))
    for t in range(T):
        joined = jnp.concatenate([h, image[:, t]], 1)
        gate = {g: joined @ p[f"lstm.W_{g}"].T + p[f"lstm.b_{g}"] for g in "fico"}
        C = jax.nn.sigmoid(gate["f"]) * C + jax.nn.sigmoid(gate["i"]) * jnp.tanh(gate["c"])
        h = jax.nn.sigmoid(gate["o"]) * jnp.tanh(C)
    return h @ p["linear.W"].T + p["linear.b"]


model = Model(*sys.argv[1:4], [f"H={H}"], B)
model.check(get_onnx_logits(model.parameters, model.arguments["image"]),
            model.get_training_step(get_logits), "ONNX")
