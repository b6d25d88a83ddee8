# Part of Maek, under the MIT licence; see LICENSE.
"""Without positions an encoder cannot tell order."""
import pathlib

import numpy

from experiments import plot as draw
from experiments.program import Program, last

HERE = pathlib.Path(__file__).resolve().parent
TITLE = "Without positions an encoder cannot tell order"
FILES = ["order.maek", "order.py"]
HEAD = ["positions", "test accuracy", "change of the output when the input is "
        "permuted, beyond the same permutation"]
SYMBOLS = 10


def rows(quick):
    settings = {"T": 8 if quick else 16, "n": 512 if quick else 20000,
                "epochs": 2 if quick else 10}
    return {name: {**settings, "see_order": value}
            for name, value in (("without", 0), ("with", 1))}


def run(lab, name, settings):
    sets = [f"{k}={settings[k]}" for k in ("T", "n", "see_order")]
    program = Program(HERE / "order.maek", lab.folder, name, sets)
    log = program.train("run", ["--epochs", settings["epochs"]], lab.quick)
    # In f64, where rounding is far below what order changes.
    exact = Program(HERE / "order.maek", lab.folder, f"{name}-f64", sets, precision="f64")
    weights = program.weights("run")
    random = numpy.random.default_rng(0)
    x = random.integers(0, SYMBOLS, (64, settings["T"])).astype("i4")
    order = random.permutation(settings["T"])
    y = exact.predict(weights, {"x": x}, ["logits"])["logits"]
    permuted = exact.predict(weights, {"x": x[:, order]}, ["logits"])["logits"]
    change = abs(permuted - y[:, order]).max() / abs(y).max()
    return {"accuracy": last(log, "test", "accuracy"), "change": float(change),
            "curve": [row["accuracy"] for row in log if row["split"] == "test"]}


def cells(results):
    return [[name, f"{100 * figures['accuracy']:.2f} %", f"{figures['change']:.1e}"]
            for name, figures in results.items()]


def plot(folder, results):
    draw.lines(folder / "order.svg",
               {f"{name} positions": (range(1, len(f["curve"]) + 1), f["curve"])
                for name, f in results.items()},
               "epoch", "test accuracy", "Saying a sequence backwards",
               level=("guessing", 1 / SYMBOLS))
