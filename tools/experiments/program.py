# Part of Maek, under the MIT licence; see LICENSE.
"""Compiled models: building, training with resume, measuring."""
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from .results import ROOT

MAEK = pathlib.Path(os.environ.get("MAEK_BIN", ROOT / "build/release/bin")) / "maek"
INTERRUPTED = 130


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def call(*words, show=False):
    """Runs a command; its output, or with `show` straight to the user. Leaves
    the whole run if it fails."""
    words = [str(word) for word in words]
    if show:
        done = subprocess.run(words, stdout=sys.stderr)
    else:
        done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode == INTERRUPTED:
        say("interrupted; the same command goes on")
        raise SystemExit(INTERRUPTED)
    if done.returncode:
        say(done.stderr or "")
        raise SystemExit(f"{' '.join(words)}: exit code {done.returncode}")
    return done.stdout


@functools.cache
def meaning(file, model=""):
    """The front end's IR of a file's models, or of one: what its equations say,
    those of its imports and of the standard library among them."""
    names = [model] if model else re.findall(r"^model (\w+)", file.read_text(), re.M)
    which = [["--model", name] for name in names] or [[]]
    return "".join(call(MAEK, "ir", file, *words) for words in which)


class Program:
    """A model file's model, compiled into `folder`/`name`."""

    def __init__(self, file, folder, name, sets=(), model="", precision="f32"):
        self.path = pathlib.Path(folder) / name
        self.path.parent.mkdir(parents=True, exist_ok=True)
        words = [MAEK, "build", file, "-o", self.path, "--precision", precision]
        for one in sets:
            words += ["--set", one]
        if model:
            words += ["--model", model]
        call(*words)

    def parameters(self):
        return json.loads(call(self.path, "info", "--json"))["parameter_count"]

    def adopt(self, weights):
        """A file with the parameters of this model alone, of those in another
        model's checkpoint."""
        from safetensors.numpy import load_file, save_file
        found = load_file(weights)
        module = json.loads(call(self.path, "info", "--json"))["module"]
        path = self.weights(f"from-{weights.stem}")
        save_file({tensor["name"]: found[tensor["name"]]
                   for tensor in module["parameters"]}, path)
        return path

    def bench(self, entry, batch, dims=(), threads=0):
        """Milliseconds of one run: the median. With one thread for each core if none
        are named."""
        words = [self.path, "bench", "--entry", entry, "--batch", batch, "--json"]
        if threads:
            words += ["--threads", threads]
        for dim in dims:
            words += ["--dim", dim]
        return json.loads(call(*words))["median_ms"]

    def weights(self, run):
        return self.path.with_name(f"{self.path.name}-{run}.safetensors")

    def train(self, run, options=(), quiet=False, uses=()):
        """Trains, going on from a checkpoint if an interrupted run left one.
        `uses`: NAME=FILE of each model that this one uses. The rows of the log:
        the latest of each epoch and split, single steps."""
        weights = self.weights(run)
        log = weights.with_suffix(".jsonl")
        words = [self.path, "train", *options, "--save", weights,
                 "--log-jsonl", log]
        if weights.exists() and log.exists():
            words += ["--resume", weights]
        else:
            for use in uses:
                words += ["--use", use]
        call(*words, *(["--quiet"] if quiet else []), show=True)
        rows = {}
        for line in log.read_text().splitlines():
            row = json.loads(line)
            at = row["step"] if row["split"] == "step" else row["epoch"]
            rows[row["split"], at] = row
        return list(rows.values())

    def predict(self, weights, inputs, outputs):
        """Runs `forward` on arrays by name; gives the outputs as arrays."""
        import numpy
        folder = self.path.with_name(self.path.name + "-predict")
        folder.mkdir(exist_ok=True)
        words = [self.path, "predict", "--weights", weights]
        for name, array in inputs.items():
            numpy.save(folder / f"{name}.npy", numpy.ascontiguousarray(array))
            words += ["--input", f"{name}={folder / name}.npy"]
        for name in outputs:
            words += ["--output", f"{name}={folder / name}-out.npy"]
        call(*words)
        result = {name: numpy.load(folder / f"{name}-out.npy") for name in outputs}
        shutil.rmtree(folder)
        return result


def last(rows, split, figure):
    """A figure of the last epoch of a log."""
    return [row for row in rows if row["split"] == split][-1][figure]
