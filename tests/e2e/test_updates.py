# Part of Maek, under the MIT licence; see LICENSE.
"""Updates: of several batches, and the averages of weights."""
import json
import signal
import subprocess
import time
import unittest

import numpy
from safetensors.numpy import load_file, save_file

from support import MaekTest, run

MODEL = """
model Adder(T = 6, H = 8, n = 1) {
  input  x : [T, 2]
  target y : []
  sum  = Linear(H, 1)(RNN(2, H)(x)[-1])[0]
  loss = (sum - y)²
  metric far = where(loss > 0.1, 1, 0)
  output sum
}
train Adder {
  data adding(T = T, n = 200, test = 100)
  optimizer adam(lr = 1e-2)  clip_norm 0.5
  batch 32  accumulate n  epochs 3
  SETTINGS
}
"""
DECAY = 0.4


class Updates(MaekTest):
    @classmethod
    def build(cls, name, *words, settings=""):
        file = cls.folder / (name + ".maek")
        file.write_text(MODEL.replace("SETTINGS", settings))
        cls.maek("build", file, "-o", cls.folder / name, *words)
        return cls.folder / name

    def train(self, program, name, *words):
        weights = self.folder / (name + ".safetensors")
        run(program, "train", "--save", weights, *words)
        return weights

    def test_batches_make_the_update_of_one_large_batch(self):
        """The last batch and the last update of an epoch are smaller ones."""
        runs = []
        for n, batch in ((1, 32), (4, 8)):
            program = self.build(f"of{n}", "--set", f"n={n}", "--precision=f64",
                                 settings="schedule cosine")
            log = self.folder / f"of{n}.jsonl"
            weights = load_file(self.train(
                program, f"of{n}", "--batch", batch, "--log-jsonl", log,
                "--log-every", "1"))
            rows = [json.loads(line) for line in log.read_text().splitlines()]
            runs.append((weights, rows))
        (whole, rows), (parts, others) = runs
        for name in whole:
            numpy.testing.assert_allclose(parts[name], whole[name], rtol=1e-9,
                                          atol=1e-12, err_msg=name)
        self.assertTrue(all(
            (parts[name] == 0).all() for name in parts if "accumulated" in name))
        for row, other in zip(rows, others, strict=True):
            self.assertEqual(row["step"], other["step"])
            if row["split"] != "test":
                self.assertAlmostEqual(row["grad_norm"], other["grad_norm"], 10)
            if row["split"] != "step":
                self.assertAlmostEqual(row["loss"], other["loss"], 10)

    def interrupt_and_resume(self, program, name, *words):
        """Stops somewhere in the middle; the weights in the end."""
        part, log = (self.folder / (name + kind) for kind in (".safetensors", ".jsonl"))
        process = subprocess.Popen(
            [program, "train", "--save", part, "--log-jsonl", log, "--log-every",
             "1", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while process.poll() is None and (
                not log.exists() or len(log.read_text().splitlines()) < 5):
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        run(program, "train", "--resume", part)
        return load_file(part)

    def test_interrupted_and_resumed_is_uninterrupted(self):
        """In the midst of an update, too; with averages."""
        program = self.build("resumed", "--set", "n=7",
                             settings=f"average {DECAY}")
        words = ["--batch", "3", "--epochs", "40"]
        whole = load_file(self.train(program, "whole", *words))
        part = self.interrupt_and_resume(program, "part", *words)
        self.assertEqual(whole.keys(), part.keys())
        for name in whole:
            numpy.testing.assert_array_equal(whole[name], part[name], name)

    def test_other_number_of_batches_does_not_go_on(self):
        weights = self.train(self.build("three", "--set", "n=3"), "three")
        program = self.build("two", "--set", "n=2")
        done = run(program, "train", "--resume", weights, code=1)
        self.assertEqual(
            done.stderr, f"two: error: {weights}: was written with accumulate 3, "
            "cannot go on with 2\n")

    def test_average_is_numpys(self):
        """One update an epoch, the weights after each of them."""
        for n in (1, 2):
            program = self.build(f"average{n}", "--set", f"n={n}",
                                 settings=f"average {DECAY}")
            weights = self.folder / f"average{n}.safetensors"
            batch = ["--batch", 200 // n]
            run(program, "train", "--save", weights, "--epochs", "1", *batch)
            average = {}
            for t in range(1, 9):
                if t > 1:
                    run(program, "train", "--resume", weights, "--epochs", t)
                stored = load_file(weights)
                names = [name for name in stored if "average." + name in stored]
                self.assertEqual(len(names), 4)
                for name in names:
                    share = max(1 - DECAY, 9 / (t + 8))
                    known = average.get(name, numpy.zeros_like(stored[name]))
                    average[name] = known + share * (stored[name] - known)
                    numpy.testing.assert_allclose(
                        stored["average." + name], average[name], rtol=1e-5,
                        atol=1e-7, err_msg=f"{name} after {t}")
            self.check_use(program, weights, stored, names)

    def check_use(self, program, weights, stored, names):
        """eval and predict speak of the averages."""
        def evaluate(path):
            return json.loads(run(program, "eval", "--weights", path, "--json").stdout)
        files = {}
        for kind in ("", "average."):
            files[kind] = self.folder / f"{kind}alone.safetensors"
            save_file({name: stored[kind + name] for name in names}, files[kind])
        self.assertEqual(evaluate(weights), evaluate(files["average."]))
        self.assertNotEqual(evaluate(weights), evaluate(files[""]))
        x = numpy.random.default_rng(1).uniform(0, 1, (5, 6, 2)).astype("f4")
        numpy.save(self.folder / "x.npy", x)
        outputs = []
        for path in (weights, files["average."]):
            run(program, "predict", "--weights", path, "--input",
                self.folder / "x.npy", "--output", self.folder / "y.npy")
            outputs.append(numpy.load(self.folder / "y.npy"))
        numpy.testing.assert_array_equal(*outputs)

    def test_a_run_begins_with_the_weights_of_a_file(self):
        """Of a checkpoint, with the averages; its optimizer is forgotten."""
        program = self.build("begun", settings=f"average {DECAY}")
        first = self.train(program, "first")
        stored = load_file(first)
        plain = self.folder / "plain.safetensors"
        save_file({name: stored["average." + name] for name in stored
                   if "average." + name in stored}, plain)
        whole, part, fresh = (
            load_file(self.train(program, f"second{n}", "--epochs", "2", *words))
            for n, words in enumerate((["--weights", first], ["--weights", plain], [])))
        self.assertEqual(whole.keys(), stored.keys())
        for name in whole:
            numpy.testing.assert_array_equal(whole[name], part[name], name)
            self.assertTrue((whole[name] != fresh[name]).any(), name)

        def expect(code, message, *words):
            never = self.folder / "never.safetensors"
            done = run(program, "train", "--save", never, *words, code=code)
            self.assertEqual(done.stderr.splitlines()[0], f"begun: error: {message}")
            self.assertFalse(never.exists())
        expect(2, "option '--weights' is for a new run; with '--resume' the checkpoint "
               "has the weights", "--weights", first, "--resume", first)
        expect(1, f"{first}2: cannot open: No such file or directory", "--weights",
               f"{first}2")

    def test_fresh_parameters_begin_anew(self):
        """Whether the file lacks them or has others, with what training keeps of them."""
        program = self.build("renewed", settings=f"average {DECAY}")
        stored = load_file(self.train(program, "first"))
        still = ["--epochs", "1", "--lr", "1e-30"]
        begun = load_file(self.train(program, "untrained", *still))
        lacking = {name: value for name, value in stored.items() if "linear" not in name}
        longer = {name: numpy.concatenate([value, value]) if "linear" in name else value
                  for name, value in stored.items()}
        file = self.folder / "other.safetensors"
        for tensors, patterns in ((lacking, "linear.*"), (longer, "linear.W,*r.b"),
                                  (stored, "linear.?")):
            save_file(tensors, file)
            found = load_file(self.train(program, "renewed", *still, "--weights", file,
                                         "--fresh", patterns))
            for name in (name for name in stored if "average." + name in stored):
                needed = begun[name] if "linear" in name else stored["average." + name]
                for kind in ("", "average."):
                    numpy.testing.assert_allclose(found[kind + name], needed, rtol=0,
                                                  atol=1e-20, err_msg=name)

        def expect(code, message, *words):
            done = run(program, "train", *words, code=code)
            self.assertEqual(done.stderr.splitlines()[0], f"renewed: error: {message}")
        expect(1, "no parameter of 'Adder' has a name like 'adam.m.linear.W'", "--weights",
               file, "--fresh", "linear.W,adam.m.linear.W")
        expect(2, "option '--fresh' needs '--weights'", "--fresh", "linear.W")
        save_file(longer, file)
        self.assertIn("linear.W", run(program, "train", "--weights", file, "--fresh",
                                      "linear.b", code=1).stderr)


if __name__ == "__main__":
    unittest.main()
