# Part of Maek, under the MIT licence; see LICENSE.
"""What `maek build` writes: the kinds of output, the cache, the same bytes."""
import ctypes
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import unittest

from support import BIN, SOURCE, MaekTest, run, run_on_terminal

MODEL = SOURCE / "models/lstm.maek"


class Build(MaekTest):
    def build(self, *words, **options):
        return self.maek("build", MODEL, "--set", "H=24", *words, **options)

    def test_every_kind_of_output(self):
        for kind, name in [("shared", "liblstm.so"), ("static", "liblstm.a"),
                           ("object", "lstm.o"), ("header", "lstm.h"),
                           ("llvm", "lstm.ll"), ("asm", "lstm.s"), ("exe", "lstm")]:
            out = self.folder / kind / name
            out.parent.mkdir()
            self.build("--emit=" + kind, "-o", out)
            self.assertGreater(out.stat().st_size, 0, kind)

    def test_texts_of_kernels(self):
        for kind, suffix, word in [("stmt", ".stmt", "produce"), ("kernel-llvm", ".ll", "define"),
                                   ("kernel-asm", ".s", ".globl")]:
            folder = self.folder / kind
            self.build("--emit=" + kind, "-o", folder)
            files = sorted(folder.glob("[!.]*"))
            self.assertEqual((folder / f".maek-{suffix[1:]}").read_text().split(),
                             [file.name for file in files])
            for file in files:
                self.assertEqual(file.suffix, suffix)
                self.assertIn(word, file.read_text())
            self.assertTrue(files)

    def test_folders_of_an_earlier_run(self):
        """What it wrote goes, what others wrote stays; the umask gives the mode."""
        small, large = self.folder / "small.maek", self.folder / "large.maek"
        small.write_text("model M {\n  input x : [3]\n  y = 2 * x\n  output y\n}\n")
        large.write_text("model M {\n  input x : [3]\n  y = Linear(3, 3)(x)\n  output y\n}\n")
        for name, command, words, other in (
                ("stages", "ir", ["--all"], ["70-maek-own.mlir", "notes"]),
                ("loops", "build", ["--emit=stmt"], ["product_77.stmt", "product_77.ll"])):
            folder = self.folder / name
            self.maek(command, small, *words, "-o", folder, umask=0o022)
            self.assertEqual(folder.stat().st_mode & 0o777, 0o755)
            first = sorted(os.listdir(folder))
            for made in other:
                (folder / made).write_text("")
            # Fewer stages, or other kernels.
            if name == "stages":
                self.maek(command, small, *words, "--disable-pass=simplify", "-o", folder)
            else:
                self.maek(command, large, *words, "-o", folder)
            self.assertNotEqual(sorted(os.listdir(folder)), sorted(first + other))
            self.maek(command, small, *words, "-o", folder)
            self.assertEqual(sorted(os.listdir(folder)), sorted(first + other))

    def test_links_and_odd_names(self):
        """A link stays one; a name may have a '%'."""
        file = self.folder / "one.maek"
        file.write_text("model M {\n  input x : [3]\n  y = 2 * x\n  output y\n}\n")
        folder = self.folder / "a%b%%%%%%"
        folder.mkdir()
        link = self.folder / "link"
        link.symlink_to(folder / "program")
        for _ in range(2):
            self.maek("build", file, "-o", folder / "program")
            self.maek("build", file, "-o", link)
            self.maek("fmt", file)
        self.assertTrue(link.is_symlink())
        self.assertEqual(os.listdir(folder), ["program"])

    def test_a_signal_leaves_nothing(self):
        """Neither output nor temporary files."""
        temporary = self.folder / "temporary"
        temporary.mkdir()
        for number in signal.SIGINT, signal.SIGTERM:
            with subprocess.Popen([BIN / "maek", "build", SOURCE / "models/vit.maek", "--no-cache", "-o",
                                   self.folder / "cut"], env={**os.environ, "TMPDIR": str(temporary)},
                                  preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as process:
                deadline = time.monotonic() + 300
                while not list(temporary.glob("maek-*/*.o")) and time.monotonic() < deadline:
                    self.assertIsNone(process.poll())
                    time.sleep(0.01)
                process.send_signal(number)
                self.assertEqual(process.wait(60), -number)
            self.assertEqual(os.listdir(temporary), [])
        self.assertFalse((self.folder / "cut").exists())

    def test_another_processor(self):
        """Told by name, where a kernel would die of it."""
        flags = pathlib.Path("/proc/cpuinfo").read_text().split()
        if "fma4" in flags:
            self.skipTest("this processor has fma4, which was one maker's alone")
        file, out = self.folder / "scale.maek", self.folder / "scale"
        file.write_text("model M {\n  input x : [3]\n  y = 2 * x\n  output y\n}\n")
        self.maek("build", file, "--target=x86-64-linux-avx-fma4-sse41", "-o", out)
        self.assertIn("x86-64-linux-avx-fma4-sse41", run(out, "info").stdout)
        self.assertRegex(run(out, "bench", code=1).stderr,
                         r"^scale: error: this processor has no fma4, which the model was compiled for "
                         r"\(x86-64-linux-avx-fma4-sse41\); build it with --target=x86-64-linux\S*\n$")
        self.maek("build", file, "--target=x86-64-linux", "-o", out)
        self.assertIn("forward", run(out, "bench").stdout)

    def test_says_the_precision_of_a_model_without_parameters(self):
        file = self.folder / "plain.maek"
        file.write_text("model Plain {\n  input x : [3]\n  y = 2 * x\n  output y\n}\n")
        for precision in ("f32", "f64"):
            out = self.folder / f"plain-{precision}"
            self.maek("build", file, "--precision", precision, "-o", out)
            self.assertEqual(json.loads(run(out, "info", "--json").stdout)["module"]["precision"],
                             precision)

    def test_memory_limit(self):
        """Where a training step may exceed it, memory grows with the root of the length;
        elsewhere nothing changes."""
        file = SOURCE / "bench/lstm.maek"
        sizes = ["--set", "I=8", "--set", "H=8"]

        def recomputes(*words):
            done = self.maek("ir", file, *sizes, "--after=differentiate", *words)
            return "segmented" in done.stdout
        self.assertFalse(recomputes())
        self.assertTrue(recomputes("--memory-limit=1GB"))
        self.assertFalse(recomputes("--memory-limit=1GB", "--dim", "T=100"))
        self.assertFalse(recomputes("--memory-limit=1MB", "--dim", "T=100", "--batch", "4"))
        self.assertTrue(recomputes("--memory-limit=80kB", "--dim", "T=100", "--batch", "4"))

        self.assertRegex(
            self.maek("ir", file, *sizes, "--after=differentiate", "--memory-limit=20kB",
                      "--dim", "T=100", "--batch", "4").stderr,
            r"lstm.maek:2:7: warning: the arena of train_step takes \d{5} bytes, more than "
            "--memory-limit allows\n")

        out = self.folder / "long"
        self.assertEqual(
            self.maek("build", file, *sizes, "--memory-limit=0", "-o", out).stderr, "")

        def arena(entry, steps):
            said = run(out, "info", "--arena", "--dim", f"T={steps}", "--batch", "4").stdout
            return int(re.search(rf"arena of {entry} .*: (\d+) bytes", said).group(1))
        for entry in ("evaluate", "train_step"):
            self.assertLess(arena(entry, 1000000) - arena(entry, 100),
                            120 * (arena(entry, 100) - arena(entry, 1)), entry)

    def test_needs_no_compiler(self):
        """With an empty PATH no other program can be found."""
        out = self.folder / "alone"
        self.build("-o", out, env={**os.environ, "PATH": ""})
        self.assertIn("RowLSTM", run(out, "info", env={"PATH": ""}).stdout)

    def test_same_source_same_bytes(self):
        texts = []
        for name in ("one", "two"):
            folder = self.folder / name
            folder.mkdir()
            self.build("-o", folder / "lstm")
            texts.append((folder / "lstm").read_bytes())
        self.assertEqual(*texts)

    def test_stack_is_as_small_for_deep_models(self):
        """A library may be called on a thread with a stack of 64 KiB."""
        out = self.folder / "deep.s"
        self.maek("build", SOURCE / "models/transformer.maek", "--set", "depth=12", "--emit=asm",
                  "-o", out)
        text = out.read_text()
        self.assertIn("maek_entry_train_step:", text)
        frames = [int(size) for size in re.findall(r"subq\s+\$(\d+), %rsp", text)]
        self.assertLess(max(frames, default=0), 16384)

    def test_straight_code_is_not_optimized(self):
        """Of a deep model that would take seconds; a time loop is worth it."""
        out = self.folder / "lstm.ll"
        self.build("--emit=llvm", "-o", out)
        text = out.read_text()
        group = re.search(r"^attributes (#\d+) = .*\boptnone\b", text, re.M).group(1)
        for entry, straight in ("prepare", True), ("forward", False):
            head = re.search(rf"^define .*@maek_entry_{entry}\(.*$", text, re.M).group()
            self.assertEqual(f" {group} " in head, straight, head)

    def test_second_build_compiles_no_kernel(self):
        cache = self.folder / "cache"
        env = {**os.environ, "MAEK_CACHE_DIR": str(cache)}
        first = self.build("-o", self.folder / "cached", "--timing", env=env)
        second = self.build("-o", self.folder / "cached", "--timing", env=env)
        self.assertRegex(first.stderr, r"kernels: \d+ compiled, 0 from the cache, \d+ ms\n")
        self.assertRegex(second.stderr, r"kernels: 0 compiled, \d+ from the cache")

    def test_progress_on_a_terminal(self):
        """One line that is gone at the end, and before whatever else is said."""
        words = [BIN / "maek", "build", MODEL, "--set", "H=24", "-o"]
        shown = self.folder / "shown"
        for more, rest in ([shown, "--remarks=passed"], "remark: "), ([self.folder], "error: "), ([shown], ""):
            code, text = run_on_terminal(*words, *more)
            self.assertEqual(code, 1 if "error" in rest else 0)
            lines = re.sub("\x1b\\[[0-9;]*m", "", text).split("\r\x1b[K")
            self.assertEqual(lines[:2], ["", f"compiling {MODEL}"])
            # What is said begins on an empty line.
            said = [line for line in lines if "\n" in line]
            start = "error: " if "error" in rest else str(MODEL)
            self.assertEqual([line[:len(start)] for line in said], [start] * len(said))
            self.assertTrue(rest in "".join(said))
            if not rest:
                self.assertRegex(lines[2], r"^kernels 1/\d+ \w+$")
                self.assertEqual(lines[-2:], [f"writing {self.folder}/shown", ""])
        self.assertEqual(self.build("-o", self.folder / "shown").stderr, "")

    def test_name_of_the_library(self):
        for file, words, name in (("lstm-v2", [], "lstm_v2"), ("other", ["--name", "row"], "row"),
                                  ("maek", [], "maek")):
            library, header = self.folder / f"lib{file}.so", self.folder / f"{file}.h"
            self.build("--emit=shared", "-o", library, *words)
            self.build("--emit=header", "-o", header, *words)
            self.assertTrue(hasattr(ctypes.CDLL(library), f"{name}_module"))
            self.assertIn(f"*{name}_module(void);", header.read_text())

    def test_f64(self):
        out = self.folder / "double"
        self.build("--precision=f64", "-o", out)
        info = json.loads(run(out, "info", "--json").stdout)
        self.assertEqual(info["module"]["precision"], "f64")

    def test_documents_what_a_program_says_of_itself(self):
        out, found = self.folder / "described", set()
        self.build("-o", out)

        def look(value):
            for key, part in value.items() if isinstance(value, dict) else ():
                found.add(key)
                # What the user's own text names is no field.
                if key not in ("schedule_arguments", "uses"):
                    look(part)
                if key == "role":
                    found.add(part)
            for part in value if isinstance(value, list) else ():
                look(part)
        look(json.loads(run(out, "info", "--json").stdout)["module"])
        self.assertIn("reads", found)
        page = (SOURCE / "docs/programs.md").read_text()
        words = set(re.findall(r"[a-z_]+", page[page.index("## What a program says"):]))
        self.assertEqual(found - words, set())


class Dumps(MaekTest):
    def test_every_stage_reads_back(self):
        out = self.folder / "ir"
        self.maek("ir", MODEL, "--set", "H=24", "--all", "-o", out)
        stages = sorted(out.glob("[!.]*"))
        self.assertGreater(len(stages), 8)
        for stage in stages:
            with self.subTest(stage=stage.name):
                run(BIN / "maek-opt", stage, "-o", os.devnull)

    def test_after_one_pass(self):
        text = self.maek("ir", MODEL, "--set", "H=24", "--after",
                         "maek-merge-gate-matmuls").stdout
        self.assertIn("maek.unstack", text)
        done = self.maek("ir", MODEL, "--after", "maek-merge-gates", code=2)
        self.assertIn("maek-merge-gate-matmuls", done.stderr)


if __name__ == "__main__":
    unittest.main()
