# Part of Maek, under the MIT licence; see LICENSE.
"""What moves elements, and tables of numbers."""
import numpy

from .node import Skip, cut, expanded, listed, number, permuted, reshaped

PRELUDE = """
fn lower(x : [N, M], k) = where(causal_mask(arange(N) + k, arange(M)), x, 0)
fn upper(x : [N, M], k) = where(causal_mask(arange(N) + k - 1, arange(M)), 0, x)
fn begin_reversed(x : [T, d], n : []) = (where(arange(T) < n, reverse_first(x, n)ᵀ, xᵀ))ᵀ
"""


def as_output(node):
    return reshaped(node(0), node.outputs[0].shape)


def concat(node):
    return f"concat({', '.join(node.all())}, axis = {node.get('axis')})"


def transpose(node):
    return permuted(node(0), node.get("perm", list(reversed(range(node.rank())))))


def sliced(node):
    """Steps are windows of one element; a negative one, from behind."""
    starts, ends = node.numbers(1), node.numbers(2)
    axes = node.numbers(3) or list(range(len(starts)))
    steps = node.numbers(4) or [1] * len(starts)
    text = node(0)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        axis %= node.rank()
        size = node.shape()[axis]
        places = range(size)[start:end:step]
        if step < 0:
            text = f"reverse({text}, axis = {axis})"
            places = [size - 1 - place for place in places]
        text = cut(text, node.rank(), axis, f"{places[0]}:{places[-1] + 1}")
        if abs(step) != 1:
            text = cut(f"window({text}, 1, axis = {axis}, stride = {abs(step)})",
                       node.rank() + 1, axis + 1, "0")
    return text


def split(node):
    axis = node.axis(0)
    parts, start = [], 0
    for output in node.outputs:
        size = output.shape[axis]
        parts.append(cut(node(0), node.rank(), axis, f"{start}:{start + size}"))
        start += size
    return parts


def pad(node):
    pads = node.numbers(1)
    axes = [a % node.rank() for a in node.numbers(3) or range(node.rank())]
    value = node.numbers(2)[0] if node.has(2) else 0
    mode = node.get("mode", b"constant")
    assert min(pads) >= 0
    text = node(0)
    for axis, before, behind in zip(axes, pads[:len(axes)], pads[len(axes):], strict=True):
        if mode == b"constant":
            text = (f"pad({text}, {before}, {behind}, axis = {axis}, "
                    f"value = {number(value)})")
        else:
            text = continued(text, node, axis, before, behind, mode)
    return text


def continued(text, node, axis, before, behind, mode):
    """An axis that goes on in its own elements."""
    n = node.shape()[axis]

    def part(low, high):
        found = cut(text, node.rank(), axis, f"{low}:{high}")
        return f"reverse({found}, axis = {axis})" if mode == b"reflect" else found
    if mode == b"edge":
        parts = [part(0, 1)] * before + [text] + [part(n - 1, n)] * behind
    else:
        ahead = part(1, before + 1) if mode == b"reflect" else part(n - before, n)
        back = part(n - 1 - behind, n - 1) if mode == b"reflect" else part(0, behind)
        parts = [ahead] * (before > 0) + [text] + [back] * (behind > 0)
    return f"concat({', '.join(parts)}, axis = {axis})" if len(parts) > 1 else text


def expand(node):
    return expanded(node(0), node.shape(), node.outputs[0].shape)


def tile(node):
    shape = [n for size in node.shape() for n in (1, size)]
    target = [n for pair in zip(node.numbers(1), node.shape(), strict=True) for n in pair]
    return reshaped(expanded(node(0), shape, target), node.outputs[0].shape)


def triangle(node):
    k = node.numbers(1)[0] if node.has(1) else 0
    return f"{'upper' if node.get('upper', 1) else 'lower'}({node(0)}, {k})"


def numbers_between(node):
    start, _, delta = (node.numbers(i)[0] for i in range(3))
    return f"{number(start)} + {number(delta)} * arange({node.outputs[0].size})"


def reverse_sequence(node):
    batch, time = node.get("batch_axis", 1), node.get("time_axis", 0)
    order = [batch, time]
    if node.rank() != 2:
        raise Skip("more than two axes")
    x = reshaped(permuted(node(0), order), [*(node.shape()[i] for i in order), 1])
    text = f"begin_reversed({x}, {node(1)})"
    return permuted(reshaped(text, [node.shape()[i] for i in order]), order)


def blocks_from_depth(node):
    n, c, h, w = node.shape()
    b = node.get("blocksize")
    if node.get("mode", b"DCR") == b"DCR":
        text = permuted(reshaped(node(0), [n, b, b, c // b**2, h, w]), [0, 3, 4, 1, 5, 2])
    else:
        text = permuted(reshaped(node(0), [n, c // b**2, b, b, h, w]), [0, 1, 4, 2, 5, 3])
    return reshaped(text, node.outputs[0].shape)


def blocks_to_depth(node):
    n, c, h, w = node.shape()
    b = node.get("blocksize")
    order = [0, 3, 5, 1, 2, 4] if node.get("mode", b"DCR") == b"DCR" else [0, 1, 3, 5, 2, 4]
    text = permuted(reshaped(node(0), [n, c, h // b, b, w // b, b]), order)
    return reshaped(text, node.outputs[0].shape)


WRITERS = {
    "Concat": concat, "DepthToSpace": blocks_from_depth, "Expand": expand, "Flatten": as_output,
    "Pad": pad, "Range": numbers_between, "Reshape": as_output,
    "ReverseSequence": reverse_sequence, "Slice": sliced, "SpaceToDepth": blocks_to_depth,
    "Split": split, "Squeeze": as_output, "Tile": tile, "Transpose": transpose,
    "Trilu": triangle, "Unsqueeze": as_output,
}
