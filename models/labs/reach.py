# Part of Maek, under the MIT licence; see LICENSE.
"""Attention sees everything at once."""
import math
import pathlib

from experiments import plot as draw
from experiments.program import Program, last

HERE = pathlib.Path(__file__).resolve().parent
TITLE = "Attention sees everything at once"
FILES = ["reach.maek", "reach.py"]
HEAD = ["system", "task", "test accuracy", "guessing", "ms forward at each length"]
SYMBOLS = 8


def rows(quick):
    copy = {"delay": 20 if quick else 100, "n": 512 if quick else 20000,
            "epochs": 2 if quick else 20}
    lengths = [32, 64] if quick else [128, 256, 512, 1024, 2048, 4096]
    return {"copy RNN": copy, "copy Attention": copy,
            "time LSTM": {"lengths": lengths}, "time Attention": {"lengths": lengths}}


def run(lab, name, settings):
    what, system = name.split()
    if what == "copy":
        program = Program(HERE / "reach.maek", lab.folder, lab.program_name(name),
                          [f"delay={settings['delay']}", f"n={settings['n']}"],
                          f"Copy{system}")
        log = program.train("run", ["--epochs", settings["epochs"]], lab.quick)
        return {"accuracy": last(log, "test", "accuracy"),
                "delay": settings["delay"],
                "curve": [row["accuracy"] for row in log if row["split"] == "test"]}
    program = Program(HERE / "reach.maek", lab.folder, lab.program_name(name), (),
                      f"Long{system}")
    return {"lengths": settings["lengths"],
            "ms": [program.bench("forward", 1, [f"T={n}"])
                   for n in settings["lengths"]]}


def cells(results):
    for name, figures in results.items():
        what, system = name.split()
        if what == "copy":
            yield [system, f"copy after {figures['delay']} steps",
                   f"{100 * figures['accuracy']:.2f} %", f"{100 / SYMBOLS:.2f} %", ""]
        else:
            yield [system, "time", "", "",
                   ", ".join(f"{n}: {ms:.3g}" for n, ms in
                             zip(figures["lengths"], figures["ms"]))]


def plot(folder, results):
    learning = {name.split()[1]: (range(1, len(f["curve"]) + 1), f["curve"])
                for name, f in results.items() if "curve" in f}
    if learning:
        draw.lines(folder / "reach-copy.svg", learning, "epoch", "test accuracy",
                   "Ten symbols, said again after a delay",
                   level=("guessing", 1 / SYMBOLS))
    times = {name.split()[1]: (f["lengths"], f["ms"])
             for name, f in results.items() if "ms" in f}
    if times:
        assert all(math.isfinite(ms) for _, all_ms in times.values() for ms in all_ms)
        draw.lines(folder / "reach-time.svg", times, "length", "ms",
                   "A forward pass, one sequence", logx=True, logy=True)
