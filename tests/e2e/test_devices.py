# Part of Maek, under the MIT licence; see LICENSE.
"""Programs for devices: what they give on OpenCL's software device beside the
processor, and what they ask of NVIDIA's driver, for which one stands in that
writes the calls down."""
import collections
import json
import os
import re
import unittest

import numpy
from safetensors.numpy import load_file

from support import BIN, SOURCE, MaekTest, run

TAGGER = """model Tagger(H = 24) {
  input  x : [T, 7]
  target label : class(5)
  h      = LSTM(7, H)(x)
  logits = Linear(H, 5)(h[T - 1])
  output logits
  loss   = cross_entropy(logits, label)
  metric accuracy = mean(argmax(logits) == label)
}
train Tagger {
  data npy
  optimizer adam(lr = 1e-2)  clip_norm 1.0
  batch 8  epochs 3
}
"""
# Two layers, so that the second one's operand has a gradient. The first one's sum
# and the second one's columns are too few for a library.
WIDE = """model Wide {
  input x : [20]
  target y : [64]
  z = Linear(96, 64)(tanh(Linear(20, 96)(x)))
  output z
  loss = mse(z, y)
}
train Wide {
  data npy
  optimizer sgd(lr = 0.1)
  batch 80
}
"""
STEPS = 6
STUB = BIN.parent / "lib" / "stub-cuda"


def differences(a, b):
    """The largest difference of each tensor of two checkpoints."""
    one, other = load_file(a), load_file(b)
    assert one.keys() == other.keys()
    return {name: numpy.abs(one[name] - other[name]).max() for name in one}


class Devices(MaekTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.folder / "tagger.maek").write_text(TAGGER)
        cls.program = cls.folder / "tagger"
        cls.maek("build", cls.folder / "tagger.maek", "-o", cls.program,
                 "--target=host,opencl,cuda-sm_80")
        random = numpy.random.default_rng(1)
        for half, count in (("train", 40), ("test", 16)):
            x = random.standard_normal((count, STEPS, 7)).astype("f4")
            label = (x.sum((1, 2)) * 0.3 + 2.5).clip(0, 4.99).astype("i4")
            numpy.save(cls.folder / f"{half}-x.npy", x)
            numpy.save(cls.folder / f"{half}-label.npy", label)

    def train(self, device, name, *words, **options):
        path = self.folder / name
        done = run(self.program, "train", "--data-dir", self.folder, "--device", device,
                   "--save", path, *words, **options)
        return path, done

    def needs_opencl(self):
        if "opencl:0" not in run(self.program, "info").stdout:
            self.skipTest("there is no OpenCL device; PoCL is one")

    def test_what_is_there(self):
        shown = run(self.program, "info", env=self.stubbed()).stdout
        self.assertIn("devices    opencl, cuda from sm_80\n", shown)
        self.assertRegex(shown, r"cuda:0 +Stub A, sm_\d+, ")
        self.assertRegex(run(self.program, "info", env={"MAEK_NONE": "1"}).stdout,
                         r"cuda +there is no NVIDIA driver|cuda:0")

    def test_training_is_that_of_the_processor(self):
        self.needs_opencl()
        here, _ = self.train("cpu", "cpu.safetensors")
        there, done = self.train("opencl", "opencl.safetensors")
        self.assertIn("tagger: runs on opencl:0", done.stderr)
        for name, difference in differences(here, there).items():
            self.assertLess(difference, 1e-5, name)
        # The same bits every time, and a run that begins here ends there.
        again, _ = self.train("opencl", "again.safetensors")
        self.assertEqual(again.read_bytes(), there.read_bytes())
        part, _ = self.train("cpu", "part.safetensors", "--epochs", "2")
        run(self.program, "train", "--data-dir", self.folder, "--device", "opencl",
            "--resume", part, "--epochs", "3")
        for name, difference in differences(here, part).items():
            self.assertLess(difference, 2e-4, name)

    def test_predictions_are_those_of_the_processor(self):
        self.needs_opencl()
        weights, _ = self.train("cpu", "weights.safetensors", "--epochs", "1")
        found = {}
        for device in ("cpu", "opencl"):
            logits = self.folder / f"{device}.npy"
            run(self.program, "predict", "--weights", weights, "--device", device,
                "--input", self.folder / "test-x.npy", "--output", logits)
            evaluated = run(self.program, "eval", "--weights", weights, "--device", device,
                            "--data-dir", self.folder, "--json")
            found[device] = numpy.load(logits), json.loads(evaluated.stdout)["loss"]
        numpy.testing.assert_allclose(found["opencl"][0], found["cpu"][0], atol=1e-5)
        self.assertAlmostEqual(found["opencl"][1], found["cpu"][1], delta=1e-5)

    def test_texts_are_those_of_the_processor(self):
        """The position at which a text goes on is told by an argument."""
        self.needs_opencl()
        program, weights = self.folder / "lm", self.folder / "lm.safetensors"
        self.maek("build", SOURCE / "models/char_transformer.maek", "-o", program,
                  "--target=opencl", *(word for size in ("n=16", "d=16", "heads=2", "depth=1")
                                       for word in ("--set", size)))
        verse = self.folder / "verse.txt"
        verse.write_text("do re mi fa so la ti do\n" * 40)
        run(program, "train", "--data", f'text(file = "{verse}", length = 16)', "--epochs", "20",
            "--lr", "0.01", "--device", "cpu", "--save", weights)
        texts = [run(program, "generate", "--weights", weights, "--greedy", "--prompt", "do re",
                     "--length", "80", "--device", device).stdout
                 for device in ("cpu", "opencl")]
        self.assertEqual(*texts)
        self.assertGreater(len(set(texts[0])), 5)

    def test_no_such_device(self):
        def fails(device, message, code=1):
            done = run(self.program, "bench", "--dim", "T=2", "--device", device, code=code)
            self.assertIn(message, done.stderr)
        fails("gpu", "no device is called 'gpu'", 2)
        fails("opencl:7", "opencl:7" if "opencl:0" in run(self.program, "info").stdout
              else "OpenCL")
        plain = self.folder / "plain"
        self.maek("build", self.folder / "tagger.maek", "-o", plain)
        done = run(plain, "bench", "--dim", "T=2", "--device", "opencl", code=1)
        self.assertIn("--target", done.stderr)

    # With a stand-in for the driver.

    @staticmethod
    def stubbed(**more):
        return {**os.environ, "LD_LIBRARY_PATH": str(STUB),
                **{name: str(value) for name, value in more.items()}}

    def bench(self, entry):
        """The driver's lines of some runs of an entry."""
        log = self.folder / f"{entry}.log"
        run(self.program, "bench", "--entry", entry, "--batch", "8", "--dim", f"T={STEPS}",
            "--repeat", "4", "--device", "cuda", env=self.stubbed(MAEK_STUB_CUDA_LOG=log))
        return log.read_text().splitlines()

    def count_launches(self, entry):
        """What the compiler's plan says: its launches, each as often as its loops
        run, times the kernels that each has in its PTX."""
        texts = self.folder / "ptx"
        if not texts.exists():
            self.maek("build", self.folder / "tagger.maek", "-o", texts, "--emit=device",
                      "--target=cuda-sm_80")
        kernels = {path.name.split(".")[0]: path.read_text().count(".entry ")
                   for path in texts.iterdir() if path.suffix == ".ptx"}
        ir = self.maek("ir", self.folder / "tagger.maek", "--target=cuda-sm_80",
                       "--after", "maek-plan-memory").stdout
        body = re.search(rf"func.func @{entry}\(.*?\n  }}\n", ir, re.S).group()
        total, times = 0, [1]
        for line in body.splitlines():
            if launched := re.search(r"maek\.launch @(\w+)", line):
                total += times[-1] * kernels[launched[1]]
            if "scf.for" in line:
                times.append(times[-1] * STEPS)
            elif line.strip().startswith("}"):
                times = times[:-1] or [1]
        return total

    def test_a_step_is_one_copy_and_one_graph(self):
        for entry in ("train_step", "forward"):
            lines = self.bench(entry)
            kinds = collections.Counter(
                " ".join(line.split()[:2]) for line in lines if line.startswith("record "))
            self.assertEqual(list(kinds), ["record launch"], entry)
            self.assertEqual(kinds["record launch"], self.count_launches(entry), entry)
            # From the third run to the last, without what each launch does.
            replays = [i for i, line in enumerate(lines) if line == "replay"]
            calls = [line.split()[0] for line in lines[replays[0] + 1:replays[-1] + 1]
                     if not line.startswith("launch ")]
            step = ["synchronize", "upload", "replay"]
            if entry == "train_step":  # its loss is read
                step.insert(0, "download")
            self.assertEqual(calls, (step * len(replays))[:len(calls)], entry)
            self.assertGreater(len(calls), len(step), entry)

    def test_large_products_are_a_librarys(self):
        """Where it is; forward, for the operand and for the weights."""
        (self.folder / "wide.maek").write_text(WIDE)
        log = self.folder / "products.log"
        for precision, lines in (("bf16", ["bf16"] * 3), ("tf32", ["tf32"] * 3), ("f32", [])):
            program = self.folder / f"wide-{precision}"
            self.maek("build", self.folder / "wide.maek", "-o", program, "--target=cuda",
                      f"--precision={precision}")
            log.unlink(missing_ok=True)
            run(program, "bench", "--entry", "train_step", "--batch", "80", "--repeat", "1",
                "--device", "cuda", env=self.stubbed(MAEK_STUB_CUBLAS_LOG=log))
            found = log.read_text().splitlines() if log.exists() else []
            self.assertEqual([line.split()[-1] for line in found[:3]], lines)
            if lines:
                self.assertEqual(sorted(line.split()[1] for line in found[:3]),
                                 ["64x80x96", "96x64x80", "96x80x64"])

    def test_out_of_memory_and_lost_devices(self):
        here, _ = self.train("cpu", "kept.safetensors", "--epochs", "1")
        kept = here.read_bytes()

        def fails(message, **faults):
            done = run(self.program, "train", "--data-dir", self.folder, "--device", "cuda",
                       "--resume", here, "--epochs", "2", code=1, env=self.stubbed(**faults))
            self.assertIn(message, done.stderr)
            self.assertEqual(here.read_bytes(), kept)
        fails("lost the device cuda:0", MAEK_STUB_CUDA_LOST=40)
        fails("cuda:0 (Stub A) has no ", MAEK_STUB_CUDA_NO_MEMORY=20)
        fails("driver", MAEK_STUB_CUDA_VERSION=9000)


if __name__ == "__main__":
    unittest.main()
