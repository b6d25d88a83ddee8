# Part of Maek, under the MIT licence; see LICENSE.
"""Rows at classes, or at numbers that only a run knows."""
import numpy

from .node import Skip, expanded, permuted, reshaped

PRELUDE = """
fn counted(i, n) = where(i < 0, i + n, i)
fn marked(i : [], n) = arange(n) == i
fn turn_halves(x : [N, d], c : [N, h], s : [N, h]) -> y {
  a = x[:, 0:h]
  b = x[:, h:d]
  y = [c * a - s * b, s * a + c * b]
}
fn turn_pairs(x : [N, d], c : [N, h], s : [N, h]) -> y {
  p = reshape(x, [N, h, 2])
  a = p[:, :, 0]
  b = p[:, :, 1]
  q = [reshape(c * a - s * b, [N, h, 1]), reshape(s * a + c * b, [N, h, 1])]
  y = reshape(q, [N, d])
}
"""


def places(node, i, count):
    """Classes; numbers where some count from the end."""
    if node.values[i].min() >= 0:
        return node.classes(i, count)
    return f"counted({node(i)}, {count})"


def gather(node):
    axis = node.axis(0)
    front = [axis, *(i for i in range(node.rank()) if i != axis)]
    text = f"{enclosed(permuted(node(0), front))}[{places(node, 1, node.shape()[axis])}]"
    rank = node.rank(1)
    back = [*range(rank, rank + axis), *range(rank), *range(rank + axis, rank + node.rank() - 1)]
    return permuted(text, back)


def enclosed(text):
    return text if text.isidentifier() else f"({text})"


def gather_elements(node):
    """Of the elements in a row, each one's number."""
    axis, shape = node.axis(0), node.shape()
    strides = [int(numpy.prod(shape[i + 1:])) for i in range(len(shape))]
    others = sum(numpy.indices(node.shape(1))[i] * strides[i]
                 for i in range(len(shape)) if i != axis)
    base = reshaped(f"[{', '.join(map(str, others.ravel()))}]", node.shape(1))
    index = f"{base} + {strides[axis]} * counted({node(1)}, {shape[axis]})"
    return f"{enclosed(reshaped(node(0), [numpy.prod(shape)]))}[{index}]"


def gather_nd(node):
    shape, depth, batch = node.shape(), node.shape(1)[-1], node.get("batch_dims", 0)
    indexed = shape[batch:batch + depth]
    strides = [int(numpy.prod(indexed[i + 1:])) for i in range(depth)]
    index = f"{node(1)} · [{', '.join(map(str, strides))}]"
    rest, count = shape[batch + depth:], numpy.prod(indexed)
    if batch > 1:
        raise Skip("more than one axis of examples")
    if batch:
        rows = shape[0]
        index = f"{index} + {count} * arange({rows})"
        count *= rows
    return f"{enclosed(reshaped(node(0), [count, *rest]))}[{index}]"


def one_hot(node):
    count = int(node.numbers(1)[0])
    indices = node.values[0]
    if indices.min() >= 0 and indices.max() < count:
        marks = f"one_hot({node.classes(0, count)})"
    else:
        marks = f"marked(counted({node(0)}, {count}), {count})"
    values = node(2)
    rank = node.rank() + 1
    order = list(range(rank - 1))
    order.insert(node.get("axis", -1) % rank, rank - 1)
    return permuted(f"({values}[0] + ({values}[1] - {values}[0]) * {marks})", order)


def rotary_embedding(node):
    shape = node.shape()
    x, heads = node(0), node.get("num_heads")
    if heads:
        x = f"split_heads({x}, {heads})"
        shape = [shape[0], heads, shape[1], shape[2] // heads]
    size = node.get("rotary_embedding_dim") or shape[3]
    half = [shape[0], shape[2], size // 2]
    tables = [f"{node(i)}[{node.classes(3, node.shape(i)[0])}]" if node.has(3) else node(i)
              for i in (1, 2)]
    cos, sin = (expanded(reshaped(text, [half[0], 1, *half[1:]]), [half[0], 1, *half[1:]],
                         [half[0], shape[1], *half[1:]]) for text in tables)
    name = "turn_pairs" if node.get("interleaved") else "turn_halves"
    turned = f"{name}({enclosed(x)}[:, :, :, 0:{size}], {cos}, {sin})"
    if size < shape[3]:
        turned = f"[{turned}, {enclosed(x)}[:, :, :, {size}:{shape[3]}]]"
    if heads:
        turned = reshaped(permuted(turned, [0, 2, 1, 3]), node.shape())
    return turned


WRITERS = {"Gather": gather, "GatherElements": gather_elements, "GatherND": gather_nd,
           "OneHot": one_hot, "RotaryEmbedding": rotary_embedding}
