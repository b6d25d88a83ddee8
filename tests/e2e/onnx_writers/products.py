# Part of Maek, under the MIT licence; see LICENSE.
"""Products of matrices, and sums of products."""
import numpy

from .node import Skip, expanded, listed, number, permuted

PRELUDE = ""


def matmul(node):
    a, b = node(0), node(1)
    if min(node.rank(0), node.rank(1)) > 1:
        leading = [node.shape(i)[:-2] for i in range(2)]
        common = list(numpy.broadcast_shapes(*leading))
        a, b = (text if shape in ([], common) else
                expanded(text, node.shape(i), common + node.shape(i)[-2:])
                for i, (text, shape) in enumerate(zip((a, b), leading, strict=True)))
    return f"{a} · {b}"


def gemm(node):
    a = node(0) + ("ᵀ" if node.get("transA") else "")
    b = node(1) + ("ᵀ" if node.get("transB") else "")
    text = f"{number(node.get('alpha', 1.0))} * ({a} · {b})"
    if not node.has(2):
        return text
    c = expanded(node(2), node.shape(2), node.outputs[0].shape)
    return f"{text} + {number(node.get('beta', 1.0))} * {c}"


def einsum(node):
    equation = node.get("equation").decode().replace(" ", "")
    left, arrow, right = equation.partition("->")
    if not arrow:  # each letter that stands once, in the order of the alphabet
        right = "".join(sorted(c for c in set(left) - {","} if left.count(c) == 1))
    if "." in left:
        raise Skip("a diagonal")
    if "," in left:
        return f'einsum("{left} -> {right}", {node(0)}, {node(1)})'
    summed = [i for i, c in enumerate(left) if c not in right]
    kept = [c for c in left if c in right]
    text = f"sum({node(0)}, axis = {listed(summed)})" if summed else node(0)
    return permuted(text, [kept.index(c) for c in right])


WRITERS = {"Einsum": einsum, "Gemm": gemm, "MatMul": matmul}
