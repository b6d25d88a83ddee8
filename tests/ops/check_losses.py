# Part of Maek, under the MIT licence; see LICENSE.
# The losses of the standard library and their gradients against JAX's, in f64.
# The IR is interpreted after differentiation and after fusion.
#   check_losses.py MAEK MAEK_INTERPRET
import pathlib
import sys
import tempfile

from interpreted import evaluate, jax, jnp, np, run

MODEL = """
model Losses(smoothing = 0.1, τ = 3) {
  input z, other : [5]
  input label    : class(5)
  p        = softmax(other)
  # A distribution with a class that it leaves out.
  holed    = where(p > 0.2, p, 0)
  plain    = cross_entropy(z, label)
  smoothed = cross_entropy(z, label, smoothing)
  soft     = soft_cross_entropy(z, holed)
  far      = kl(holed, softmax(z))
  distilled = soft_distillation(z, other, τ)
  chosen   = hard_distillation(z, other)
  output plain, smoothed, soft, far, distilled, chosen
  d_plain     = gradient(plain, z)
  d_smoothed  = gradient(smoothed, z)
  d_soft      = gradient(soft, z)
  d_far       = gradient(far, z)
  d_distilled = gradient(distilled, z)
  d_chosen    = gradient(chosen, z)
  # The distributions, too, may be what is learned.
  d_other     = gradient(far + soft + distilled, other)
  output d_plain, d_smoothed, d_soft, d_far, d_distilled, d_chosen, d_other
}
"""
B, SMOOTHING, TAU = 4, 0.1, 3.0
maek, interpret = sys.argv[1:3]


def losses(z, other, label):
    """Of one example, in the words of the definitions."""
    scores = jax.nn.log_softmax(z)
    hot = jax.nn.one_hot(label, 5)
    p = jax.nn.softmax(other)
    holed = jnp.where(p > 0.2, p, 0)
    t, s = jax.nn.softmax(other / TAU), jax.nn.softmax(z / TAU)
    return {
        "plain": -scores[label],
        "smoothed": -jnp.sum((hot * (1 - SMOOTHING) + SMOOTHING / 5) * scores),
        "soft": -jnp.sum(holed * scores),
        "far": jnp.sum(jax.scipy.special.rel_entr(holed, jax.nn.softmax(z))),
        "distilled": TAU**2 * jnp.sum(jax.scipy.special.rel_entr(t, s)),
        "chosen": -scores[jnp.argmax(other)],
    }


def get_expected(z, other, label):
    expected = jax.vmap(losses)(z, other, label)
    slopes = jax.vmap(jax.jacrev(losses))(z, other, label)
    expected |= {f"d_{name}": slope for name, slope in slopes.items()}

    def learned(other, z, label):
        # 0 log 0 has no slope.
        p = jax.nn.softmax(other)
        held = p > 0.2
        safe = jnp.where(held, p, 1.0)
        far = jnp.sum(jnp.where(held, p, 0) * (jnp.log(safe) - jax.nn.log_softmax(z)))
        values = losses(z, other, label)
        return far + values["soft"] + values["distilled"]
    expected["d_other"] = jax.vmap(jax.grad(learned))(other, z, label)
    return expected


with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "losses.maek"
    path.write_text(MODEL)
    for stage in ("maek-differentiate", "maek-fuse-elementwise"):
        ir = run(maek, "ir", path, "--precision", "f64", "--after", stage)
        given = evaluate(interpret, ir, "forward", B, "--arguments")
        expected = get_expected(given["z"], given["other"], given["label"].astype(int))
        actual = evaluate(interpret, ir, "forward", B)
        if not any((np.asarray(jax.nn.softmax(row)) <= 0.2).any() for row in given["other"]):
            sys.exit("no example leaves a class out")
        for name, value in expected.items():
            error = np.max(np.abs(actual[name] - value)) / np.max(np.abs(value))
            if not error <= 1e-12:
                sys.exit(f"{stage}: {name} differs by {error:.3g}")
        print(f"{stage}: the losses are JAX's")
