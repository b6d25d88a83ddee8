# Part of Maek, under the MIT licence; see LICENSE.
"""models/seq2seq.maek: learns to say a sequence from last to first; what generate
says is what predict, given all that was said before, finds likeliest."""
import unittest

import numpy

from support import SOURCE, MaekTest, run

SYMBOLS, STEPS, LENGTHS = 4, 5, [5, 2, 4, 3]


class Seq2Seq(MaekTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls.folder / "seq2seq"
        cls.maek("build", SOURCE / "models/seq2seq.maek", "--set", f"symbols={SYMBOLS}",
                 "--set", "d=16", "--set", "heads=2", "--set", "depth=1", "-o", cls.program)
        cls.weights = cls.folder / "w.safetensors"
        cls.trained = run(cls.program, "train", "--data",
                          f"reverse(T = {STEPS}, shortest = 2, symbols = {SYMBOLS}, "
                          "n = 4000, test = 200)", "--epochs", "10", "--batch", "32",
                          "--lr", "0.01", "--save", cls.weights).stdout
        random = numpy.random.default_rng(3)
        cls.x = random.integers(0, SYMBOLS, (len(LENGTHS), STEPS))
        numpy.save(cls.folder / "x.npy", cls.x)
        numpy.save(cls.folder / "n.npy", numpy.array(LENGTHS))

    def inputs(self):
        return [word for name in ("x", "n")
                for word in ("--input", f"{name}={self.folder}/{name}.npy")]

    def generate(self, *words, code=0):
        return run(self.program, "generate", "--weights", self.weights, *words, code=code)

    def test_learns(self):
        accuracy = float(self.trained.rsplit("accuracy ", 1)[1].split(";")[0])
        self.assertGreater(accuracy, 0.95, self.trained)
        said = self.generate(*self.inputs(), "--length", str(STEPS), "--greedy").stdout
        right = 0
        for line, symbols, n in zip(said.splitlines(), self.x, LENGTHS):
            words = [int(word) for word in line.split()]
            right += sum(a == b for a, b in zip(words, symbols[:n][::-1]))
        self.assertGreater(right, 0.9 * sum(LENGTHS), said)

    def test_says_what_predict_finds_likeliest(self):
        before = numpy.full((len(LENGTHS), 1), SYMBOLS)
        for _ in range(STEPS):
            numpy.save(self.folder / "before.npy", before)
            run(self.program, "predict", "--weights", self.weights, *self.inputs(), "--input",
                f"before={self.folder}/before.npy", "--output", self.folder / "logits.npy")
            best = numpy.load(self.folder / "logits.npy")[:, -1].argmax(-1)
            before = numpy.concatenate([before, best[:, None]], 1)
        expected = "".join(" ".join(map(str, row)) + "\n" for row in before[:, 1:])
        said = self.generate(*self.inputs(), "--length", str(STEPS), "--greedy").stdout
        self.assertEqual(said, expected)
        # Up to a symbol, each line for itself.
        stop = int(before[0, 1])
        ends = "".join(" ".join(map(str, row[:row.index(stop) + 1] if stop in row else row)) + "\n"
                       for row in before[:, 1:].tolist())
        said = self.generate(*self.inputs(), "--length", str(STEPS), "--greedy", "--stop",
                             stop).stdout
        self.assertEqual(said, ends)
        # The first symbols given, the rest goes on in the same way.
        given = self.generate(*self.inputs(), "--length", str(STEPS - 1), "--greedy",
                              "--prompt", str(before[0, 1])).stdout
        self.assertEqual(given.splitlines()[0], expected.splitlines()[0])

    def test_errors(self):
        def check(message, *words, code=1):
            error = self.generate(*words, "--length", "3", code=code).stderr
            self.assertIn(message, error)
        inputs = self.inputs()
        check("--prompt: '4' is none of the symbols 0 to 3", *inputs, "--prompt", "0 4")
        check("--stop: '7' is none of the symbols 0 to 3", *inputs, "--stop", "7")
        check("--stop: ' ' names no symbol", *inputs, "--stop", " ")
        check("--prompt: 'x1' is none of the symbols 0 to 3", *inputs, "--prompt", "x1")
        check("option '--input' is needed for 'n'", *inputs[:2], code=2)
        check("the model has no input 'z'", "--input", "z=z.npy", code=2)
        numpy.save(self.folder / "wide.npy", self.x + 4)
        check("wide.npy: has class 7 at index 0; input 'x' needs 0 to 3", "--input",
              f"x={self.folder}/wide.npy", *inputs[2:])


if __name__ == "__main__":
    unittest.main()
