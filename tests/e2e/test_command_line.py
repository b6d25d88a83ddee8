# Part of Maek, under the MIT licence; see LICENSE.
"""What `maek` and a compiled program say to a wrong command line."""
import os
import re
import subprocess
import unittest

from support import BIN, SOURCE, MaekTest, run

MODEL = "models/lstm.maek"

# Below an equation stand the layers that it applies, below these their own equations.
SHAPES = """\
model RowLSTM
models/lstm.maek:20  image              [28, 28]
models/lstm.maek:21  label              class(10)
models/lstm.maek:22  h                  [28, 128]
models/lstm.maek:22    LSTM(28, 128)    [28, 128]
models/lstm.maek:10      f              [128]
models/lstm.maek:11      i              [128]
models/lstm.maek:12      c              [128]
models/lstm.maek:13      C              [128]
models/lstm.maek:14      o              [128]
models/lstm.maek:15      h              [128]
models/lstm.maek:23  logits             [10]
models/lstm.maek:23    Linear(128, 10)  [10]
models/lstm.maek:25  loss               []
models/lstm.maek:26  accuracy           []
"""


class Compiler(MaekTest):
    def expect(self, code, text, *words):
        done = run(BIN / "maek", *words, code=code, cwd=SOURCE)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.splitlines()[0], text)

    def build(self, code, text, *words):
        out = self.folder / "out"
        self.expect(code, text, "build", MODEL, "-o", out, *words)
        self.assertFalse(out.exists())

    def test_every_model_file_is_right(self):
        files = sorted(file for folder in ("bench", "models", "tests/support")
                       for file in (SOURCE / folder).rglob("*.maek"))
        self.assertIn(SOURCE / "bench/peers/transformer.maek", files)
        for file in files:
            with self.subTest(file):
                self.assertEqual(run(BIN / "maek", "check", file).stderr, "")

    def test_usage(self):
        self.expect(2, "maek: unknown command 'biuld'; did you mean 'build'?; see maek help", "biuld")
        self.expect(2, "maek build: -o OUT is needed; see maek build --help",
                    "build", MODEL)
        self.build(2, "maek build: --emit cannot be 'elf'; there are exe, shared, "
                   "static, object, header, llvm, asm, stmt, kernel-llvm, kernel-asm and "
                   "device; "
                   "see maek build --help",
                   "--emit=elf")
        self.build(2, "maek build: --jobs is 0 or more, not -1; "
                   "see maek build --help", "-j", "-1")
        self.build(2, "maek build: --precision is f32, f64, bf16, int8 or tf32, not 'f16'; "
                   "see maek build --help", "--precision=f16")
        self.build(2, "maek build: --set takes NAME=VALUE, not 'H'; "
                   "see maek build --help", "--set", "H")
        self.build(2, "maek build: --memory-limit takes bytes, as 800kB, 512MB or 2GB, not "
                   "'2 GB'; see maek build --help", "--memory-limit=2 GB")
        self.expect(2, "maek check: a model file is needed; see maek check --help",
                    "check")
        self.expect(2, "maek check: -W takes 'error' only, not 'all'; see maek check --help",
                    "check", "-Wall", MODEL)
        self.build(2, "maek build: --name is a name in C, not 'row-lstm'; see maek build --help",
                   "--name", "row-lstm")
        self.expect(2, "maek: unknown command 'biuld'; did you mean 'build'?; see maek help",
                    "help", "biuld")
        self.expect(2, "maek ir: --all writes every stage; it goes with no --after; see maek ir --help",
                    "ir", MODEL, "--all", "--after", "maek-simplify", "-o", self.folder / "stages")
        self.assertFalse((self.folder / "stages").exists())

    def test_commands_of_programs(self):
        for command in ("train", "predict", "info"):
            self.expect(2, f"maek: unknown command '{command}'; the program that maek builds has "
                        f"it: maek build FILE -o PROGRAM, then ./PROGRAM {command}", command, MODEL)

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
        self.expect(1, f"{MODEL}:1:1: error: the file has no model 'Foo'; there are RowLSTM",
                    "check", "--model=Foo", MODEL)

    def test_targets(self):
        """Told before anything is compiled: the model file need not be there."""
        end = "; see maek build --help"
        self.expect(2, "maek build: unknown target 'z80', expected 'host' or a Halide target such as "
                    "'x86-64-linux-avx2-fma-f16c-sse41'" + end, "build", "none.maek", "-o",
                    self.folder / "out", "--target=z80")
        for target in ("arm-64-linux", "x86-64-windows", "x86-64-osx", "x86-32-linux", "host-cuda"):
            self.expect(2, f"maek build: target '{target}': only x86-64-linux with features of its "
                        "processors, so far" + end, "build", "none.maek", "-o", self.folder / "out",
                        f"--target={target}")
        self.assertEqual(os.listdir(self.folder), [])

    def test_model_files_are_not_written_over(self):
        model = self.folder / "own.maek"
        model.write_text((SOURCE / MODEL).read_text())
        self.expect(1, f"error: cannot write {model}: a name of a model file; "
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
        self.expect(1, f"error: cannot write {self.folder}: "
                    "Is a directory", "build", MODEL, "-o", self.folder)
        self.assertEqual(os.listdir(self.folder), [])
        # A folder is made, those above it are not.
        self.expect(1, f"{missing}: error: cannot write: there is no folder {missing.parent}",
                    "build", MODEL, "--emit=stmt", "-o", missing)
        self.expect(1, f"error: cannot make the folder {missing}: "
                    "No such file or directory", "ir", MODEL, "--all", "-o", missing)
        self.expect(1, f"error: cannot write {missing}: No such file or directory",
                    "ir", MODEL, "-o", missing)
        self.assertEqual(os.listdir(self.folder), [])
        # A pipe or a device is not replaced by a file.
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        self.expect(1, f"error: cannot write {pipe}: not a regular file",
                    "ir", MODEL, "-o", pipe)
        self.assertTrue(pipe.is_fifo())
        pipe.unlink()

    def test_output_that_does_not_arrive(self):
        """One line, no report of a crash."""
        ir = self.folder / "m.mlir"
        run(BIN / "maek", "ir", MODEL, "-o", ir, cwd=SOURCE)
        for words, tool in ((["maek", "ir", MODEL], "maek"),
                            (["maek", "check", "--shapes", MODEL], "maek"),
                            (["maek", "fmt", "--stdout", MODEL], "maek"),
                            (["maek-opt", ir], "maek-opt"),
                            (["maek-opt", ir, "-o", "/dev/full"], "maek-opt")):
            with self.subTest(words=words), open("/dev/full", "w") as full:
                done = subprocess.run([BIN / words[0], *words[1:]], stdout=full,
                                      stderr=subprocess.PIPE, text=True, cwd=SOURCE)
                self.assertEqual(done.returncode, 1)
                self.assertEqual(done.stderr, f"{tool}: error: cannot write the output: "
                                 "No space left on device\n")
        with open("/dev/full", "w") as full:
            done = subprocess.run([BIN / "maek", "help"], stdout=full, stderr=subprocess.PIPE,
                                  text=True)
        self.assertEqual((done.returncode, done.stderr),
                         (1, "maek: error: cannot write the output\n"))
        ir.unlink()

    def test_a_disk_that_is_full(self):
        """Files of a size that may not be: an error, the old text stays."""
        text = (SOURCE / MODEL).read_text()
        model = self.folder / "m.maek"
        model.write_text(text.replace("  input  image", "  input image"))
        for words in (["fmt", model], ["ir", model, "-o", self.folder / "out"],
                      ["build", model, "--no-cache", "-o", self.folder / "out"]):
            with self.subTest(words=words):
                done = run("sh", "-c", 'trap "" XFSZ; ulimit -f 1; "$0" "$@"', BIN / "maek", *words,
                           code=1)
                self.assertIn("File too large\n", done.stderr)
                self.assertNotIn("LLVM ERROR", done.stderr)
        self.assertEqual(os.listdir(self.folder), ["m.maek"])
        self.assertIn("  input image", model.read_text())
        model.unlink()

    def test_fmt_keeps_links_and_modes(self):
        place = self.folder / "elsewhere"
        place.mkdir()
        target, link = place / "real.maek", self.folder / "link.maek"
        target.write_text("model M {\n  input x:[3]\n  y=x+1\n  output y\n}\n")
        target.chmod(0o640)
        link.symlink_to("elsewhere/real.maek")
        run(BIN / "maek", "fmt", link)
        self.assertTrue(link.is_symlink())
        self.assertIn("  y = x + 1\n", target.read_text())
        self.assertEqual(target.stat().st_mode & 0o7777, 0o640)
        self.assertEqual(os.listdir(place), ["real.maek"])
        link.unlink()
        target.unlink()
        place.rmdir()

    def test_ir_in_a_file(self):
        out = self.folder / "lstm.mlir"
        for words in ([], ["--after", "maek-simplify"]):
            printed = run(BIN / "maek", "ir", MODEL, *words, cwd=SOURCE).stdout
            self.assertEqual(run(BIN / "maek", "ir", MODEL, *words, "-o", out, cwd=SOURCE).stdout, "")
            self.assertEqual(out.read_text(), printed)
        out.unlink()

    def test_warnings(self):
        file = self.folder / "unused.maek"
        file.write_text("model M {\n  input x : [3]\n  y = x + 1\n  z = x + 2\n  output y\n}\n")
        text = f"{file}:4:3: %s: 'z' is a value that nothing uses; name it '_z' if that is meant"
        self.expect(0, text % "warning", "check", file)
        self.expect(1, text % "error", "check", "-Werror", file)
        self.expect(1, text % "error", "build", "-Werror", file, "-o", self.folder / "m")
        self.assertEqual(os.listdir(self.folder), ["unused.maek"])
        file.unlink()

    def test_models_have_no_warnings(self):
        for file in sorted((SOURCE / "models").glob("**/*.maek")):
            done = run(BIN / "maek", "check", file)
            self.assertEqual(done.stdout + done.stderr, "")

    def test_shapes(self):
        done = run(BIN / "maek", "check", "--shapes", MODEL, cwd=SOURCE)
        self.assertEqual(done.stdout, SHAPES)
        # Up to an error, they are what tells how it came about.
        file = self.folder / "wrong.maek"
        file.write_text("model M {\n  input x : [T, 3]\n  input c : [T] of class(5)\n"
                        "  n = 3\n  up = Linear(n, 4)\n  y = up(x)\n"
                        "  for l in 1..2 { y = y + l }\n  s = sum(y)\n  z = y + x\n  output z\n}\n")
        done = run(BIN / "maek", "check", "--shapes", file, code=1)
        names = [" ".join(line.split()[1:]) for line in done.stdout.splitlines()[1:]]
        self.assertEqual(names, ["x [T, 3]", "c [T] of class(5)", "n 3", "y [T, 4]", "Linear(3, 4) [T, 4]",
                                 "1..2.y [T, 4]", "s []", "z ?"])
        # Rounds of a loop that say the same are said once, in layers too.
        file.write_text("layer Twice(d) {\n  apply (x : [d]) -> y {\n    y = x\n"
                        "    for l in 1..2 { y = Linear(d, d)(y) }\n  }\n}\n"
                        "model M {\n  input x : [4]\n  y = x\n"
                        "  for l in 1..3 {\n    z = Linear(where(l == 1, 4, 8), 8)(y)\n    y = Twice(8)(z)\n  }\n"
                        "  output y\n}\n")
        done = run(BIN / "maek", "check", "--shapes", file)
        names = [" ".join(line.split()[1:]) for line in done.stdout.splitlines()[3:]]
        twice = ["Twice(8) [8]", "y [8]", "1..2.y [8]", "Linear(8, 8) [8]"]
        self.assertEqual(names, ["1.z [8]", "Linear(4, 8) [8]", "1.y [8]", *twice,
                                 "2..3.z [8]", "Linear(8, 8) [8]", "2..3.y [8]", *twice])
        file.unlink()

    def test_remarks(self):
        out = self.folder / "out.mlir"
        words = ["ir", MODEL, "--after", "maek-materialize-copies", "-o", out]
        said = run(BIN / "maek", *words, "--remarks=passed", cwd=SOURCE).stderr
        # On the model's line, with the caret where the terminal shows the place.
        self.assertIn(f"{MODEL}:10:16: remark: split a product with a concatenated operand into 2 "
                      "products [passed: split-concat-matmul] in evaluate, forward, train_step\n"
                      "    f = σ(W_f · [h, x] + b_f)\n"
                      "              ^\n", said)
        heads = re.findall(r"^models/lstm\.maek:(\d+):(\d+): remark: (.*) \[passed: ([a-z-]+)\] in "
                           r"(?:(?:[a-z_]+(?: \(\d+ times\))?)(?:, |$))+$", said, re.MULTILINE)
        self.assertEqual(len(heads), said.count(" remark: "))
        self.assertEqual(len(heads), len(set(heads)))
        places = [(int(line), int(column)) for line, column, *_ in heads]
        self.assertEqual(places, sorted(places))
        self.assertEqual(run(BIN / "maek", *words, "--remarks=passed", cwd=SOURCE).stderr, said)
        missed = run(BIN / "maek", *words, "--remarks=missed", cwd=SOURCE).stderr
        self.assertIn(" [missed: ", missed)
        self.assertNotIn(" [passed: ", missed)
        both = run(BIN / "maek", *words, "--remarks=passed,missed", cwd=SOURCE).stderr
        self.assertEqual(both.count(" remark: "), (said + missed).count(" remark: "))
        self.expect(2, "maek ir: --remarks needs --all or --after: no pass runs without; "
                    "see maek ir --help", "ir", MODEL, "--remarks=passed")
        out.unlink()

    def test_help_on_standard_output(self):
        for words in (["help"], ["help", "build"], ["build", "--help"], ["ir", "--help"], ["--version"]):
            done = run(BIN / "maek", *words)
            self.assertTrue(done.stdout and not done.stderr)
        self.assertEqual(run(BIN / "maek", "help", "build").stdout,
                         run(BIN / "maek", "build", "--help").stdout)


if __name__ == "__main__":
    unittest.main()
