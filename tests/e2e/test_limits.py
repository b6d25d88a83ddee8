# Part of Maek, under the MIT licence; see LICENSE.
"""Sequences that are longer than a table of learned positions: an error of one
line that names both sizes, and nothing written."""
import os
import unittest

import numpy

from support import SOURCE, MaekTest, run

TAGGER = """
model Tagger(longest = 6) {
  input  x : [T, 3]
  target y : [T]
  u    = LearnedPositions(longest, 3)(x)
  each = Linear(3, 1)(tanh(u))[:, 0]
  output each
  loss = mean((each - y)²)
}
train Tagger { data npy  optimizer sgd(lr = 0.1)  batch 2 }
"""

WRITER = """
model Writer(n = 16, d = 8) {
  input  text : [T] of class(n)
  target next : [T] of class(n)
  x      = LearnedPositions(12, d)(Embedding(n, d)(text))
  logits = Linear(d, n)(TransformerBlock(d, 2, causal = 1)(x))
  output logits
  loss   = mean(cross_entropy(logits, next))
}
train Writer { optimizer sgd(lr = 0.1)  batch 4 }
"""

CLIENT = """
#include "tagger.h"
#include <stdio.h>
int main(void) {
  float data[9 * 3] = {0};
  int64_t shape[] = {1, 6, 3};
  maek_tensor_t x = {"x", MAEK_F32, 3, shape, data};
  maek_model_t *model = NULL;
  if (maek_model_create(tagger_module(), NULL, &model) != MAEK_OK ||
      maek_model_forward(model, &x, 1) != MAEK_OK)
    return 1;
  shape[1] = 9;
  if (maek_model_forward(model, &x, 1) != MAEK_INVALID_ARGUMENT)
    return 2;
  puts(maek_model_last_error(model));
  shape[0] = (int64_t)1 << 40;
  shape[1] = 6;
  if (maek_model_forward(model, &x, 1) != MAEK_OUT_OF_MEMORY)
    return 3;
  puts(maek_model_last_error(model));
  maek_model_destroy(model);
  return 0;
}
"""

MESSAGE = "entry '{}': {} is {}, but 'learnedpositions.P' has rows for {} only"


class Limits(MaekTest):
    def build(self, text, name, *words):
        path = self.folder / f"{name}.maek"
        path.write_text(text)
        program = self.folder / name
        self.maek("build", path, "-o", program, *words)
        return program

    def refused(self, program, message, *words):
        done = run(program, *words, code=1)
        self.assertEqual(done.stderr, f"{program.name}: error: {message}\n")
        self.assertEqual(done.stdout, "")

    def test_training_and_prediction(self):
        program = self.build(TAGGER, "tagger")
        for steps in (6, 9):
            for split in ("train", "test"):
                numpy.save(self.folder / f"{split}-x.npy", numpy.ones((2, steps, 3), "f"))
                numpy.save(self.folder / f"{split}-y.npy", numpy.ones((2, steps), "f"))
            weights, log = self.folder / f"w{steps}.safetensors", self.folder / f"{steps}.csv"
            words = ["train", "--data-dir", self.folder, "--save", weights, "--log-csv", log]
            if steps == 6:
                run(program, *words)
            else:
                self.refused(program, MESSAGE.format("train_step", "T", 9, 6), *words)
                self.assertFalse(weights.exists() or log.exists())
        out = self.folder / "y.npy"
        self.refused(program, MESSAGE.format("forward", "T", 9, 6), "predict", "--weights",
                     self.folder / "w6.safetensors", "--input", self.folder / "test-x.npy",
                     "--output", out)
        self.assertFalse(out.exists())
        self.refused(program, MESSAGE.format("evaluate", "T", 9, 6), "eval", "--weights",
                     self.folder / "w6.safetensors", "--data-dir", self.folder)

    def test_generate(self):
        program = self.build(WRITER, "writer")
        text = self.folder / "text.txt"
        text.write_text("abcdefgh" * 20)
        weights = self.folder / "writer.safetensors"
        words = ["train", "--save", weights, "--data"]
        run(program, *words, f'text(file = "{text}", length = 12)')
        self.refused(program, MESSAGE.format("train_step", "T", 13, 12), *words,
                     f'text(file = "{text}", length = 13)')
        words = ["generate", "--weights", weights, "--prompt", "abc"]
        # The last of them is not read again.
        said = run(program, *words, "--length", "10").stdout
        self.assertEqual(len(said), 3 + 10 + 1)
        self.assertEqual(len(run(program, *words).stdout), 3 + 10 + 1)
        self.refused(program, "the prompt and --length together may be 13, found 3 + 11: the "
                     "model has learned no more positions", *words, "--length", "11")
        words[-1] = "abcdefgh" * 2
        self.refused(program, "the prompt may be 12, found 16: the model has learned no more "
                     "positions", *words)
        words[-1] = "abcdefghabcd"
        self.assertEqual(len(run(program, *words).stdout), 12 + 1 + 1)

    def test_c_interface(self):
        for kind, name in [("shared", "libtagger.so"), ("header", "tagger.h")]:
            (self.folder / "tagger.maek").write_text(TAGGER)
            self.maek("build", self.folder / "tagger.maek", "--emit=" + kind, "-o",
                      self.folder / name)
        (self.folder / "client.c").write_text(CLIENT)
        run(os.environ["CC"], self.folder / "client.c", "-I", self.folder, "-I",
            SOURCE / "runtime/include", "-L", self.folder, "-ltagger", "-o",
            self.folder / "client")
        done = run(self.folder / "client",
                   env={**os.environ, "LD_LIBRARY_PATH": str(self.folder)})
        self.assertEqual(done.stdout, MESSAGE.format("forward", "T", 9, 6) +
                         "\nentry 'forward': a tensor would have more than 2^31 - 1 numbers\n")


if __name__ == "__main__":
    unittest.main()
