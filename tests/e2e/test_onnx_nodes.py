# Part of Maek, under the MIT licence; see LICENSE.
"""ONNX's node tests, each as a model that Maek compiles: the operators of ONNX
written in the language, on ONNX's own inputs, against its own outputs."""
import unittest
import warnings

import numpy
from onnx.backend.test.loader import load_model_tests
from onnx.helper import get_attribute_value
from safetensors.numpy import save_file

from support import MaekTest, run

PRELUDE = """
fn elu(x, α) = where(x < 0, α * (exp(min(x, 0)) - 1), x)

fn normalize(x : [N], γ : [N], β : [N], eps) -> y {
  c = x - mean(x)
  y = γ * c / √(mean(c²) + eps) + β
}
"""

# ONNX's own bound where ours of 1e-4 is too narrow: outputs that are written with
# four digits, and (x - m) - l, which Halide joins to x - (m + l): it is rounded at
# the size of x.
WIDE = {"test_averagepool_2d_ceil_last_window_starts_on_pad": 1e-3,
        "test_logsoftmax_large_number": 1e-3}


class Skip(Exception):
    """The language has no words for this one, or it is no test of floats."""


class Node:
    """One test: its node, the names of its inputs in the language, their
    values."""

    def __init__(self, test, prefix):
        graph = test.model.graph
        if len(graph.node) != 1:
            raise Skip("several nodes")
        self.op = graph.node[0].op_type
        self.attributes = {a.name: get_attribute_value(a) for a in graph.node[0].attribute}
        inputs, outputs = test.data_sets[0]
        inputs = [numpy.asarray(x) for x in inputs]
        given = iter(inputs)
        self.values = [next(given) if name else None for name in graph.node[0].input]
        self.outputs = [numpy.asarray(x) for x in outputs]
        self.names = [f"{prefix}_{i}" for i in range(len(self.values))]
        self.used = []

    def __call__(self, i):
        """Input `i` as an expression: an input of the model."""
        value = self.values[i]
        if value.dtype not in (numpy.float32, numpy.bool_) or 0 in value.shape:
            raise Skip("no floats")
        if i not in self.used:
            self.used.append(i)
        return self.names[i]

    def all(self):
        return [self(i) for i in range(len(self.values))]

    def shape(self, i=0):
        return list(self.values[i].shape)

    def rank(self, i=0):
        return self.values[i].ndim

    def get(self, name, otherwise=None):
        return self.attributes.get(name, otherwise)

    def numbers(self, i, name=None):
        """What must be known when compiling: an input's numbers, or an
        attribute's."""
        if i < len(self.values) and self.values[i] is not None:
            return self.values[i].ravel().tolist()
        value = self.get(name) if name else None
        return None if value is None else list(value)


def number(x):
    return f"({float(x)!r})" if numpy.isfinite(x) else ("inf" if x > 0 else "-inf")


def listed(numbers):
    return "[" + ", ".join(str(int(n)) for n in numbers) + "]"


def reshaped(text, shape):
    return f"reshape({text}, {listed(shape)})" if list(shape) else text


def unary(pattern, **defaults):
    def write(node):
        values = {k: number(node.get(k, v)) for k, v in defaults.items()}
        return pattern.format(x=node(0), **values)
    return write


def broadcasts(shapes):
    """Whether the shapes are one another's ends, as the language has it."""
    longest = max(shapes, key=len)
    return all(longest[len(longest) - len(s):] == s for s in shapes)


def joined(pattern):
    """Two or more operands, one after the other."""
    def write(node):
        if not broadcasts([node.shape(i) for i in range(len(node.values))]):
            raise Skip("axes of size 1 are repeated")
        text, *rest = node.all()
        for other in rest:
            text = pattern.format(a=text, b=other)
        return text
    return write


def mean(node):
    return f"({joined('({a} + {b})')(node)}) / {len(node.values)}"


def power(node):
    if not broadcasts([node.shape(0), node.shape(1)]):
        raise Skip("axes of size 1 are repeated")
    return f"{node(0)}^{node(1)}"


def clip(node):
    low, high = (number(node.values[i]) if len(node.values) > i and node.values[i] is not None
                 else limit for i, limit in ((1, "-inf"), (2, "inf")))
    return f"min(max({node(0)}, {low}), {high})"


def reduction(pattern):
    def write(node):
        axes = node.numbers(1, "axes")
        if not axes and node.get("noop_with_empty_axes"):
            raise Skip("nothing is reduced")
        axes = sorted(a % node.rank() for a in axes or range(node.rank()))
        text = pattern.format(x=node(0), axes=f"axis = {listed(axes)}")
        kept = node.get("keepdims", 1)
        return reshaped(text, [1 if i in axes else n for i, n in enumerate(node.shape())]) \
            if kept else text
    return write


def argmax(node):
    if node.get("select_last_index"):
        raise Skip("the first one is chosen")
    axis = node.get("axis", 0) % node.rank()
    text = f"argmax({node(0)}, axis = {axis})"
    return reshaped(text, [1 if i == axis else n for i, n in enumerate(node.shape())]) \
        if node.get("keepdims", 1) else text


def along_last(name):
    def write(node):
        order = list(range(node.rank()))
        axis = node.get("axis", -1) % node.rank()
        order[axis], order[-1] = order[-1], order[axis]
        inner = f"permute({node(0)}, {listed(order)})"
        return f"permute({name}({inner}), {listed(order)})"
    return write


def layer_normalization(node):
    if len(node.outputs) > 1 and len(node.values) < 3:
        raise Skip("no bias")
    axis = node.get("axis", -1) % node.rank()
    shape = node.shape()
    inner = int(numpy.prod(shape[axis:]))
    x, scale, bias = (f"reshape({node(i)}, {listed(s)})" for i, s in
                      ((0, [numpy.prod(shape[:axis]), inner]), (1, [inner]), (2, [inner])))
    return reshaped(f"normalize({x}, {scale}, {bias}, {number(node.get('epsilon', 1e-5))})", shape)


def batch_normalization(node):
    if node.get("training_mode"):
        raise Skip("training is not a node's")
    order = [0, *range(2, node.rank()), 1]
    back = numpy.argsort(order)
    x, s, b, m, v = node.all()
    text = (f"{s} * (permute({x}, {listed(order)}) - {m}) / "
            f"√({v} + {number(node.get('epsilon', 1e-5))}) + {b}")
    return f"permute({text}, {listed(back)})"


def matmul(node):
    if not broadcasts([node.shape(0)[:-2], node.shape(1)[:-2]]):
        raise Skip("axes of size 1 are repeated")
    return f"{node(0)} · {node(1)}"


def gemm(node):
    a = node(0) + ("ᵀ" if node.get("transA") else "")
    b = node(1) + ("ᵀ" if node.get("transB") else "")
    text = f"{number(node.get('alpha', 1.0))} * ({a} · {b})"
    if len(node.values) < 3:
        return text
    shape = list(node.outputs[0].shape)
    c = node(2)
    if node.values[2].size == 1:
        c = reshaped(c, []) if node.rank(2) == 0 else f"sum({c})"
    elif not broadcasts([shape, node.shape(2)]):
        if node.shape(2)[0] != 1:
            raise Skip("axes of size 1 are repeated")
        c = f"{c}[0]"
    return f"{text} + {number(node.get('beta', 1.0))} * {c}"


def transpose(node):
    order = node.get("perm", list(reversed(range(node.rank()))))
    return f"permute({node(0)}, {listed(order)})"


def as_output(node):
    return reshaped(node(0), node.outputs[0].shape)


def concat(node):
    return f"concat({', '.join(node.all())}, axis = {node.get('axis')})"


def sliced(node):
    starts, ends = node.numbers(1), node.numbers(2)
    axes = node.numbers(3) or list(range(len(starts)))
    steps = node.numbers(4) or [1] * len(starts)
    if any(step != 1 for step in steps):
        raise Skip("steps")
    items = [":"] * node.rank()
    for start, end, axis in zip(starts, ends, axes, strict=True):
        low, high, _ = slice(start, end).indices(node.shape()[axis])
        if low >= high:
            raise Skip("empty")
        items[axis] = f"{low}:{high}"
    return f"{node(0)}[{', '.join(items)}]"


def split(node):
    axis = node.get("axis", 0) % node.rank()
    parts, start = [], 0
    for output in node.outputs:
        if output.size == 0:
            raise Skip("empty")
        size = output.shape[axis]
        items = [":"] * node.rank()
        items[axis] = f"{start}:{start + size}"
        parts.append(f"{node(0)}[{', '.join(items)}]")
        start += size
    return parts


def pad(node):
    pads = node.numbers(1)
    axes = [a % node.rank() for a in node.numbers(3) or range(node.rank())]
    if node.get("mode", b"constant") != b"constant" or min(pads) < 0:
        raise Skip("constants only")
    value = node.numbers(2)[0] if len(node.values) > 2 and node.values[2] is not None else 0
    text = node(0)
    for i, axis in enumerate(axes):
        text = (f"pad({text}, {pads[i]}, {pads[len(axes) + i]}, axis = {axis}, "
                f"value = {number(value)})")
    return text


def einsum(node):
    equation = node.get("equation").decode()
    if equation.count(",") != 1 or "->" not in equation or "." in equation:
        raise Skip("another kind of equation")
    return f'einsum("{equation}", {node(0)}, {node(1)})'


def where(node):
    condition, a, b = node.all()
    return f"where({condition} > 0.5, {a}, {b})"


class Windows:
    """Sizes, strides, dilations and padding of a convolution or pooling along
    each spatial axis."""

    def __init__(self, node, size):
        self.axes = range(2, node.rank())
        count = len(self.axes)
        self.size = list(size)
        self.strides = node.get("strides", [1] * count)
        self.dilations = node.get("dilations", [1] * count)
        pads = node.get("pads", [0] * 2 * count)
        self.before, self.behind = list(pads[:count]), list(pads[count:])
        kind = node.get("auto_pad", b"NOTSET")
        self.reach = [(k - 1) * d + 1 for k, d in zip(self.size, self.dilations, strict=True)]
        for i, n in enumerate(node.shape()[2:]):
            if kind in (b"SAME_UPPER", b"SAME_LOWER"):
                windows = -(-n // self.strides[i])
                total = max(0, (windows - 1) * self.strides[i] + self.reach[i] - n)
                self.before[i] = total // 2 if kind == b"SAME_UPPER" else -(-total // 2)
                self.behind[i] = total - self.before[i]

    def grow(self, node):
        """Ceiling mode: more padding behind, for the windows that the output
        has."""
        extra = []
        for i, n in enumerate(node.shape()[2:]):
            windows = node.outputs[0].shape[2 + i]
            needed = (windows - 1) * self.strides[i] + self.reach[i]
            extra.append(max(0, needed - n - self.before[i] - self.behind[i]))
        return extra

    def write(self, text, value, behind):
        """[N, C, H, W] -> [N, C, H', h, W', w]"""
        for i in reversed(range(len(self.size))):
            axis = self.axes[i]
            text = (f"window(pad({text}, {self.before[i]}, {behind[i]}, axis = {axis}, "
                    f"value = {value}), {self.size[i]}, axis = {axis}, "
                    f"stride = {self.strides[i]}, dilation = {self.dilations[i]})")
        return text


def convolution(node):
    windows = Windows(node, node.shape(1)[2:])
    if node.get("group", 1) != 1 or len(node.values) > 2:
        raise Skip("groups")
    text = windows.write(node(0), "0", windows.behind)
    return f'einsum("nchiwj, ocij -> nohw", {text}, {node(1)})'


def max_pool(node):
    if len(node.outputs) > 1:
        raise Skip("positions")
    windows = Windows(node, node.get("kernel_shape"))
    behind = [a + b for a, b in zip(windows.behind, windows.grow(node), strict=True)]
    axes = [3 + 2 * i for i in range(len(windows.size))]
    return f"max({windows.write(node(0), '-inf', behind)}, axis = {listed(axes)})"


def average_pool(node):
    windows = Windows(node, node.get("kernel_shape"))
    extra = windows.grow(node)
    behind = [a + b for a, b in zip(windows.behind, extra, strict=True)]
    axes = [3 + 2 * i for i in range(len(windows.size))]
    text = f"sum({windows.write(node(0), '0', behind)}, axis = {listed(axes)})"
    counted = f"(0 * {node(0)} + 1)"
    if node.get("count_include_pad"):
        for i in range(len(windows.size)):
            counted = (f"pad({counted}, {windows.before[i]}, {windows.behind[i]}, "
                       f"axis = {windows.axes[i]}, value = 1)")
        windows.before = [0] * len(windows.size)
        behind = extra
    return f"{text} / sum({windows.write(counted, '0', behind)}, axis = {listed(axes)})"


def global_pool(name):
    def write(node):
        axes = list(range(2, node.rank()))
        return reshaped(f"{name}({node(0)}, axis = {listed(axes)})", node.outputs[0].shape)
    return write


WRITERS = {
    "Abs": unary("abs({x})"), "Cos": unary("cos({x})"), "Exp": unary("exp({x})"),
    "HardSwish": unary("{x} * clamp({x} / 6 + 0.5, 0, 1)"), "Log": unary("log({x})"),
    "Mish": unary("{x} * tanh(softplus({x}))"), "Neg": unary("-{x}"),
    "Reciprocal": unary("1 / {x}"), "Relu": unary("relu({x})"), "Sigmoid": unary("σ({x})"),
    "Sin": unary("sin({x})"), "Softplus": unary("softplus({x})"),
    "Softsign": unary("{x} / (1 + abs({x}))"), "Sqrt": unary("√({x})"), "Tanh": unary("tanh({x})"),
    "Elu": unary("elu({x}, {alpha})", alpha=1.0),
    "HardSigmoid": unary("clamp({alpha} * {x} + {beta}, 0, 1)", alpha=0.2, beta=0.5),
    "LeakyRelu": unary("where({x} < 0, {alpha} * {x}, {x})", alpha=0.01),
    "Selu": unary("{gamma} * elu({x}, {alpha})", alpha=1.67326319217681884765625,
                  gamma=1.05070102214813232421875),
    "Swish": unary("{x} * σ({alpha} * {x})", alpha=1.0),
    "ThresholdedRelu": unary("where({x} > {alpha}, {x}, 0)", alpha=1.0),
    "Add": joined("({a} + {b})"), "Div": joined("({a} / {b})"), "Max": joined("max({a}, {b})"),
    "Mean": mean, "Min": joined("min({a}, {b})"), "Mul": joined("({a} * {b})"),
    "PRelu": joined("where({a} < 0, {b} * {a}, {a})"), "Pow": power, "Sub": joined("({a} - {b})"),
    "Sum": joined("({a} + {b})"), "Clip": clip, "Where": where,
    "Equal": joined("({a} == {b})"), "Greater": joined("({a} > {b})"),
    "GreaterOrEqual": joined("({a} >= {b})"), "Less": joined("({a} < {b})"),
    "LessOrEqual": joined("({a} <= {b})"),
    "ArgMax": argmax, "ReduceL1": reduction("sum(abs({x}), {axes})"),
    "ReduceL2": reduction("√(sum({x}², {axes}))"),
    "ReduceLogSum": reduction("log(sum({x}, {axes}))"),
    "ReduceLogSumExp": reduction("log(sum(exp({x}), {axes}))"),
    "ReduceMax": reduction("max({x}, {axes})"), "ReduceMean": reduction("mean({x}, {axes})"),
    "ReduceMin": reduction("min({x}, {axes})"), "ReduceSum": reduction("sum({x}, {axes})"),
    "ReduceSumSquare": reduction("sum({x}², {axes})"),
    "LogSoftmax": along_last("log_softmax"), "Softmax": along_last("softmax"),
    "LayerNormalization": layer_normalization, "BatchNormalization": batch_normalization,
    "Gemm": gemm, "MatMul": matmul, "Einsum": einsum,
    "Concat": concat, "Flatten": as_output, "Pad": pad, "Reshape": as_output, "Slice": sliced,
    "Split": split, "Squeeze": as_output, "Transpose": transpose, "Unsqueeze": as_output,
    "Conv": convolution, "MaxPool": max_pool, "AveragePool": average_pool,
    "GlobalAveragePool": global_pool("mean"), "GlobalMaxPool": global_pool("max"),
}


def group(op):
    """Operators that are compiled as one model."""
    if op in ("Conv", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"):
        return "windows"
    return "sums" if op.startswith(("Reduce", "Arg")) else op[0].lower()


class OnnxNodes(MaekTest):
    def collect(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tests = load_model_tests(kind="node")
        groups = {}
        for test in tests:
            if test.model is None or not test.data_sets:
                continue
            ops = [node.op_type for node in test.model.graph.node]
            if len(ops) != 1 or ops[0] not in WRITERS:
                continue
            members = groups.setdefault(group(ops[0]), [])
            try:
                node = Node(test, f"x{len(members)}")
                found = WRITERS[ops[0]](node)
            except Skip:
                continue
            texts = found if isinstance(found, list) else [found]
            if len(texts) > len(node.outputs):
                continue
            members.append((test.name, node, texts))
        return groups

    def check(self, name, members):
        lines = [PRELUDE, "model M {"]
        words, outputs = [], []
        for number, (_, node, texts) in enumerate(members):
            for i in node.used:
                shape = list(node.values[i].shape)
                lines.append(f"  input {node.names[i]} : {listed(shape)}")
                file = self.folder / f"{node.names[i]}.npy"
                numpy.save(file, node.values[i].astype(numpy.float32)[None])
                words += ["--input", f"{node.names[i]}={file}"]
            for i, text in enumerate(texts):
                lines.append(f"  y{number}_{i} = {text}")
                lines.append(f"  output y{number}_{i}")
                file = self.folder / f"y{number}_{i}.npy"
                words += ["--output", f"y{number}_{i}={file}"]
                outputs.append((number, i, file))
        lines.append("}")
        model = self.folder / f"{name}.maek"
        model.write_text("\n".join(lines) + "\n")
        program = self.folder / name
        self.maek("build", model, "-o", program)
        weights = self.folder / "none.safetensors"
        save_file({}, weights)
        run(program, "predict", "--weights", weights, *words)
        for number, i, file in outputs:
            test, node, _ = members[number]
            needed, found = node.outputs[i].astype(numpy.float64), numpy.load(file)[0]
            with self.subTest(test):
                self.assertEqual(found.shape, needed.shape)
                numpy.testing.assert_allclose(
                    found, needed, rtol=WIDE.get(test, 1e-4),
                    atol=1e-5 * max(1e-6, numpy.abs(needed[numpy.isfinite(needed)]).max(initial=0)))
        return len(members)

    def test_nodes(self):
        groups = self.collect()
        total = sum(self.check(name, members) for name, members in sorted(groups.items()) if members)
        print(f"{total} of ONNX's node tests")
        self.assertGreater(total, 300)
        self.assertGreater(total, 200)
        windows = {node.op for _, node, _ in groups["windows"]}
        self.assertEqual(len(windows), 5, windows)


if __name__ == "__main__":
    unittest.main()
