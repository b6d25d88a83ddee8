# Part of Maek, under the MIT licence; see LICENSE.
"""ONNX's node tests, each as a model that Maek compiles: the operators of ONNX
written in the language, on ONNX's own inputs, against its own outputs.

onnx_nodes.txt says of each operator how many of its tests run, and why the others
do not: --update writes it anew."""
import collections
import pathlib
import sys
import textwrap
import unittest
import warnings

import numpy
from onnx.backend.test.loader import load_model_tests
from safetensors.numpy import save_file

from onnx_writers import FAMILIES, WRITERS, training
from onnx_writers.node import Node, Skip
from support import MaekTest, run

DTYPES = {"f32": numpy.float32, "f64": numpy.float64}
TABLE = pathlib.Path(__file__).with_name("onnx_nodes.txt")

# ONNX's own bound where ours of 1e-4 is too narrow: outputs that are written with
# four digits, and (x - m) - l, which Halide joins to x - (m + l): it is rounded at
# the size of x.
WIDE = {"test_averagepool_2d_ceil_last_window_starts_on_pad": 1e-3,
        "test_logsoftmax_large_number": 1e-3}


class Group:
    """The tests of one family and precision, as one model."""

    def __init__(self, family, precision):
        self.family, self.precision = family, precision
        self.members = []  # test, node, an expression for each output

    def text(self):
        lines = [FAMILIES[self.family].PRELUDE, "model M {"]
        for number, (_, node, texts) in enumerate(self.members):
            lines += [f"  input {name} : {kind}" for name, (kind, _) in node.inputs.items()]
            lines += [f"  {layer}" for layer in node.layers]
            for i, text in enumerate(texts):
                lines += [f"  y{number}_{i} = {text}", f"  output y{number}_{i}"]
        return "\n".join([*lines, "}", ""])

    def predict(self, program, folder):
        """What the program gives, in the order of the members and their outputs."""
        dtype = DTYPES[self.precision]
        words, weights = [], {}
        for number, (_, node, texts) in enumerate(self.members):
            for name, (kind, value) in node.inputs.items():
                file = folder / f"{name}.npy"
                numpy.save(file, (value if "class" in kind else value.astype(dtype))[None])
                words += ["--input", f"{name}={file}"]
            weights |= {name: numpy.ascontiguousarray(value, dtype)
                        for name, value in node.weights.items()}
            for i in range(len(texts)):
                words += ["--output", f"y{number}_{i}={folder}/y{number}_{i}.npy"]
        save_file(weights, folder / "weights.safetensors")
        run(program, "predict", "--weights", folder / "weights.safetensors", *words)
        return [[numpy.load(folder / f"y{number}_{i}.npy")[0] for i in range(len(texts))]
                for number, (_, _, texts) in enumerate(self.members)]


class OnnxNodes(MaekTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.groups = {}  # by family and precision
        cls.trained = {}  # by kind, pairs of a test and its node
        cls.ran = collections.Counter()
        cls.skipped = collections.defaultdict(collections.Counter)  # by operator, of reasons
        cls.graphs = collections.Counter()
        cls.without_writer = collections.Counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tests = load_model_tests(kind="node")
        for test in tests:
            nodes = test.model.graph.node if test.model else []
            if len(nodes) != 1:
                cls.graphs["several nodes" if nodes else "no model"] += 1
            elif nodes[0].op_type in WRITERS or nodes[0].op_type in training.OPS:
                try:
                    cls.add(test, nodes[0].op_type)
                    cls.ran[nodes[0].op_type] += 1
                except Skip as reason:
                    cls.skipped[nodes[0].op_type][str(reason)] += 1
            else:
                cls.without_writer[nodes[0].op_type] += 1
        cls.count = len(tests)

    @classmethod
    def add(cls, test, op):
        node = Node(test)
        if kind := training.kind_of(node):
            cls.trained.setdefault(kind, []).append((test.name, node))
            return
        family, write = WRITERS[op]
        group = cls.groups.setdefault((family, node.precision), Group(family, node.precision))
        node.prefix = f"x{len(group.members)}"
        found = write(node)
        texts = found if isinstance(found, list) else [found]
        assert len(texts) == len(node.outputs), test.name
        group.members.append((test.name, node, texts))

    def compare(self, test, found, needed, precision="f32"):
        with self.subTest(test):
            needed = numpy.asarray(needed, numpy.float64)
            self.assertEqual(numpy.shape(found), needed.shape)
            largest = numpy.abs(needed[numpy.isfinite(needed)]).max(initial=1e-6)
            bound = WIDE.get(test, 1e-4) if precision == "f32" else 1e-10
            numpy.testing.assert_allclose(found, needed, rtol=bound, atol=0.1 * bound * largest)

    def test_nodes(self):
        for (family, precision), group in self.groups.items():
            program = self.folder / f"{family}_{precision}"
            model = program.with_suffix(".maek")
            model.write_text(group.text())
            self.maek("build", model, "-o", program, f"--precision={precision}")
            results = group.predict(program, self.folder)
            for (test, node, _), outputs in zip(group.members, results, strict=True):
                for needed, found in zip(node.outputs, outputs, strict=True):
                    self.compare(test, found, needed, precision)

    def test_steps_of_training(self):
        for kind, members in self.trained.items():
            training.run_step(kind, members, self)

    def test_no_test_is_lost(self):
        self.assertEqual(self.count, sum(map(sum, (
            self.ran.values(), self.graphs.values(), self.without_writer.values(),
            (count for reasons in self.skipped.values() for count in reasons.values())))))
        table = self.table()
        if "--update" in sys.argv:
            TABLE.write_text(table)
        if "-v" in sys.argv:
            print(table)
        self.maxDiff = None
        self.assertEqual(TABLE.read_text(), table, "test_onnx_nodes.py --update writes it anew")

    def table(self):
        """How many tests of each operator run, and how many do not for what reason."""
        rows = [f"{sum(self.ran.values())} of {self.count} run", ""]
        for op in sorted(self.ran.keys() | self.skipped.keys()):
            reasons = ", ".join(f"{n} {reason}" for reason, n in sorted(self.skipped[op].items()))
            rows.append(f"{op:<26}{self.ran[op]:4}{'   not run: ' * bool(reasons)}{reasons}")
        rows += ["", *(f"not run: {n} of {kind}" for kind, n in sorted(self.graphs.items())), ""]
        others = ", ".join(f"{op} {n}" for op, n in sorted(self.without_writer.items()))
        return "\n".join([*rows, *textwrap.wrap(f"not run, without a writer: {others}", 100), ""])


if __name__ == "__main__":
    unittest.main(argv=[word for word in sys.argv if word != "--update"])
