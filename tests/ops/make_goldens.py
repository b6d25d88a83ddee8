# Part of Maek, under the MIT licence; see LICENSE.
# Inputs and results of each op case, computed by ONNX's reference evaluator:
# an implementation of the same mathematics that nobody here wrote.
#   make_goldens.py FILE           writes FILE
#   make_goldens.py --check FILE   fails if FILE is not what would be written
import argparse
import json
import math
import sys

try:
    import numpy as np
    import onnx
    import onnx.parser
    from onnx.reference import ReferenceEvaluator
except ImportError as missing:
    print(f"skipped: {missing} (./dev setup installs it)")
    sys.exit(77)

nan, inf = math.nan, math.inf
rng = np.random.default_rng(20240501)


def floats(*shape, low=-2.0, high=2.0):
    """Distinct enough numbers with three decimals: no ties for max."""
    return np.round(rng.uniform(low, high, shape), 3)


def ints(*shape, low=0, high=5):
    return rng.integers(low, high, shape, dtype=np.int32)


def bools(*shape):
    return rng.integers(0, 2, shape).astype(bool)


def numbers(*values, dtype=np.float64):
    return np.array(values, dtype)


KINDS = {"float64": "double", "int32": "int32", "bool": "bool", "int64": "int64"}
cases = {}


def case(name, inputs, graph, outputs=1):
    """`graph` is ONNX text over inputs a0, a1, ... and results r0, r1, ..."""
    arguments = ", ".join(f"{KINDS[str(x.dtype)]}[{','.join(map(str, x.shape))}] a{i}"
                          if x.ndim else f"{KINDS[str(x.dtype)]} a{i}"
                          for i, x in enumerate(inputs))
    results = ", ".join(f"double r{i}" for i in range(outputs))
    text = ('<ir_version: 10, opset_import: ["" : 18]> '
            f"case ({arguments}) => ({results}) {{ {graph} }}")
    evaluator = ReferenceEvaluator(onnx.parser.parse_model(text))
    found = evaluator.run(None, {f"a{i}": x for i, x in enumerate(inputs)})
    cases[name] = {"inputs": [encode(x) for x in inputs],
                   "results": [encode(x) for x in found]}


def encode(array):
    array = np.asarray(array)
    def number(x):
        return float(x) if math.isfinite(x) else str(float(x))
    return {"shape": list(array.shape),
            "values": [number(x) for x in array.astype(np.float64).ravel()]}


# Elementwise. x: [2, 3]
for op in ["Neg", "Exp", "Tanh", "Sigmoid", "Sin", "Cos"]:
    case(op.lower(), [floats(2, 3)], f"r0 = {op}(a0)")
for op in ["Log", "Sqrt"]:
    case(op.lower(), [floats(2, 3, low=0.1)], f"r0 = {op}(a0)")
for op in ["Add", "Sub", "Mul"]:
    case(op.lower(), [floats(2, 3), floats(2, 3)], f"r0 = {op}(a0, a1)")
case("div", [floats(2, 3), floats(2, 3, low=0.5)], "r0 = Div(a0, a1)")
case("pow", [floats(2, 3, low=0.2), floats(2, 3)], "r0 = Pow(a0, a1)")
for op in ["Max", "Min"]:
    case(op.lower(), [floats(2, 3), floats(2, 3)], f"r0 = {op}(a0, a1)")
    case(op.lower() + "_special",
         [numbers(nan, 1, nan, inf, -inf, 2), numbers(1, nan, nan, 1, inf, 2)],
         f"r0 = {op}(a0, a1)")
left = numbers(1, 2, 3, nan, 1, inf, -inf)
right = numbers(1, 3, 2, 1, nan, inf, inf)
for name, graph in {"eq": "r0 = Equal(a0, a1)",
                    "ne": "same = Equal(a0, a1) r0 = Not(same)",
                    "lt": "r0 = Less(a0, a1)", "le": "r0 = LessOrEqual(a0, a1)",
                    "gt": "r0 = Greater(a0, a1)",
                    "ge": "r0 = GreaterOrEqual(a0, a1)"}.items():
    case(f"compare_{name}", [left, right], graph)
case("compare_i32", [ints(2, 3, high=2), ints(2, 3, high=2)], "r0 = Equal(a0, a1)")
case("select", [bools(2, 3), floats(2, 3), floats(2, 3)], "r0 = Where(a0, a1, a2)")
case("convert_f64_i32", [numbers(1.7, -1.7, 0, 2, -0.2)], "r0 = Cast<to=6>(a0)")
case("convert_f64_i1", [numbers(1.7, 0, -0.2)], "r0 = Cast<to=9>(a0)")
case("convert_i1_f64", [bools(2, 3)], "r0 = Cast<to=11>(a0)")
case("convert_i32_f64", [ints(2, 3, low=-5)], "r0 = Cast<to=11>(a0)")
case("convert_f64_f64", [floats(2, 3)], "r0 = Identity(a0)")
case("stop_gradient", [floats(2, 3)], "r0 = Identity(a0)")

# Sources. a0 gives B = 2.
case("constant", [floats(2, 3)],
     "s = Shape(a0) r0 = ConstantOfShape<value = double[1] {0.25}>(s)")
case("iota", [floats(2, 3)],
     "s = Shape(a0) z = Constant<value_int=0>() n = Constant<value_int=3>() "
     "o = Constant<value_int=1>() i = Range(z, n, o) r0 = Expand(i, s)")
case("extent", [floats(2, 3)],
     "s = Shape<end=1>(a0) q = Squeeze(s) r0 = Cast<to=11>(q)")

# Shape.
case("broadcast", [floats(3), floats(2, 3)], "s = Shape(a1) r0 = Expand(a0, s)")
case("broadcast_outer", [floats(2), floats(2, 3)],
     "x = Constant<value_ints=[1]>() u = Unsqueeze(a0, x) s = Shape(a1) "
     "r0 = Expand(u, s)")
case("broadcast_scalar", [np.float64(1.5).reshape(()), floats(2, 3)],
     "s = Shape(a1) r0 = Expand(a0, s)")
case("transpose", [floats(2, 3, 4)], "r0 = Transpose<perm=[2, 0, 1]>(a0)")
case("reshape", [floats(2, 3, 4)],
     "s = Constant<value_ints=[2, 12]>() r0 = Reshape(a0, s)")
case("concat", [floats(2, 3), floats(2, 1), floats(2, 2)],
     "r0 = Concat<axis=1>(a0, a1, a2)")
case("split", [floats(2, 6)],
     "s = Constant<value_ints=[3, 1, 2]>() r0, r1, r2 = Split<axis=1>(a0, s)", 3)
case("stack", [floats(2, 3), floats(2, 3)],
     "q = SequenceConstruct(a0, a1) r0 = ConcatFromSequence<axis=1, new_axis=1>(q)")
case("unstack", [floats(2, 2, 3)],
     "x = Constant<value_ints=[1]>() p, q = Split<axis=1, num_outputs=2>(a0) "
     "r0 = Squeeze(p, x) r1 = Squeeze(q, x)", 2)
for name, start, end in [("slice", 1, 3), ("slice_last", -1, 2**31)]:
    case(name, [floats(4, 3)],
         f"b = Constant<value_ints=[{start}]>() e = Constant<value_ints=[{end}]>() "
         "x = Constant<value_ints=[0]>() r0 = Slice(a0, b, e, x)")
case("pad", [floats(2, 3)],
     "p = Constant<value_ints=[0, 1, 0, 2]>() r0 = Pad(a0, p)")
case("pad_last", [floats(1, 3), floats(4, 3)],
     "p = Constant<value_ints=[3, 0, 0, 0]>() r0 = Pad(a0, p)")
# [n = 5, k = 2] -> [n / 4, k, n % 4]
case("pack", [floats(5, 2)],
     "p = Constant<value_ints=[0, 0, 3, 0]>() w = Pad(a0, p) "
     "s = Constant<value_ints=[2, 4, 2]>() v = Reshape(w, s) "
     "r0 = Transpose<perm=[0, 2, 1]>(v)")
case("unpack", [floats(2, 2, 4)],
     "v = Transpose<perm=[0, 2, 1]>(a0) s = Constant<value_ints=[8, 2]>() "
     "w = Reshape(v, s) b = Constant<value_ints=[0]>() "
     "e = Constant<value_ints=[5]>() r0 = Slice(w, b, e, b)")

# Contractions and reductions.
for name, equation, lhs, rhs in [
        ("matmul", "bk,nk->bn", (2, 3), (4, 3)),
        ("gates", "bk,gnk->bgn", (2, 3), (2, 4, 3)),
        ("steps", "tbk,gnk->tbgn", (3, 2, 2), (2, 2, 2)),
        ("weights", "tbgn,tbk->gnk", (3, 2, 2, 2), (3, 2, 2)),
        ("outer", "a,b->ab", (2,), (3,)), ("dot", "k,k->", (3,), (3,)),
        ("lone", "bk,n->bn", (2, 3), (2,)), ("scaled", "ab,->ba", (2, 3), ())]:
    case(f"einsum_{name}", [np.asarray(floats(*lhs)), np.asarray(floats(*rhs))],
         f'r0 = Einsum<equation="{equation}">(a0, a1)')
for kind in ["Sum", "Max", "Min"]:
    case(f"reduce_{kind.lower()}", [floats(2, 3, 4)],
         f"x = Constant<value_ints=[0, 2]>() "
         f"r0 = Reduce{kind}<keepdims=0>(a0, x)")
case("reduce_max_nan", [numbers(1, nan, 2)],
     "x = Constant<value_ints=[0]>() r0 = ReduceMax<keepdims=0>(a0, x)")
case("argmax", [floats(2, 4)], "r0 = ArgMax<axis=1, keepdims=0>(a0)")
case("argmax_tie", [numbers(1, 3, 3, 2)], "r0 = ArgMax<axis=0, keepdims=0>(a0)")

# Structure. xs: [T = 4, B = 2, 3], h0: [B, 3], w: [3]
SCAN = ("Scan<num_scan_inputs=1, "
        "body = step (double[2,3] h, double[2,3] x) => (double[2,3] n, double[2,3] y)"
        "{ p = Mul(h, a2) s = Add(p, x) n = Tanh(s) y = Mul(n, x) }>")
FLIP = "Slice(%s, last, first, time, last)"
case("scan", [floats(4, 2, 3), floats(2, 3), floats(3)], f"r0, r1 = {SCAN}(a1, a0)", 2)
case("scan_reverse", [floats(4, 2, 3), floats(2, 3), floats(3)],
     "last = Constant<value_ints=[-1]>() first = Constant<value_ints=[-9]>() "
     f"time = Constant<value_ints=[0]>() x = {FLIP % 'a0'} "
     f"r0, y = {SCAN}(a1, x) r1 = {FLIP % 'y'}", 2)
case("kernel", [floats(2, 3)], "t = Tanh(a0) r0 = Add(t, a0) r1 = Exp(t)", 2)

# Indexing. Numbers that repeat, and of scatter_add's five rows not all.
WIDEN = "x = Constant<value_ints=[-1]>() l = Cast<to=7>(a1) i = Unsqueeze(l, x) "
case("gather", [floats(5, 3), ints(2, 4)], "r0 = Gather<axis=0>(a0, a1)")
case("gather_batch", [floats(2, 4, 3), ints(2, 2, high=4)],
     f"{WIDEN} r0 = GatherND<batch_dims=1>(a0, i)")
case("gather_one", [floats(2, 4), ints(2, high=4)],
     f"{WIDEN} r0 = GatherND<batch_dims=1>(a0, i)")
case("scatter_add", [floats(2, 4, 3), ints(2, 4, high=3)],
     f"{WIDEN} s = Constant<value_ints=[5, 3]>() "
     "z = ConstantOfShape<value = double[1] {0.0}>(s) "
     'r0 = ScatterND<reduction="add">(z, i, a0)')
case("scatter_add_batch", [floats(2, 2, 3), ints(2, 2, high=4)],
     "n = Constant<value_int=4>() v = Constant<value_floats=[0.0, 1.0]>() "
     "f = OneHot<axis=-1>(a1, n, v) d = Cast<to=11>(f) "
     'r0 = Einsum<equation="bin,bir->bnr">(d, a0)')

case("reverse", [floats(2, 4, 3)],
     "b = Constant<value_ints=[-1]>() e = Constant<value_ints=[-9]>() "
     "x = Constant<value_ints=[1]>() r0 = Slice(a0, b, e, x, b)")


def join(numbers):
    return ", ".join(str(x) for x in numbers)


# Windows: elements gathered by their places, from a tensor with zeros around;
# their adjoint: the product with the matrix of which place is which.
for name, shape, axis, count, size, stride, dilation, offset in [
        ("same", [2, 5, 2], 1, 5, 3, 1, 1, -1), ("strided", [2, 7], 1, 3, 3, 2, 1, 0),
        ("dilated", [7, 2], 0, 4, 3, 3, 2, -3), ("backward", [2, 5], 1, 6, 3, 1, -1, 1),
        ("sequence", [4, 2], 0, 4, 3, 1, 1, -2), ("tiles", [2, 6], 1, 2, 3, 3, 1, 0)]:
    places = [i * stride + j * dilation + offset for i in range(count) for j in range(size)]
    around = 16
    pads = [around if i == axis else 0 for i in range(len(shape))]
    case(f"window_{name}", [floats(*shape)],
         f"p = Constant<value_ints=[{join(pads + pads)}]>() x = Pad(a0, p) "
         f"i = Constant<value = int64[{count},{size}] {{{join(p + around for p in places)}}}>() "
         f"r0 = Gather<axis={axis}>(x, i)")
    windows = shape[:axis] + [count, size] + shape[axis + 1:]
    matrix = [int(place == n) for place in places for n in range(shape[axis])]
    before, behind = "ab"[:axis], "yz"[:len(shape) - axis - 1]
    case(f"fold_{name}", [floats(*windows)],
         f"m = Constant<value = double[{count},{size},{shape[axis]}] {{{join(matrix)}}}>() "
         f'r0 = Einsum<equation="{before}ij{behind},ijn->{before}n{behind}">(a0, m)')

# 2/√π ∫ e^-t² dt from 0 to x by Gauss and Legendre, since Erf rounds to single
# precision.
nodes, weights = np.polynomial.legendre.leggauss(40)
case("erf", [floats(2, 3)],
     "d = Constant<value_ints=[2]>() x = Unsqueeze(a0, d) "
     f"t = Constant<value = double[40] {{{join((nodes + 1) / 2)}}}>() "
     f"w = Constant<value = double[40] {{{join(weights / math.sqrt(math.pi))}}}>() "
     "z = Mul(x, t) q = Mul(z, z) n = Neg(q) e = Exp(n) p = Mul(e, w) "
     "s = ReduceSum<keepdims=0>(p, d) r0 = Mul(s, a0)")

case("log1p", [floats(2, 3, low=-0.9)],
     "o = Constant<value = double {1}>() x = Add(a0, o) r0 = Log(x)")

case("update_slice", [floats(2, 4, 3), floats(2, 1, 3), numbers(2, dtype=np.int32)[0]],
     "i = Constant<value = int32[1,4,1] {0,1,2,3}>() m = Equal(i, a2) r0 = Where(m, a1, a0)")


def is_close(found, expected):
    return (found["shape"] == expected["shape"] and
            all(a == b if isinstance(a, str) or isinstance(b, str)
                else math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-15)
                for a, b in zip(found["values"], expected["values"], strict=True)))


def check(path):
    with open(path) as file:
        known = json.load(file)
    wrong = [name for name in sorted(cases | known)
             if name not in known or name not in cases or not all(
                 is_close(a, b) for part in ["inputs", "results"]
                 for a, b in zip(known[name][part], cases[name][part], strict=True))]
    for name in wrong:
        print(f"{path}: case {name} is not what ONNX {onnx.__version__} gives")
    return 1 if wrong else 0


parser = argparse.ArgumentParser()
parser.add_argument("--check", action="store_true")
parser.add_argument("file")
options = parser.parse_args()
if options.check:
    sys.exit(check(options.file))
with open(options.file, "w") as file:
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in cases.items()]
    file.write("{\n" + ",\n".join(lines) + "\n}\n")
