# Part of Maek, under the MIT licence; see LICENSE.
"""The shared library and its header, used by a C program."""
import ctypes
import os
import unittest

import numpy

from library import Model, tensor
from support import SOURCE, MaekTest, run


class CApi(MaekTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for kind, name in [("shared", "liblstm.so"), ("header", "lstm.h")]:
            cls.maek("build", SOURCE / "models/lstm.maek", "--set", "H=24",
                     "--emit=" + kind, "-o", cls.folder / name)

    def client(self, source, *words):
        """What a C program on the library prints."""
        program = self.folder / source.removesuffix(".c")
        run(os.environ["CC"], "-std=c11", "-Wall", "-Wextra", "-Werror",
            SOURCE / "tests/e2e" / source, "-I", self.folder,
            "-I", SOURCE / "runtime/include", "-L", self.folder, "-llstm", "-lm",
            "-o", program)
        return run(program, *words,
                   env={**os.environ, "LD_LIBRARY_PATH": str(self.folder)}).stdout

    def test_train_predict_save_load(self):
        self.assertRegex(self.client("client.c", self.folder / "w.safetensors"),
                         r"(?s)loss .*refused: .*27")

    def test_a_step_allocates_nothing_once_warm(self):
        self.assertEqual(self.client("allocations.c"), "cold 1, warm 0\n")


CAUSAL = """
model CharLM(n = 7, d = 8) {
  input text : [T] of class(n)
  h      = PositionalEncoding(d)(Embedding(n, d)(text))
  for l in 1..2 { h = TransformerBlock(d, 2, causal = 1)(h) }
  logits = Linear(d, n)(LSTM(d, d)(h))
  output logits
}
"""
RECURRENT = """
model CharLM(n = 7, d = 8) {
  input text : [T] of class(n)
  logits = Linear(d, n)(GRU(d, d)(Embedding(n, d)(text)))
  output logits
}
"""


class Generation(MaekTest):
    def open(self, text, name):
        file, library = self.folder / f"{name}.maek", self.folder / f"lib{name}.so"
        file.write_text(text)
        self.maek("build", file, "--emit=shared", "-o", library)
        return Model(library, name)

    @staticmethod
    def step(model, piece):
        model.call("generate_step", ctypes.byref(tensor("text", piece)))
        return model.result("generate_step", "logits")

    def begin(self, model, longest):
        model.call("generate_begin", None, ctypes.c_size_t(0), ctypes.c_int64(longest))

    def check(self, text, name, pieces):
        """Piece after piece as all at once, for three texts, twice."""
        model, random = self.open(text, name), numpy.random.default_rng(1)
        for _ in range(2):
            whole = random.integers(0, 7, (3, sum(pieces))).astype("i4")
            model.run("forward", {"text": whole})
            needed = model.result("forward", "logits")
            self.begin(model, sum(pieces))
            found, at = [], 0
            for size in pieces:
                found.append(self.step(model, numpy.ascontiguousarray(whole[:, at:at + size])))
                at += size
            numpy.testing.assert_allclose(numpy.concatenate(found, axis=1), needed,
                                          rtol=1e-4, atol=1e-5)
        return model

    def expect(self, message, call, *words):
        with self.assertRaises(RuntimeError) as found:
            call(*words)
        self.assertEqual(str(found.exception), message)

    def test_attention_reads_class_after_class(self):
        one = numpy.zeros((3, 1), "i4")
        model = self.open(CAUSAL, "early")
        self.expect("no text was begun", self.step, model, one)
        self.expect("a text of 0 classes, needed at least 1", self.begin, model, 0)
        self.expect("no text was begun", self.step, model, one)
        model.close()
        model = self.check(CAUSAL, "causal", [1] * 70)
        self.expect("the text was begun with 70 classes, of which 70 are read: 1 more are too "
                    "many", self.step, model, one)
        self.begin(model, 5)
        self.step(model, one)
        with self.assertRaisesRegex(RuntimeError, "state"):
            self.step(model, one[:2])
        model.close()

    def test_cells_read_pieces(self):
        self.check(RECURRENT, "recurrent", [1, 5, 3, 1]).close()

    def test_header_has_what_is_given(self):
        file, header = self.folder / "model.maek", self.folder / "model.h"
        file.write_text(CAUSAL)
        self.maek("build", file, "--emit=header", "-o", header)
        entries = header.read_text().split("*/")[0]
        self.assertIn("generate_step\n *   input text", entries)
        self.assertNotIn("state.", entries)

    def test_a_model_that_cannot(self):
        library = self.folder / "librows.so"
        self.maek("build", SOURCE / "models/lstm.maek", "--set", "H=8", "--emit=shared",
                  "-o", library)
        model = Model(library, "rows")
        self.expect("the model cannot generate: it has no entry 'generate_step'",
                    self.begin, model, 5)
        model.close()


if __name__ == "__main__":
    unittest.main()
