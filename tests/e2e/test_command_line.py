# Part of Maek, under the MIT licence; see LICENSE.
"""What `maek` and a compiled program say to a wrong command line."""
import os
import unittest

from support import BIN, SOURCE, MaekTest, run

MODEL = "models/lstm.maek"


class Compiler(MaekTest):
    def expect(self, code, text, *words):
        done = run(BIN / "maek", *words, code=code, cwd=SOURCE)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.splitlines()[0], text)

    def build(self, code, text, *words):
        out = self.folder / "out"
        self.expect(code, text, "build", MODEL, "-o", out, *words)
        self.assertFalse(out.exists())

    def test_usage(self):
        self.expect(2, "maek: unknown command 'biuld'; did you mean 'build'?; see maek help", "biuld")
        self.expect(2, "maek build: -o OUT is needed; see maek build --help",
                    "build", MODEL)
        self.build(2, "maek build: --emit cannot be 'elf'; there are exe, shared, "
                   "static, object, header, llvm, asm, stmt, kernel-llvm and kernel-asm; "
                   "see maek build --help",
                   "--emit=elf")
        self.build(2, "maek build: --jobs is 0 or more, not -1; "
                   "see maek build --help", "-j", "-1")
        self.build(2, "maek build: --precision is f32 or f64, not 'f16'; "
                   "see maek build --help", "--precision=f16")
        self.build(2, "maek build: --set takes NAME=VALUE, not 'H'; "
                   "see maek build --help", "--set", "H")
        self.expect(2, "maek check: a model file is needed; see maek check --help",
                    "check")

    def test_values(self):
        self.expect(1, "none.maek: error: cannot read the file: "
                    "no such file or directory", "check", "none.maek")
        self.build(1, f"{MODEL}:19:7: error: model 'RowLSTM' has no hyperparameter 'Q'",
                   "--set", "Q=1")
        self.build(1, f"{MODEL}:19:7: error: hyperparameter 'H' needs a number, "
                   "found 'big'",
                   "--set", "H=big")
        self.build(1, f"{MODEL}:5:31: error: a dimension must be a positive whole "
                   "number, found 0", "--set", "H=0")
        self.build(1, f"{MODEL}:19:7: error: unknown target 'z80', expected 'host' or a "
                   "Halide target such as 'x86-64-linux-avx2-fma-f16c-sse41'",
                   "--target=z80")

    def test_model_files_are_not_written_over(self):
        model = self.folder / "own.maek"
        model.write_text((SOURCE / MODEL).read_text())
        self.expect(1, f"{model}:19:7: error: cannot write {model}: a name of a model file; "
                    "nothing is written over one", "build", model, "-o", model)
        self.assertEqual(model.read_text(), (SOURCE / MODEL).read_text())
        model.unlink()

    def test_data_set(self):
        text = (SOURCE / MODEL).read_text().replace("data fashion_mnist", "data fashoin-mnist")
        file = self.folder / "typo.maek"
        file.write_text(text.replace("fashoin-mnist", '"fashoin-mnist"'))
        line = next(i for i, words in enumerate(file.read_text().splitlines(), 1)
                    if "fashoin" in words)
        self.expect(1, f"{file}:{line}:8: error: unknown data set 'fashoin-mnist'; "
                    "did you mean 'fashion_mnist'?", "check", file)
        file.unlink()

    def test_long_chain_of_powers(self):
        file = self.folder / "powers.maek"
        file.write_text("model M {\n  input x : [2]\n  y = x" + "^2" * 50000 + "\n  output y\n}\n")
        self.expect(1, f"{file}:3:406: error: this expression nests too deeply", "check", file)
        file.unlink()

    def test_output_that_cannot_be_written(self):
        missing = self.folder / "none" / "out"
        self.expect(1, f"{missing}: error: cannot write: there is no folder "
                    f"{missing.parent}", "build", MODEL, "-o", missing)
        self.expect(1, f"{MODEL}:19:7: error: cannot write {self.folder}: "
                    "Is a directory", "build", MODEL, "-o", self.folder)
        self.assertEqual(os.listdir(self.folder), [])

    def test_help_on_standard_output(self):
        for words in (["help"], ["build", "--help"], ["ir", "--help"], ["--version"]):
            done = run(BIN / "maek", *words)
            self.assertTrue(done.stdout and not done.stderr)


if __name__ == "__main__":
    unittest.main()
