# Part of Maek, under the MIT licence; see LICENSE.
"""Trained models with products of shorter numbers: what the programs themselves
print that compare precisions, `eval --compare` and `calibrate`."""
import json

from experiments.program import Program, call

HEAD = ["model", "f32", "bf16", "", "int8", ""]
# What the figures may differ by, in points or in bits: goals, not tests.
GOALS = {"bf16": 0.2, "int8": 0.5}


def measure(file, entry, folder, sets, weights, options):
    """Of each precision loss and metrics on the test examples, and those in f32."""
    figures = {}
    for precision, command in (("bf16", "eval --compare"), ("int8", "calibrate")):
        program = Program(file, folder, f"{weights.stem}-{precision}", sets,
                          entry.get("model", ""), precision)
        words = [program.path, *command.split(), "--weights", weights, "--json", *options]
        if precision == "int8":
            words += ["--output", weights.with_name(f"{weights.stem}-int8.safetensors")]
        figures[precision] = json.loads(call(*words))
    return figures


def row(name, figures, show):
    """A line of the table; `show` gives of loss and metrics the number that counts."""
    cells = [name, f"{show(figures['bf16']['f32']):.2f}"]
    for precision in ("bf16", "int8"):
        value = show(figures[precision])
        difference = value - show(figures[precision]["f32"])
        within = abs(difference) <= GOALS[precision]
        cells += [f"{value:.2f}", f"{difference:+.2f}" + ("" if within else ", beyond its goal")]
    return cells
