# Part of Maek, under the MIT licence; see LICENSE.
"""Normalisation over features, channels and the batch."""
import numpy

from .node import moved_last, number, permuted, reshaped

PRELUDE = """
fn deviation(x : [N], eps) = √(mean((x - mean(x))²) + eps)
fn rms_norm(x : [N], γ : [N], eps) = γ * x / √(mean(x²) + eps)
fn unit(x : [N], p) = x / max(sum(abs(x)^p)^(1 / p), 1e-12)
"""


def parts(node):
    """The axes before `axis` and those from it on, each as one."""
    axis = node.axis(-1)
    return [numpy.prod(node.shape()[:axis]), numpy.prod(node.shape()[axis:])]


def layer_normalization(node):
    sizes, eps = parts(node), number(node.get("epsilon", 1e-5))
    bias = node.values[2] if node.has(2) else numpy.zeros(sizes[1])
    layer = node.layer(f"LayerNorm({sizes[1]}, eps = {eps})", gamma=node.values[1].ravel(),
                       beta=bias.ravel())
    x = reshaped(node(0), sizes)
    texts = [f"{layer}({x})", f"mean({x}, axis = 1)", f"1 / deviation({x}, {eps})"]
    return [reshaped(text, output.shape) for text, output in zip(texts, node.outputs)]


def rms_normalization(node):
    sizes = parts(node)
    x, scale = reshaped(node(0), sizes), reshaped(node(1), sizes[1:])
    return reshaped(f"rms_norm({x}, {scale}, {number(node.get('epsilon', 1e-5))})", node.shape())


def of_channels(node, pattern, x):
    """A function of [..., C]."""
    order = [0, *range(2, node.rank()), 1]
    return permuted(pattern.format(x=permuted(x, order)), numpy.argsort(order))


def batch_normalization(node):
    names = ("gamma", "beta", "mean", "variance")
    layer = node.layer(
        f"BatchNorm({node.shape()[1]}, eps = {number(node.get('epsilon', 1e-5))})",
        **dict(zip(names, node.values[1:], strict=True)))
    return of_channels(node, f"{layer}({{x}})", node(0))


def of_groups(count):
    """The norm of each group of channels, then a scale of each channel."""
    def write(node):
        groups = count(node)
        shape = [node.shape()[0] * groups, numpy.prod(node.shape()[1:]) // groups]
        layer = node.layer(f"LayerNorm({shape[1]}, eps = {number(node.get('epsilon', 1e-5))})",
                           gamma=numpy.ones(shape[1]), beta=numpy.zeros(shape[1]))
        x = reshaped(f"{layer}({reshaped(node(0), shape)})", node.shape())
        return of_channels(node, f"({node(1)} * {{x}} + {node(2)})", x)
    return write


def mean_variance_normalization(node):
    axes = node.get("axes", [0, 2, 3])
    others = [i for i in range(node.rank()) if i not in axes]
    shape = [node.shape()[i] for i in others + axes]
    sizes = [numpy.prod(shape[:len(others)]), numpy.prod(shape[len(others):])]
    layer = node.layer(f"LayerNorm({sizes[1]}, eps = 0)", gamma=numpy.ones(sizes[1]),
                       beta=numpy.zeros(sizes[1]))
    text = f"{layer}({reshaped(permuted(node(0), others + axes), sizes)})"
    return permuted(reshaped(text, shape), numpy.argsort(others + axes))


def unit_vectors(node):
    return moved_last(node, node.axis(-1), f"unit({{x}}, {node.get('p', 2)})")


def over_neighbours(node):
    """Krizhevsky et al. 2012, section 3.3."""
    size = node.get("size")
    squares = (f"sum(window(pad({node(0)}², {(size - 1) // 2}, {size // 2}, axis = 1), {size}, "
               f"axis = 1), axis = 2)")
    bias, beta = (number(node.get(*pair)) for pair in (("bias", 1.0), ("beta", 0.75)))
    return f"{node(0)} / ({bias} + {number(node.get('alpha', 1e-4) / size)} * {squares})^{beta}"


WRITERS = {
    "BatchNormalization": batch_normalization,
    "GroupNormalization": of_groups(lambda node: node.get("num_groups")),
    "InstanceNormalization": of_groups(lambda node: node.shape()[1]),
    "LRN": over_neighbours, "LayerNormalization": layer_normalization,
    "LpNormalization": unit_vectors, "MeanVarianceNormalization": mean_variance_normalization,
    "RMSNormalization": rms_normalization,
}
