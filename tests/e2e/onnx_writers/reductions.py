# Part of Maek, under the MIT licence; see LICENSE.
"""Sums and extremes along axes."""
import numpy

from .node import cut, listed, moved_last, permuted, reshaped

# The products of all elements so far.
PRELUDE = """
cell Product(I) {
  state p : [I] = 1

  step (x : [I]) -> p {
    p = p * x
  }
}
"""


def reduction(pattern):
    """x reduced along axes, or, where the pattern names v, each vector of the
    last axis."""
    def write(node):
        axes = node.numbers(1, "axes")
        if not axes and node.get("noop_with_empty_axes"):
            return node(0)
        axes = sorted(a % node.rank() for a in axes or range(node.rank()))
        others = [i for i in range(node.rank()) if i not in axes]
        shape = node.shape()
        vectors = [shape[i] for i in others] + [numpy.prod([shape[i] for i in axes])]
        text = pattern.format(
            x=node(0), axes=f"axis = {listed(axes)}",
            v=reshaped(permuted(node(0), others + axes), vectors))
        return reshaped(text, [1 if i in axes else n for i, n in enumerate(shape)]) \
            if node.get("keepdims", 1) else text
    return write


def product(node):
    """The last of the products that a cell makes."""
    axes = sorted(a % node.rank() for a in node.numbers(1, "axes") or range(node.rank()))
    shape = node.shape()
    rows = [i for i in range(node.rank()) if i not in axes]
    vectors = [numpy.prod([shape[i] for i in part], initial=1) for part in (rows, axes)]
    text = reshaped(permuted(node(0), rows + axes), [*vectors, 1])
    return reshaped(f"{node.layer('Product(1)')}({text})[:, -1]", node.outputs[0].shape)


def cumulative_product(node):
    axis = int(node.values[1]) % node.rank()
    n = node.shape()[axis]
    text = f"reverse({node(0)}, axis = {axis})" if node.get("reverse") else node(0)
    if node.get("exclusive"):
        text = cut(f"pad({text}, 1, 0, axis = {axis}, value = 1)", node.rank(), axis, f"0:{n}")
    order = [i for i in range(node.rank()) if i != axis] + [axis]
    shape = [node.shape()[i] for i in order]
    rows = reshaped(permuted(text, order), [numpy.prod(shape[:-1], initial=1), n, 1])
    products = reshaped(f"{node.layer('Product(1)')}({rows})", shape)
    text = permuted(products, numpy.argsort(order))
    return f"reverse({text}, axis = {axis})" if node.get("reverse") else text


def argument(sign):
    """Where several are the largest, the language chooses the first one: the last
    one is the first one from behind."""
    def write(node):
        axis = node.axis(0)
        shape = node.shape()
        if node.get("select_last_index"):
            back = f"one_hot(argmax(reverse({sign}{node(0)}, axis = {axis}), axis = {axis}))"
            text = f"{shape[axis] - 1} - {back} · arange({shape[axis]})"
        else:
            text = f"argmax({sign}{node(0)}, axis = {axis})"
        shape[axis:axis + 1] = [1] * node.get("keepdims", 1)
        return reshaped(text, shape)
    return write


def along_last(pattern):
    return lambda node: moved_last(node, node.axis(-1), pattern)


def cumulative_sum(node):
    """A product with the matrix of what is summed."""
    axis = int(node.values[1]) % node.rank()
    n = node.shape()[axis]
    sums = f"causal_mask(arange({n}) - {node.get('exclusive', 0)}, arange({n}))"
    return moved_last(node, axis, f"({{x}} · {sums}{'' if node.get('reverse') else 'ᵀ'})")


WRITERS = {
    "ArgMax": argument(""), "ArgMin": argument("-"), "CumProd": cumulative_product,
    "CumSum": cumulative_sum, "Hardmax": along_last("one_hot(argmax({x}))"),
    "LogSoftmax": along_last("log_softmax({x})"),
    "ReduceL1": reduction("sum(abs({x}), {axes})"),
    "ReduceL2": reduction("√(sum({x}², {axes}))"),
    "ReduceLogSum": reduction("log(sum({x}, {axes}))"),
    "ReduceLogSumExp": reduction("logsumexp({v})"),
    "ReduceMax": reduction("max({x}, {axes})"), "ReduceMean": reduction("mean({x}, {axes})"),
    "ReduceMin": reduction("min({x}, {axes})"), "ReduceProd": product,
    "ReduceSum": reduction("sum({x}, {axes})"),
    "ReduceSumSquare": reduction("sum({x}², {axes})"), "Softmax": along_last("softmax({x})"),
}
