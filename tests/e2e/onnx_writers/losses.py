# Part of Maek, under the MIT licence; see LICENSE.
"""Losses of scores and classes."""
from .node import permuted

# Labels may be numbers that are no classes, to be ignored: class 0 takes their
# place.
PRELUDE = """
fn as_class(label : [], classes) = argmax(arange(classes) == label)
fn likelihood_loss(p : [C], label : class(C)) = -sum(one_hot(label) * p)
"""


def loss(name):
    def write(node):
        count, ignored = node.shape()[1], node.get("ignore_index")
        order = [0, *range(2, node.rank()), 1]
        z = permuted(node(0), order)
        if 0 <= node.values[1].min() and node.values[1].max() < count:
            label = given = node.classes(1, count)
        else:
            given = node(1)
            label = f"as_class({given}, {count})"
        each = f"{name}({z}, {label})"
        weight = f"{node(2)}[{label}]" if node.has(2) else f"(1 + 0 * {each})"
        if ignored is not None:
            weight = f"where({given} != {ignored}, {weight}, 0)"
        texts = [REDUCED[node.get("reduction", b"mean")].format(each=each, weight=weight)]
        if len(node.outputs) > 1:
            back = [0, node.rank() - 1, *range(1, node.rank() - 1)]
            texts.append(permuted(f"log_softmax({z})", back))
        return texts
    return write


REDUCED = {b"none": "{weight} * {each}", b"sum": "sum({weight} * {each})",
           b"mean": "sum({weight} * {each}) / sum({weight})"}

WRITERS = {"NegativeLogLikelihoodLoss": loss("likelihood_loss"),
           "SoftmaxCrossEntropyLoss": loss("cross_entropy")}
