#!/usr/bin/env python3
# Part of Maek, under the MIT licence; see LICENSE.
"""From the start of a process to its first result: an LSTM, I = H = 256, T = 100,
one sequence, by a program of Maek and by its peers in Python, in turns. Time,
memory, and the size of all that must be there. Prints a table, writes JSON."""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(ROOT / "tools")]

import measuring  # noqa: E402
import numpy  # noqa: E402
from experiments.results import insert, origin, table  # noqa: E402
from run import WRONG, prepare  # noqa: E402
from worker import distance  # noqa: E402
from workloads import WORKLOADS  # noqa: E402

WORKLOAD = WORKLOADS["lstm_H256_B1"]
# What a user of each library would write; the result goes into y.npy.
TORCH = """
import numpy, torch
from safetensors.torch import load_file
torch.set_num_threads(1)
rnn = torch.nn.LSTM(256, 256)
rnn.load_state_dict({name[4:]: value for name, value in load_file("weights.safetensors").items()})
x = torch.from_numpy(numpy.load("x.npy")).swapaxes(0, 1)
with torch.no_grad():
    numpy.save("y.npy", rnn(x)[0].swapaxes(0, 1).numpy())
"""
ONNX = """
import numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession("model.onnx", options, providers=["CPUExecutionProvider"])
x = numpy.load("x.npy").swapaxes(0, 1)
numpy.save("y.npy", session.run(None, {"x0": x})[0].swapaxes(0, 1))
"""
JAX = """
import jax, numpy
from safetensors.numpy import load_file
w = {name: jax.numpy.asarray(value) for name, value in load_file("weights.safetensors").items()}

def step(state, xp):
    h, c = state
    i, f, g, o = jax.numpy.split(xp + w["rnn.weight_hh_l0"] @ h, 4)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jax.numpy.tanh(g)
    h = jax.nn.sigmoid(o) * jax.numpy.tanh(c)
    return (h, c), h

@jax.jit
def run(x):
    xp = x @ w["rnn.weight_ih_l0"].T + w["rnn.bias_ih_l0"] + w["rnn.bias_hh_l0"]
    zero = jax.numpy.zeros(256)
    return jax.lax.scan(step, (zero, zero), xp)[1]

x = numpy.load("x.npy")[0]
numpy.save("y.npy", numpy.asarray(run(x))[None])
"""
SCRIPTS = {"torch": (TORCH, ["torch", "numpy", "safetensors"], "weights.safetensors"),
           "onnxruntime": (ONNX, ["onnxruntime", "numpy"], "model.onnx"),
           "jax": (JAX, ["jax", "jaxlib", "numpy", "scipy", "safetensors"],
                   "weights.safetensors")}


def size(*paths):
    """Of files and folders, in bytes; a library may lie in a folder `NAME.libs`."""
    total = 0
    for path in paths:
        for file in path.rglob("*") if path.is_dir() else [path]:
            if file.is_file() and not file.is_symlink() and file.suffix != ".pyc":
                total += file.stat().st_size
    return total


def main():
    parser = argparse.ArgumentParser(prog="./dev bench start", description=__doc__)
    parser.add_argument("--build", default=str(ROOT / "build/release"))
    parser.add_argument("--python", default=str(ROOT / "build/peers/bin/python3"),
                        help="of the peers' environment")
    parser.add_argument("--rounds", type=int, default=10, help="turns of each")
    parser.add_argument("--json", default=str(ROOT / "build/bench/start.json"))
    parser.add_argument("--record", action="store_true",
                        help="keep the figures in bench/results and docs/performance.md")
    options = parser.parse_args()

    prepare([WORKLOAD], options.python, ROOT / "build/bench/peers")
    folder = ROOT / "build/bench/peers" / WORKLOAD.name
    numpy.save(folder / "x.npy", numpy.load(folder / "inputs.npz")["x0"].swapaxes(0, 1))
    needed = numpy.load(folder / "reference.npz")["y0"].swapaxes(0, 1)
    program = folder / "lstm"
    measuring.build(f"{options.build}/bin/maek", HERE / WORKLOAD.file, program,
                    WORKLOAD.model, WORKLOAD.sets)
    words = {"maek": [program, "predict", "--weights", "weights.safetensors", "--threads", "1",
                      "--input", "x.npy", "--output", "y.npy"]}
    sizes = {"maek": size(program, folder / "weights.safetensors")}
    found = subprocess.run([options.python, "-c", "import site; print(site.getsitepackages()[0])"],
                           check=True, capture_output=True, text=True).stdout.strip()
    for name, (script, packages, weights) in SCRIPTS.items():
        words[name] = [options.python, "-c", script]
        parts = [pathlib.Path(found) / part for package in packages
                 for part in (package, package + ".libs")]
        sizes[name] = size(folder / weights, *(part for part in parts if part.exists()))
    samples, failed = {name: [] for name in words}, {}
    for turn in range(options.rounds + 1):
        for name in words:
            if name in failed:
                continue
            try:
                (folder / "y.npy").unlink(missing_ok=True)
                sample = measuring.once(words[name], folder)
                if turn == 0:  # files come from the disk, once
                    if (wrong := distance([numpy.load(folder / "y.npy")], [needed])) > WRONG:
                        failed[name] = f"wrong by {wrong:.1e}"
                    continue
                samples[name].append(sample)
            except (RuntimeError, ValueError) as problem:
                failed[name] = str(problem)
    print(f"{'':<12}{'ms, min':>9}{'median':>9}{'memory, MB':>12}{'on disk, MB':>13}")
    rows = []
    for name, times in samples.items():
        if name in failed:
            print(f"{name:<12}{failed[name]}")
            continue
        seconds = [one["seconds"] for one in times]
        row = {"who": name, "min_ms": 1e3 * min(seconds),
               "median_ms": 1e3 * statistics.median(seconds),
               "memory_mb": max(one["memory_mb"] for one in times), "disk_mb": sizes[name] / 2**20}
        rows.append(row)
        print(f"{name:<12}{row['min_ms']:>9.1f}{row['median_ms']:>9.1f}"
              f"{row['memory_mb']:>12.1f}{row['disk_mb']:>13.1f}")
    out = pathlib.Path(options.json)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({**origin(), "rows": rows}, indent=1) + "\n")
    print(f"wrote {out}", file=sys.stderr)
    if options.record:
        (ROOT / "bench/results").mkdir(exist_ok=True)
        (ROOT / "bench/results/start.json").write_text(out.read_text())
        lines = [[row["who"], *(f"{row[key]:.1f}" for key in
                                ("min_ms", "median_ms", "memory_mb", "disk_mb"))] for row in rows]
        insert(ROOT / "docs/performance.md", "start", table(
            ["", "ms, least", "median", "memory, MB", "on disk, MB"], lines))


if __name__ == "__main__":
    main()
