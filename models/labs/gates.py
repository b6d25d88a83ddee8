# Part of Maek, under the MIT licence; see LICENSE.
"""GRU and LSTM: parameters, time of a step, accuracy."""
import pathlib
import statistics

from experiments import plot as draw
from experiments.program import Program, last

HERE = pathlib.Path(__file__).resolve().parent
TITLE = "A GRU does with fewer parameters what an LSTM does"
FILES = ["gates.maek", "gates.py"]
HEAD = ["cell", "parameters", "ms a training step, 1 thread", "ms forward, 1 thread",
        "test accuracy, mean", "spread", "seeds"]
CELLS = ("LSTM", "GRU")


def rows(quick):
    settings = {"H": 16 if quick else 128, "batch": 128,
                "train": ["--epochs", "2", "--examples", "1024"] if quick
                else ["--epochs", "10"]}
    return {f"{cell} seed {seed}": {**settings, "seed": seed}
            for seed in range(1 if quick else 3) for cell in CELLS}


def run(lab, name, settings):
    cell = name.split()[0]
    program = Program(HERE / "gates.maek", lab.folder, lab.program_name(name),
                      [f"H={settings['H']}"], f"Rows{cell}")
    log = program.train("run", ["--seed", settings["seed"], *settings["train"]],
                        lab.quick)
    return {"parameters": program.parameters(),
            "step_ms": program.bench("train_step", settings["batch"], threads=1),
            "forward_ms": program.bench("forward", settings["batch"], threads=1),
            "accuracy": last(log, "test", "accuracy")}


def gather(results):
    for cell in CELLS:
        figures = [f for name, f in results.items() if name.split()[0] == cell]
        if figures:
            yield cell, figures, [100 * f["accuracy"] for f in figures]


def cells(results):
    return [[cell, f"{figures[0]['parameters']:,}",
             f"{statistics.median(f['step_ms'] for f in figures):.2f}",
             f"{statistics.median(f['forward_ms'] for f in figures):.2f}",
             f"{statistics.mean(accuracy):.2f} %",
             f"{max(accuracy) - min(accuracy):.2f}", len(accuracy)]
            for cell, figures, accuracy in gather(results)]


def plot(folder, results):
    groups = {}
    least = {}
    for cell, figures, accuracy in gather(results):
        values = {"parameters": figures[0]["parameters"],
                  "step": statistics.median(f["step_ms"] for f in figures),
                  "test error": 100 - statistics.mean(accuracy)}
        least = least or values
        groups[cell] = [(values[k] / least[k], 0) for k in values]
    draw.bars(folder / "gates.svg", list(least), groups, "of the LSTM's",
              "GRU beside LSTM")
