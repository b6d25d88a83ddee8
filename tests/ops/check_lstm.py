# Part of Maek, under the MIT licence; see LICENSE.
# The LSTM of models/lstm.maek against implementations that nobody here wrote:
# its outputs against ONNX's reference LSTM, and its training step (loss,
# gradients, clipped, through Adam and the schedule) against JAX's, in f64.
# The IR is interpreted as the front end gives it and after passes.
#   check_lstm.py MAEK MAEK_INTERPRET MODEL.maek
import math
import pathlib
import subprocess
import sys
import tempfile

try:
    import jax
    import numpy as np
    import onnx.parser
    from onnx.reference import ReferenceEvaluator
except ImportError as missing:
    print(f"skipped: {missing} (./dev setup installs it)")
    sys.exit(77)

jax.config.update("jax_enable_x64", True)
jnp = jax.numpy

H, I, T, B = 5, 28, 28, 3
STAGES = [None, "maek-hoist-input-projection", "maek-differentiate",
          "maek-sink-weight-gradients", "maek-collapse-kernel-axes"]
maek, interpret, model = sys.argv[1:4]


def run(*command, **options):
    result = subprocess.run(command, capture_output=True, text=True, **options)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stderr}")
    return result.stdout


def read_tensors(folder):
    return {path.name[:-len(".npy")]: np.load(path)
            for path in pathlib.Path(folder).glob("*.npy")}


def evaluate(ir, entry, *flags):
    """Results of an entry, or its arguments with --arguments, by name."""
    with tempfile.TemporaryDirectory() as folder:
        run(interpret, "-", "--entry", entry, "--dim", f"B={B}", "--output", folder,
            *flags, input=ir)
        return read_tensors(folder)


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


def get_loss(p, image, label):
    """(mean cross entropy, logits)"""
    h = C = jnp.zeros((image.shape[0], H))
    for t in range(T):
        joined = jnp.concatenate([h, image[:, t]], 1)
        gate = {g: joined @ p[f"lstm.W_{g}"].T + p[f"lstm.b_{g}"] for g in "fico"}
        C = jax.nn.sigmoid(gate["f"]) * C + jax.nn.sigmoid(gate["i"]) * jnp.tanh(gate["c"])
        h = jax.nn.sigmoid(gate["o"]) * jnp.tanh(C)
    logits = h @ p["linear.W"].T + p["linear.b"]
    scores = jax.nn.log_softmax(logits)
    return -jnp.mean(scores[jnp.arange(len(label)), label]), logits


def get_training_step(arguments):
    """What train_step must give, by name."""
    names = [name for name in arguments if name.startswith(("lstm.", "linear."))]
    p = {name: arguments[name] for name in names}
    label = arguments["label"].astype(int)
    (loss, logits), gradients = jax.value_and_grad(get_loss, has_aux=True)(
        p, arguments["image"], label)
    norm = math.sqrt(sum(float(jnp.sum(g * g)) for g in gradients.values()))
    step, steps = arguments["step"], arguments["steps"]
    done = np.clip((step - 200) / max(steps - 200, 1), 0, 1)
    rate = arguments["lr"] * min(1, step / 200) * (1 + math.cos(math.pi * done)) / 2
    expected = {"loss": loss, "grad_norm": norm,
                "accuracy": np.mean(np.argmax(logits, 1) == label)}
    for name in names:
        g = gradients[name] * min(1.0, 1.0 / norm)
        m = 0.9 * arguments[f"adam.m.{name}"] + 0.1 * g
        v = 0.999 * arguments[f"adam.v.{name}"] + 0.001 * g * g
        change = (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
        expected |= {f"new {name}": p[name] - rate * change, f"new adam.m.{name}": m,
                     f"new adam.v.{name}": v}
        # The gradient itself, from the first moment.
        expected[f"gradient of {name}"] = g
    return expected


def compare(stage, actual, expected, tolerance):
    for name, value in expected.items():
        value = np.asarray(value, np.float64)
        error = np.max(np.abs(actual[name] - value)) / (np.max(np.abs(value)) or 1)
        if not error <= tolerance:
            sys.exit(f"{stage}: {name} differs by {error:.3g}, more than {tolerance}")


front = run(maek, "ir", model, "--set", f"H={H}", "--precision", "f64")
arguments = evaluate(front, "train_step", "--arguments")
parameters = {name: value for name, value in arguments.items()
              if name.startswith(("lstm.", "linear."))}
logits = get_onnx_logits(parameters, arguments["image"])
expected = get_training_step(arguments)
for stage in STAGES:
    ir = front if stage is None else run(
        maek, "ir", model, "--set", f"H={H}", "--precision", "f64", "--after", stage)
    name = stage or "front end"
    compare(f"{name}, forward", evaluate(ir, "forward"), {"logits": logits}, 1e-12)
    if "maek.gradient" in ir:
        print(f"{name}: forward is ONNX's")
        continue
    actual = evaluate(ir, "train_step")
    for parameter in parameters:
        actual[f"gradient of {parameter}"] = (
            actual[f"new adam.m.{parameter}"] - 0.9 * arguments[f"adam.m.{parameter}"]) / 0.1
    compare(f"{name}, train_step", actual, expected, 1e-10)
    print(f"{name}: forward is ONNX's, the training step JAX's")
