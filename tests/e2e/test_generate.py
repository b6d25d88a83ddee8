# Part of Maek, under the MIT licence; see LICENSE.
"""Text as data, a language model of it, and text that it generates."""
import itertools
import os
import re
import unittest

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from support import SOURCE, MaekTest, run

# Each character tells the next one, if one remembers a few.
VERSE = "pack my box with five dozen liquor jugs — now!\n"

BLOCK = """
weights torch of CharLSTM {
  "linear.W" = "decoder.weight"
  "linear.b" = "decoder.bias"
}
"""


class Generate(MaekTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.text = cls.folder / "verse.txt"
        cls.text.write_text(VERSE * 60)
        cls.program = cls.folder / "lm"
        model = cls.folder / "char_lstm.maek"
        model.write_text((SOURCE / "models/char_lstm.maek").read_text() + BLOCK)
        cls.maek("build", model, "--set", "n=32", "--set", "d=16",
                 "--set", "H=48", "-o", cls.program)
        cls.data = f'text(file = "{cls.text}", length = 40, stride = 7)'
        cls.weights = cls.folder / "lm.safetensors"
        cls.trained = run(cls.program, "train", "--data", cls.data, "--epochs", "40",
                          "--batch", "32", "--lr", "0.01", "--save", cls.weights)

    def generate(self, *words, code=0):
        return run(self.program, "generate", "--weights", self.weights, *words, code=code)

    def test_learns_and_says_the_verse(self):
        result = run(self.program, "eval", "--weights", self.weights, "--data", self.data)
        bits = float(re.search(r"bits ([\d.]+)", result.stdout).group(1))
        self.assertLess(bits, 0.5)
        said = self.generate("--greedy", "--prompt", VERSE + "pack my", "--length",
                             str(len(VERSE))).stdout
        self.assertTrue((VERSE * 3).startswith(said.rstrip("\n")), said)

    def test_ends_after_what_it_is_to_stop_at(self):
        words = ["--greedy", "--prompt", VERSE + "pack my", "--length", "200"]
        said = self.generate(*words).stdout
        # In the prompt it does not count.
        end = said.index("dozen", len(VERSE)) + len("dozen")
        self.assertEqual(self.generate(*words, "--stop", "dozen").stdout, said[:end] + "\n")
        self.assertEqual(self.generate(*words, "--stop", "\n").stdout,
                         said[:said.index("\n", len(VERSE)) + 1] + "\n")

    def test_choices_are_the_seeds(self):
        words = ["--prompt", "the ", "--length", "60", "--temperature", "3"]
        one = self.generate(*words, "--seed", "1").stdout
        self.assertEqual(one, self.generate(*words, "--seed", "1", "--threads", "1").stdout)
        self.assertNotEqual(one, self.generate(*words, "--seed", "2").stdout)
        greedy = self.generate(*words, "--greedy").stdout
        for option in (["--top-k", "1"], ["--top-p", "0.000001"]):
            self.assertEqual(greedy, self.generate(*words, *option).stdout)
        self.assertEqual(len(one), 4 + 60 + 1)
        # As many as there are: all.
        among = len(set(VERSE))
        self.assertEqual(one, self.generate(*words, "--seed", "1", "--top-k", among).stdout)
        few = self.generate(*words, "--seed", "1", "--top-k", among // 2).stdout
        self.assertNotEqual(one, few)
        self.assertNotEqual(few, greedy)

    def test_attention_says_the_verse(self):
        program, weights = self.folder / "decoder", self.folder / "decoder.safetensors"
        self.maek("build", SOURCE / "models/char_transformer.maek", "--set", "n=32", "--set",
                  "d=32", "--set", "heads=2", "--set", "depth=2", "-o", program)
        run(program, "train", "--data", self.data, "--epochs", "40", "--batch", "32", "--lr",
            "0.01", "--save", weights)
        # No longer than the windows: positions behind them were never seen.
        said = run(program, "generate", "--weights", weights, "--greedy", "--prompt",
                   VERSE[:12], "--length", "20").stdout
        self.assertEqual(said.rstrip("\n"), VERSE[:32])
        # As forward has it of the whole text, which is longer than the first room for keys.
        said = run(program, "generate", "--weights", weights, "--greedy", "--prompt",
                   VERSE[:12], "--length", "160").stdout[:-1]
        symbols = sorted(set(VERSE))
        text = np.array([[symbols.index(c) for c in said]], np.int32)
        np.save(self.folder / "said.npy", text)
        run(program, "predict", "--weights", weights, "--input", self.folder / "said.npy",
            "--output", self.folder / "scores.npy")
        scores = np.load(self.folder / "scores.npy")[0, 11:-1, :len(symbols)]
        self.assertEqual(scores.argmax(1).tolist(), text[0, 12:].tolist())

    def test_resume_keeps_the_characters(self):
        """A file of the same length in which one character became another."""
        text, weights = self.folder / "other.txt", self.folder / "resumed.safetensors"
        words = ["--save", weights, "--data", f'text(file = "{text}", length = 40)']

        def resume(content, code=0):
            text.write_text(content)
            return run(self.program, "train", "--resume", weights, "--epochs", "2", code=code)
        text.write_text(VERSE * 60)
        run(self.program, "train", *words, "--epochs", "1")
        before = weights.read_bytes()
        error = resume(VERSE * 59 + VERSE.replace("!", "?"), code=1).stderr
        self.assertEqual(error, f"lm: error: {text}: the character '?' is none of the "
                         f"{len(set(VERSE))} that the weights know\n")
        self.assertEqual(weights.read_bytes(), before)
        # Without its last "j" the characters behind it keep their classes.
        resume(VERSE.replace("j", "k") * 60)
        with safe_open(weights, "numpy") as file:
            self.assertEqual(file.metadata()["maek.text.symbols"], "".join(sorted(set(VERSE))))

    def test_converted_weights_keep_the_characters(self):
        words = ["generate", "--greedy", "--prompt", "pack", "--length", "20", "--weights"]
        said = run(self.program, *words, self.weights).stdout
        own, foreign = self.folder / "own.safetensors", self.folder / "foreign.safetensors"
        for weights, output, to in ((self.weights, own, []), (own, foreign, ["--to", "torch"]),
                                    (foreign, own, [])):
            output.unlink(missing_ok=True)
            run(self.program, "convert", "--weights", weights, "--output", output, *to)
            with safe_open(output, "numpy") as file:
                self.assertEqual(file.metadata()["maek.text.symbols"],
                                 "".join(sorted(set(VERSE))))
                # Of the run that they come from, nothing.
                self.assertNotIn("maek.data", file.metadata())
            self.assertEqual(run(self.program, *words, output).stdout, said)

    def test_checkpoints_that_could_not_be_read_are_not_begun(self):
        text = self.folder / os.fsdecode(b"caf\xe9.txt")
        text.write_text(VERSE * 60)
        weights = self.folder / "never.safetensors"
        words = ["train", "--epochs", "1", "--data", f'text(file = "{text}", length = 40)']
        done = run(self.program, *words, "--save", weights, code=1)
        self.assertEqual((done.stdout, done.stderr), (
            "", f"lm: error: {weights}: metadata 'maek.data' is no UTF-8 or too long, so the "
            "file could not be read again\n"))
        self.assertFalse(weights.exists())
        run(self.program, *words)

    def test_errors(self):
        def check(message, *words, code=1):
            error = self.generate(*words, code=code).stderr
            self.assertIn(message, error)
        check(f"--prompt: the character 'X' is none of the {len(set(VERSE))} that the "
              "weights know", "--prompt", "X")
        check("option '--top-p' needs a number up to 1, found '2'", "--top-p", "2", code=2)
        check("option '--prompt' needs a text", "--prompt", "", code=2)
        check("option '--stop' needs a text", "--stop", "", code=2)
        check("--stop: the character 'X' is none of the", "--stop", "X")
        plain = self.folder / "plain.safetensors"
        save_file(load_file(self.weights), plain)
        error = run(self.program, "generate", "--weights", plain, code=1).stderr
        self.assertIn("does not say which characters the classes are", error)
        with safe_open(self.weights, "numpy") as file:
            about = file.metadata()
        spoiled = load_file(self.weights)
        spoiled["linear.b"][3] = float("nan")
        save_file(spoiled, plain, about)
        error = run(self.program, "generate", "--weights", plain, code=1).stderr
        self.assertIn("the model gave the score nan to a symbol; are these weights of a "
                      "training that went wrong?", error)

    def test_other_models_cannot(self):
        other = self.folder / "lstm"
        self.maek("build", SOURCE / "models/lstm.maek", "--set", "H=16", "-o", other)
        error = run(other, "generate", "--weights", self.weights, code=1).stderr
        self.assertIn("the model cannot generate", error)

    def test_text_errors(self):
        def check(message, data):
            error = run(self.program, "train", "--data", data, code=1).stderr
            self.assertIn(message, error)
        check("nothing.txt", "text(file = nothing.txt)")
        many = self.folder / "many.txt"
        many.write_text("".join(chr(0x100 + i) for i in range(400)))
        check("has 400 different characters; input 'text' has 32 classes", f"text(file = {many})")


# What comes after a symbol is drawn from these, counted on from the symbol.
CHANCES = [0.10, 0.40, 0.03, 0.25, 0.07, 0.15]
DICE = """model Dice(n = 6) {
  input text : [T] of class(n)
  y = Embedding(n, n)(text)
  output y
}
"""


class Sampling(MaekTest):
    """The frequencies of what is drawn, with a fixed seed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.folder / "dice.maek").write_text(DICE)
        cls.program, cls.weights = cls.folder / "dice", cls.folder / "dice.safetensors"
        cls.maek("build", cls.folder / "dice.maek", "-o", cls.program)
        scores = np.log(np.array(CHANCES, np.float32))
        save_file({"embedding.E": np.stack([np.roll(scores, i) for i in range(6)])}, cls.weights,
                  {"maek.text.unit": "characters", "maek.text.symbols": "abcdef"})

    def check(self, expected, *words):
        """Counts 20000 draws; 30 is beyond the 99.99th percentile of χ² with 5 degrees."""
        draws = 20000
        said = run(self.program, "generate", "--weights", self.weights, "--prompt", "a",
                   "--length", draws, "--seed", "7", *words).stdout.rstrip("\n")
        self.assertEqual(len(said), draws + 1)
        found = [0] * 6
        for before, after in itertools.pairwise(said):
            found[(ord(after) - ord(before)) % 6] += 1
        expected = np.array(expected) / sum(expected) * draws
        self.assertEqual([n > 0 for n in found], [n > 0 for n in expected], (words, found))
        distance = sum((n - m) ** 2 / m for n, m in zip(found, expected, strict=True) if m > 0)
        self.assertLess(distance, 30, (words, found, expected))

    def test_temperature(self):
        self.check(CHANCES)
        self.check([p ** 2 for p in CHANCES], "--temperature", "0.5")
        self.check([p ** 0.25 for p in CHANCES], "--temperature", "4")

    def test_the_likeliest(self):
        self.check([0, 0.40, 0, 0.25, 0, 0.15], "--top-k", "3")
        self.check([0, 0.40, 0, 0.25, 0, 0], "--top-p", "0.6")
        self.check([0, 0.40, 0, 0.25, 0, 0.15], "--top-p", "0.7")
        self.check([0.10, 0.40, 0, 0.25, 0.07, 0.15], "--top-p", "0.96")
        # Of the three likeliest, squared, the first two have more than 0.9.
        self.check([0, 0.16, 0, 0.0625, 0, 0], "--top-k", "3", "--top-p", "0.9",
                   "--temperature", "0.5")


if __name__ == "__main__":
    unittest.main()
