# Part of Maek, under the MIT licence; see LICENSE.
"""`maek build --tune`: what a search keeps, and what a build makes of it."""
import json
import os
import re
import signal
import subprocess
import time
import unittest

import numpy

from support import BIN, MaekTest, run, run_on_terminal

MODEL = "model M {\n  input x : [96]\n  y = relu(Linear(96, 64)(x))\n  output y\n}\n"


class Tune(MaekTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model, cls.file = cls.folder / "m.maek", cls.folder / "m.tune.json"
        cls.model.write_text(MODEL)
        numpy.save(cls.folder / "x.npy", numpy.random.default_rng(1).random((37, 96), dtype=numpy.float32))
        cls.build()
        run(cls.folder / "m", "info")
        cls.untuned = cls.predict()
        # One search whose file the tests then change.
        cls.search = cls.build("--tune=3", "--batch", 64, "--tune-threads", 1)
        cls.found = json.loads(cls.file.read_text())

    @classmethod
    def build(cls, *words, **options):
        return cls.maek("build", cls.model, "-o", cls.folder / "m", *words, **options)

    @classmethod
    def predict(cls):
        weights = cls.folder / "w.safetensors"
        if not weights.exists():
            header = json.dumps({name: {"dtype": "F32", "shape": shape, "data_offsets": place} for name, shape, place in
                                 (("linear.W", [64, 96], [0, 24576]), ("linear.b", [64], [24576, 24832]))}).encode()
            numbers = numpy.random.default_rng(2).standard_normal(6208, dtype=numpy.float32)
            weights.write_bytes(len(header).to_bytes(8, "little") + header + numbers.tobytes())
        run(cls.folder / "m", "predict", "--weights", weights, "--input", cls.folder / "x.npy", "--output",
            cls.folder / "y.npy")
        return numpy.load(cls.folder / "y.npy")

    def change(self, **fields):
        """The file with other fields of its one machine, or of its kernel."""
        text = json.loads(json.dumps(self.found))
        machine = text["tuned"][0]
        for name, value in fields.items():
            (machine if name in machine else machine["kernels"][0])[name] = value
        self.file.write_text(json.dumps(text, indent=1))

    def test_a_search(self):
        """Is quiet without a terminal; what it finds is the same function."""
        self.assertEqual(self.search.stderr, "")
        machine, = self.found["tuned"]
        self.assertEqual(machine["threads"], 1)
        kernel, = machine["kernels"]
        self.assertRegex(kernel["choice"], r"^product rows=\d+ vectors=\d+ gates=1 task=\d+$")
        self.assertEqual(kernel["sizes"], "B=64")
        self.assertGreater(kernel["us"], 0)
        self.assertGreater(kernel["modelled_us"], 0)
        self.assertLess(numpy.abs(self.predict() - self.untuned).max(), 1e-5 * numpy.abs(self.untuned).max())

    def test_a_later_build(self):
        choice = "product rows=5 vectors=1 gates=1 task=7"
        self.change(choice=choice)
        said = self.build("--tune-threads", 1, "--remarks=passed").stderr
        self.assertIn(f"{self.file}:1:1: remark: took the choices of 1 kernel, found on ", said)
        self.assertRegex(said, rf"remark: scheduled as tuned, {choice}: tiles of 5 x \d+ of 64 columns: ")
        # The kernel is in the cache now; what is said of it stays.
        self.assertEqual(self.build("--tune-threads", 1, "--remarks=passed").stderr, said)
        self.assertTrue((self.predict() == self.untuned).all() or
                        numpy.abs(self.predict() - self.untuned).max() < 1e-5 * numpy.abs(self.untuned).max())

    def test_results_that_do_not_count(self):
        for fields, words, expected in (
                ({"processor": "Abacus"}, [], r"left the results of other machines \(Abacus, 1 thread, "),
                ({"compiler": "maek 0"}, [], "left the results, which another version of the compiler found; tune again"),
                ({}, ["--tune-threads", "2"], "left the results of other machines "),
                ({"choice": "product rows=1000 vectors=1 gates=1 task=1"}, [],
                 r"left the tuned 'product rows=1000 vectors=1 gates=1 task=1': it does not fit"),
                ({"choice": "elementwise block=4096"}, [], "left the tuned 'elementwise block=4096': it does not fit")):
            self.change(**fields)
            said = self.build(*(words or ["--tune-threads", "1"]), "--remarks=missed").stderr
            self.assertRegex(said, "remark: " + expected)
        self.file.unlink()
        self.assertNotIn("tune", self.build("--remarks=missed").stderr)

    def test_codes(self):
        """Kernels that take and give codes of 8 bits run, too."""
        other = self.folder / "int8.tune.json"
        self.assertEqual(self.build("--precision=int8", "--tune=2", "--tune-file", other).stderr, "")
        machine, = json.loads(other.read_text())["tuned"]
        self.assertTrue(machine["kernels"])

    def test_broken_files(self):
        whole = json.dumps(self.found, indent=1)
        line = whole[:whole.index('"choice"')].count("\n") + 1
        for text, expected in (
                ('{"tuned": [\n', r"2:1: error: tuning results: .+"),
                ("", r"1:1: error: tuning results: .+"),
                ("[" * 100_000, "1:17: error: tuning results: too many brackets inside of one another"),
                ('{"tuned": 5}', r"1:1: error: tuning results: expected array at .*tuned"),
                (whole.replace('"key"', '"kee"'), r"1:1: error: tuning results: missing value at .*\.key"),
                (re.sub(r'"choice": "[^"]*"', '"choice": "product rows=x"', whole),
                 rf"{line}:\d+: error: tuning results: 'product rows=x' is no choice such as 'elementwise block=8192'")):
            self.file.write_text(text)
            for words in ([], ["--tune=1"]):
                said = self.build(*words, code=1).stderr
                self.assertRegex(said, rf"^{re.escape(str(self.file))}:{expected}\n")
            self.assertEqual(self.file.read_text(), text)

    def test_interrupted(self):
        """Ctrl-C ends the search alone."""
        self.file.unlink(missing_ok=True)
        out, temporary = self.folder / "cut", self.folder / "temporary"
        temporary.mkdir()
        with subprocess.Popen([BIN / "maek", "build", self.model, "-o", out, "--tune=300"],
                              env={**os.environ, "TMPDIR": str(temporary)}, stderr=subprocess.PIPE, text=True,
                              preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as process:
            deadline = time.monotonic() + 120
            while not list(temporary.glob("maek-*/candidate_*.so")) and time.monotonic() < deadline:
                self.assertIsNone(process.poll())
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(60), 0)
            self.assertEqual(process.stderr.read(), "")
        self.assertEqual(len(json.loads(self.file.read_text())["tuned"]), 1)
        self.assertIn("forward", run(out, "info").stdout)
        self.assertEqual(os.listdir(temporary), [])

    def test_progress_on_a_terminal(self):
        other = self.folder / "other.tune.json"
        code, text = run_on_terminal(BIN / "maek", "build", self.model, "-o", self.folder / "m", "--tune=2.5",
                                     "--tune-file", other)
        self.assertEqual(code, 0)
        lines = text.split("\r\x1b[K")
        shown = [line for line in lines if line.startswith("tuning ")]
        self.assertRegex(shown[0], r"^tuning [0-2]/2\.5 s: 0 tried, 0 kernels faster, now product_0; Ctrl-C keeps them$")
        self.assertEqual(lines[-1], "")
        self.assertTrue(other.exists())

    def test_command_lines(self):
        self.file.unlink(missing_ok=True)
        for words, expected in (
                (["--tune=0"], "--tune is a number of seconds above 0, up to 604800"),
                (["--tune=1", "--target=x86-64-linux"], "--tune runs kernels on this machine; it goes with no --target"),
                (["--tune=1", "--emit=stmt"], "--tune goes with outputs that have code"),
                (["--tune=1", "--dim", "T"], "--dim takes NAME=SIZE, not 'T'"),
                (["--tune=1", "--batch", "0"], "--batch is 1 to 1073741824, not 0"),
                (["--tune-threads", "0"], "--tune-threads is 1 to 256, not 0"),
                (["--batch", "4"], "--batch and --dim are sizes for --tune and --memory-limit")):
            self.assertIn(expected, self.build(*words, code=2).stderr)
        self.assertIn("cannot read none.json: no such file; --tune makes it",
                      self.build("--tune-file", "none.json", code=1).stderr)
        sequence = self.folder / "sequence.maek"
        sequence.write_text("model S {\n  input x : [T, 4]\n  y = relu(x)\n  output y\n}\n")
        self.assertIn("error: tuning needs sizes that only a run knows: --dim T=N\n",
                      self.maek("build", sequence, "-o", self.folder / "s", "--tune=1", code=1).stderr)
        self.assertIn("error: the model has no dynamic size 'Q'\n", self.build("--tune=1", "--dim", "Q=3", code=1).stderr)


if __name__ == "__main__":
    unittest.main()
