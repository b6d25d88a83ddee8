# Part of Maek, under the MIT licence; see LICENSE.
"""A vanilla RNN forgets."""
import pathlib

import numpy

from experiments import plot as draw
from experiments.program import Program, last

HERE = pathlib.Path(__file__).resolve().parent
TITLE = "A vanilla RNN forgets"
FILES = ["forget.maek", "forget.py"]
HEAD = ["cell", "what", "T", "test error", "error of the mean",
        "∂loss/∂h at the first step, of that at the last"]
# The variance of the sum of two uniform numbers.
MEANS_ERROR = 1 / 6
GRADIENT_STEPS, EXAMPLES = 100, 256


def rows(quick):
    full = {"T": 200, "H": 128, "n": 50000, "epochs": 20}
    if quick:
        full = {"T": 20, "H": 16, "n": 500, "epochs": 2}
    result = {f"gradient {cell}": {**full, "T": 20 if quick else GRADIENT_STEPS}
              for cell in ("RNN", "LSTM")}
    result |= {f"adding {cell}": full for cell in ("RNN", "LSTM", "GRU")}
    return result


def adding(lab, name, cell, settings):
    program = Program(HERE / "forget.maek", lab.folder, lab.program_name(name),
                      [f"{k}={settings[k]}" for k in ("T", "H", "n")],
                      f"Adding{cell}")
    log = program.train("run", ["--epochs", settings["epochs"]], lab.quick)
    return program, log


def gradient(lab, name, cell, settings):
    """|∂loss/∂h_t| with first weights and with trained ones, the median over
    examples."""
    program, log = adding(lab, name, cell, settings)
    steps, width = settings["T"], settings["H"]
    first = program.weights("first")
    # One step with a rate too small to change a weight.
    program_words = ["--epochs", 1, "--examples", 1, "--lr", 1e-30]
    program.train("first", program_words, quiet=True)
    probe = Program(HERE / "forget.maek", lab.folder,
                    lab.program_name(name) + "-probe",
                    [f"T={steps}", f"H={width}"], f"Gradient{cell}", "f64")
    random = numpy.random.default_rng(0)
    x = numpy.zeros((EXAMPLES, steps, 2), "f8")
    x[:, :, 0] = random.random((EXAMPLES, steps))
    every = numpy.arange(EXAMPLES)
    for low, high in ((0, steps // 2), (steps // 2, steps)):
        x[every, random.integers(low, high, EXAMPLES), 1] = 1
    # In f64: squares of what an untrained RNN hears are no numbers of f32.
    inputs = {"x": x, "y": (x[:, :, 0] * x[:, :, 1]).sum(1),
              "bump": numpy.zeros((EXAMPLES, steps, width), "f8")}
    curves = {}
    for what, weights in (("first weights", first),
                          ("trained", program.weights("run"))):
        length = probe.predict(probe.adopt(weights), inputs, ["length"])["length"]
        curves[what] = [float(v) for v in numpy.median(length, axis=0)]
    return {"test_loss": last(log, "test", "loss"), "curves": curves,
            "T": steps}


def run(lab, name, settings):
    what, cell = name.split()
    if what == "gradient":
        return gradient(lab, name, cell, settings)
    _, log = adding(lab, name, cell, settings)
    return {"test_loss": last(log, "test", "loss"), "T": settings["T"],
            "curve": [row["loss"] for row in log if row["split"] == "test"]}


def cells(results):
    table = []
    for name, figures in results.items():
        what, cell = name.split()
        ratios = "".join(
            f"{label}: {curve[0] / curve[-1]:.1e}; "
            for label, curve in figures.get("curves", {}).items())
        table.append([cell, what, figures["T"], f"{figures['test_loss']:.4f}",
                      f"{MEANS_ERROR:.4f}", ratios.rstrip("; ")])
    return table


def plot(folder, results):
    curves = {f"{name.split()[1]}, {what}":
              (range(1, len(curve) + 1), curve)
              for name, figures in results.items()
              for what, curve in figures.get("curves", {}).items()}
    if curves:
        draw.lines(folder / "forget-gradient.svg", curves, "t", "|∂loss/∂hₜ|",
                   "What the loss at the end hears of step t", logy=True)
    errors = {name.split()[1]: (range(1, len(figures["curve"]) + 1), figures["curve"])
              for name, figures in results.items() if "curve" in figures}
    if errors:
        steps = next(f["T"] for f in results.values() if "curve" in f)
        draw.lines(folder / "forget-adding.svg", errors, "epoch", "test error",
                   f"The adding problem, T = {steps}", logy=True,
                   level=("always the mean", MEANS_ERROR))
