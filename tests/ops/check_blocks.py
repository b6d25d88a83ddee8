# Part of Maek, under the MIT licence; see LICENSE.
# The Transformer's blocks of the standard library, with masks, and the gradients
# of all their parameters against JAX's, in f64. The IR is interpreted as the front
# end gives it, after differentiation and after fusion.
#   check_blocks.py MAEK MAEK_INTERPRET
import pathlib
import sys
import tempfile

from interpreted import evaluate, jax, jnp, np, run

MODEL = """
model Blocks(d = 6, heads = 2) {
  input x    : [N, d]
  input y    : [M, d]
  input hide : [M]
  input skip : [N]
  pre    = TransformerBlock(d, heads, causal = 1)
  post   = PostNormBlock(d, heads)
  decode = DecoderBlock(d, heads)
  say    = PostNormDecoderBlock(d, heads, factor = 2)
  a = pre(x, skip > 0)
  b = post(x, skip > 0)
  c = decode(x, y, hide > 0)
  e = say(x, y)
  output a, b, c, e
  d_y  = gradient(sum(c²) + sum(e * c), y)
  output d_y
  loss = sum(a³) + sum(b * a) + sum(c²) + sum(e * c)
}
train Blocks { optimizer sgd(lr = 1) }
"""
B, HEADS = 3, 2
DIMS = ["--dim", "N=4", "--dim", "M=5"]
maek, interpret = sys.argv[1:3]


def norm(p, name, x):
    c = x - x.mean(-1, keepdims=True)
    return p[f"{name}.gamma"] * c / jnp.sqrt((c**2).mean(-1, keepdims=True) + 1e-5) \
        + p[f"{name}.beta"]


def linear(p, name, x):
    return x @ p[f"{name}.W"].T + p[f"{name}.b"]


def attend(p, name, x, y, seen):
    """One example; `seen` is [N, M]."""
    def split(z):
        return z.reshape(z.shape[0], HEADS, -1).transpose(1, 0, 2)
    q, k, v = (split(linear(p, f"{name}.W_{w}", z)) for w, z in zip("qkv", (x, y, y)))
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])
    top = jnp.where(seen, scores, -1e300).max(-1, keepdims=True)
    e = jnp.where(seen, jnp.exp(jnp.where(seen, scores - top, 0)), 0)
    weights = e / jnp.maximum(e.sum(-1, keepdims=True), 1e-37)
    return linear(p, f"{name}.W_o", (weights @ v).transpose(1, 0, 2).reshape(x.shape))


def feed(p, name, x):
    h = jax.nn.gelu(linear(p, f"{name}.up", x), approximate=True)
    return linear(p, f"{name}.down", h)


def blocks(p, x, y, hide, skip):
    """Of one example, in the words of the papers."""
    n, m = len(x), len(y)
    causal = jnp.tril(jnp.ones((n, n), bool))
    all_y = jnp.ones((n, m), bool)
    hidden, skipped = all_y & (hide > 0), jnp.ones((n, n), bool) & (skip > 0)

    z = norm(p, "pre.layernorm", x)
    u = x + attend(p, "pre.self_attention", z, z, causal & skipped)
    a = u + feed(p, "pre.feed_forward", norm(p, "pre.layernorm_2", u))

    u = norm(p, "post.layernorm", x + attend(p, "post.self_attention", x, x, skipped))
    b = norm(p, "post.layernorm_2", u + feed(p, "post.feed_forward", u))

    z = norm(p, "decode.layernorm", x)
    u = x + attend(p, "decode.self_attention", z, z, causal)
    v = u + attend(p, "decode.cross_attention", norm(p, "decode.layernorm_2", u), y, hidden)
    c = v + feed(p, "decode.feed_forward", norm(p, "decode.layernorm_3", v))

    u = norm(p, "say.layernorm", x + attend(p, "say.self_attention", x, x, causal))
    v = norm(p, "say.layernorm_2", u + attend(p, "say.cross_attention", u, y, all_y))
    e = norm(p, "say.layernorm_3", v + feed(p, "say.feed_forward", v))
    return {"a": a, "b": b, "c": c, "e": e}


def losses(p, *given):
    r = jax.vmap(blocks, (None, 0, 0, 0, 0))(p, *given)
    return ((r["a"]**3).sum() + (r["b"] * r["a"]).sum() + (r["c"]**2).sum()
            + (r["e"] * r["c"]).sum()) / B


def seen_from_y(y, p, x, hide, skip):
    r = jax.vmap(blocks, (None, 0, 0, 0, 0))(p, x, y, hide, skip)
    return (r["c"]**2).sum() + (r["e"] * r["c"]).sum()


def compare(stage, name, actual, expected):
    error = np.max(np.abs(actual - expected)) / np.max(np.abs(expected))
    if not error <= 1e-10:
        sys.exit(f"{stage}: {name} differs by {error:.3g}")


with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "blocks.maek"
    path.write_text(MODEL)
    for stage in (None, "maek-differentiate", "maek-fuse-attention", "maek-fuse-elementwise"):
        after = ["--after", stage] if stage else []
        ir = run(maek, "ir", path, "--precision", "f64", *after)
        given = evaluate(interpret, ir, "train_step", B, *DIMS, "--arguments")
        inputs = [given[name] for name in ("x", "y", "hide", "skip")]
        p = {name: value for name, value in given.items()
             if "." in name and not name.startswith("sgd.")}
        # A query that sees nothing gets 0.
        if not all((row > 0).any() != (row > 0).all() for row in (inputs[2], inputs[3])):
            sys.exit("a mask hides nothing, or all")
        expected = jax.vmap(blocks, (None, 0, 0, 0, 0))(p, *inputs)
        slopes = jax.grad(losses)(p, *inputs)
        d_y = jax.grad(seen_from_y)(inputs[1], p, inputs[0], *inputs[2:])
        if "maek.gradient" not in ir:
            actual = evaluate(interpret, ir, "forward", B, *DIMS)
            for name, value in (expected | {"d_y": d_y}).items():
                compare(stage, name, actual[name], value)
            stepped = evaluate(interpret, ir, "train_step", B, *DIMS)
            compare(stage, "loss", stepped["loss"], losses(p, *inputs))
            largest = max(np.max(np.abs(slope)) for slope in slopes.values())
            for name, slope in slopes.items():
                step = (p[name] - stepped[f"new {name}"]) / given["lr"]
                # The keys' bias has no gradient: it moves all scores of a row alike.
                error = np.max(np.abs(step - slope)) / largest
                if not error <= 1e-12:
                    sys.exit(f"{stage}: the gradient of {name} differs by {error:.3g}")
            print(f"{stage}: {len(slopes)} gradients and the blocks are JAX's")
