# Part of Maek, under the MIT licence; see LICENSE.
"""Training on real data: what it reaches, and that it is reproducible."""
import json
import re
import signal
import subprocess
import time
import unittest

import numpy
from safetensors.numpy import load_file

from support import DATA, SOURCE, MaekTest, run


@unittest.skipUnless(DATA.exists(), f"{DATA} is missing: package dataset-fashion-mnist")
class Train(MaekTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls.folder / "lstm"
        cls.maek("build", SOURCE / "models/lstm.maek", "--set", "H=16", "-o", cls.program)

    def train(self, name, *words, **options):
        path = self.folder / name
        run(self.program, "train", "--save", path, "--seed", "7", *words, **options)
        return path

    def test_learns(self):
        weights = self.train("learned.safetensors", "--epochs", "1")
        result = run(self.program, "eval", "--weights", weights).stdout
        accuracy = float(re.search(r"accuracy\D+([\d.]+)", result).group(1))
        self.assertGreater(accuracy, 0.5 if accuracy <= 1 else 50)

    def test_threads_change_no_bit(self):
        one = self.train("one.safetensors", "--epochs", "1", "--threads", "1")
        for threads in ("2", "3"):
            other = self.train("other.safetensors", "--epochs", "1", "--threads", threads)
            self.assertEqual(one.read_bytes(), other.read_bytes(), threads)

    def test_interrupted_and_resumed_is_uninterrupted(self):
        whole = self.train("whole.safetensors", "--epochs", "2")
        part, log = self.folder / "part.safetensors", self.folder / "part.jsonl"
        process = subprocess.Popen(
            [self.program, "train", "--save", part, "--seed", "7", "--epochs", "2",
             "--log-jsonl", log, "--log-every", "1"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while process.poll() is None and (
                not log.exists() or len(log.read_text().splitlines()) < 5):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=60)[1].decode()
        self.assertEqual(process.returncode, 130)
        self.assertIn(": interrupted: saving after this step; once more ends at once, without "
                      "saving\n", told)
        run(self.program, "train", "--resume", part, "--save", part, "--epochs", "2",
            "--seed", "7")
        a, b = load_file(whole), load_file(part)
        self.assertEqual(a.keys(), b.keys())
        for name in a:
            numpy.testing.assert_array_equal(a[name], b[name], name)

    def test_logs(self):
        log = self.folder / "log.jsonl"
        self.train("logged.safetensors", "--epochs", "1", "--log-jsonl", log)
        rows = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertTrue(rows and all("loss" in row for row in rows))


class TrainWithChance(MaekTest):
    """Embedding and dropout: random numbers that nothing but the seed and the
    step changes."""
    MODEL = """
model Echo(d = 48) {
  input  x : [25] of class(10)
  target y : [10] of class(8)
  h      = GRU(d, d)(dropout(Embedding(10, d)(x), 0.2))
  logits = Linear(d, 8)(dropout(h[15:], 0.1))
  output logits
  loss   = mean(cross_entropy(logits, y))
}

train Echo {
  data copy(delay = 5, n = 512, test = 64)
  optimizer adam(lr = 1e-2)
  batch 64  epochs 2
}
"""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.folder / "echo.maek").write_text(cls.MODEL)
        cls.program = cls.folder / "echo"
        cls.maek("build", cls.folder / "echo.maek", "-o", cls.program)

    def train(self, name, *words):
        path = self.folder / name
        run(self.program, "train", "--save", path, *words)
        return load_file(path)

    def check_equal(self, a, b):
        self.assertEqual(a.keys(), b.keys())
        for name in a:
            numpy.testing.assert_array_equal(a[name], b[name], name)

    def test_threads_and_resuming_change_no_bit(self):
        whole = self.train("whole.safetensors", "--seed", "7", "--threads", "1")
        for threads in ("2", "3"):
            self.check_equal(whole, self.train("other.safetensors", "--seed", "7",
                                               "--threads", threads))
        half = self.folder / "half.safetensors"
        run(self.program, "train", "--save", half, "--seed", "7", "--epochs", "1")
        self.check_equal(whole, self.train("resumed.safetensors", "--seed", "7",
                                           "--resume", half, "--epochs", "2"))

    def test_chance_is_in_training_only(self):
        weights = self.folder / "chance.safetensors"
        run(self.program, "train", "--save", weights)
        results = {run(self.program, "eval", "--weights", weights).stdout
                   for _ in range(2)}
        self.assertEqual(len(results), 1)


if __name__ == "__main__":
    unittest.main()
