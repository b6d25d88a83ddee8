# Part of Maek, under the MIT licence; see LICENSE.
"""A node test, and the pieces of which writers make expressions."""
import numpy
from onnx.helper import get_attribute_value


class Skip(Exception):
    """Why a test is not run: the language has no words for it."""


def check_kind(array):
    """Whole numbers and truth values are numbers of the language."""
    if array.dtype == numpy.float16 or array.dtype.kind == "V":
        raise Skip("half precision")
    if array.dtype.kind not in "fiub":
        raise Skip("no numbers")


class Node:
    """One test: its node, the values of its inputs and outputs, and what its
    expressions need of the model: inputs, layers and their weights."""

    def __init__(self, test):
        graph = test.model.graph
        self.op = graph.node[0].op_type
        self.attributes = {a.name: get_attribute_value(a) for a in graph.node[0].attribute}
        if not all(tensor.type.HasField("tensor_type") for tensor in (*graph.input, *graph.output)):
            raise Skip("no tensors")
        inputs, outputs = test.data_sets[0]
        inputs = [numpy.asarray(x) for x in inputs]
        given = iter(inputs)
        self.values = [next(given) if name else None for name in graph.node[0].input]
        self.outputs = [numpy.asarray(x) for x in outputs]
        self.names = [name for name in graph.node[0].output if name]
        for array in [*inputs, *self.outputs]:
            check_kind(array)
        if not all(output.size for output in self.outputs):
            raise Skip("an empty tensor")
        self.precision = "f64" if self.outputs[0].dtype == numpy.float64 else "f32"
        self.prefix = "x"  # of the names in a model of several tests
        self.inputs = {}  # name: (type, value)
        self.layers = []  # equations
        self.weights = {}

    def has(self, i):
        return i < len(self.values) and self.values[i] is not None

    def __call__(self, i):
        """Input `i` as an expression of numbers: an input of the model."""
        value = self.values[i]
        if 0 in value.shape:
            raise Skip("an empty tensor")
        return self.add_input(i, listed(value.shape), value)

    def classes(self, i, count):
        """Input `i` as an expression of classes."""
        value = self.values[i].astype(numpy.int32)
        assert 0 <= value.min() and value.max() < count
        shape = f"{listed(value.shape)} of " if value.ndim else ""
        return self.add_input(i, f"{shape}class({count})", value)

    def add_input(self, i, kind, value):
        name = f"{self.prefix}_{i}"
        assert self.inputs.setdefault(name, (kind, value))[0] == kind
        return name

    def layer(self, definition, **weights):
        """The name of a layer or cell with these weights."""
        name = f"{self.prefix}_layer{len(self.layers)}"
        self.layers.append(f"{name} = {definition}")
        for parameter, value in weights.items():
            self.weights[f"{name}.{parameter}"] = value
        return name

    def all(self):
        return [self(i) for i in range(len(self.values))]

    def shape(self, i=0):
        return list(self.values[i].shape)

    def rank(self, i=0):
        return self.values[i].ndim

    def get(self, name, otherwise=None):
        return self.attributes.get(name, otherwise)

    def axis(self, otherwise):
        return self.get("axis", otherwise) % self.rank()

    def numbers(self, i, name=None):
        """What must be known when compiling: an input's numbers, or an
        attribute's."""
        if self.has(i):
            return self.values[i].ravel().tolist()
        value = self.get(name) if name else None
        return None if value is None else list(value)

    def whole(self):
        """Whether it is a test of whole numbers."""
        return self.values[0].dtype.kind in "iu"


def number(x):
    return f"({float(x)!r})" if numpy.isfinite(x) else ("inf" if x > 0 else "(-inf)")


def listed(numbers):
    return "[" + ", ".join(str(int(n)) for n in numbers) + "]"


def reshaped(text, shape):
    return f"reshape({text}, {listed(shape)})" if list(shape) else text


def permuted(text, order):
    return text if list(order) == sorted(order) else f"permute({text}, {listed(order)})"


def cut(text, rank, axis, index):
    """x[:, index, :]"""
    items = [":"] * rank
    items[axis] = index
    return f"{text}[{', '.join(items)}]"


def moved_last(node, axis, pattern, i=0):
    """A function of vectors along one axis."""
    order = list(range(node.rank(i)))
    order[axis], order[-1] = order[-1], order[axis]
    return permuted(pattern.format(x=permuted(node(i), order)), order)


def expanded(text, shape, target):
    """Axes of size 1 repeated. The language repeats leading axes alone: the new
    ones are made the leading ones and go to their places after it."""
    shape = [1] * (len(target) - len(shape)) + list(shape)
    new = [i for i in range(len(target)) if shape[i] != target[i]]
    kept = [i for i in range(len(target)) if shape[i] == target[i]]
    assert all(shape[i] == 1 for i in new)
    inner = reshaped(text, [target[i] for i in kept]) if kept else f"sum({text})"
    if not new:
        return inner
    sizes = [target[i] for i in new + kept]
    zeros = reshaped(f"0 * arange({numpy.prod(sizes)})", sizes)
    return permuted(f"({zeros} + {inner})", numpy.argsort(new + kept))


def together(node, *indices):
    """Inputs, repeated so that the language's own repetition will do."""
    shapes = [node.shape(i) for i in indices]
    longest = max(shapes, key=len)
    if all(longest[len(longest) - len(s):] == s for s in shapes):
        return [node(i) for i in indices]
    target = numpy.broadcast_shapes(*shapes)
    return [expanded(node(i), s, target) for i, s in zip(indices, shapes, strict=True)]
