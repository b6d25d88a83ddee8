# Part of Maek, under the MIT licence; see LICENSE.
"""How much data a convolution, a vision Transformer and a distilled one need."""
import pathlib
import statistics

from experiments import plot as draw
from experiments.program import Program, last, say

MODELS = pathlib.Path(__file__).resolve().parent.parent
TITLE = "A ViT needs data, a CNN less"
FILES = ["data.py"]
HEAD = ["model", "images", "test accuracy, mean", "spread", "seeds"]
# A model, its file, what it learns from beside the labels.
SYSTEMS = {"CNN": ("cnn", None), "ViT": ("vit", None), "DeiT": ("deit", "CNN")}
# Images, seeds, epochs: about as many updates for each number of images as fit
# into an hour.
SIZES = [(1000, 3, 60), (5000, 3, 30), (60000, 1, 10)]


def file_of(system):
    return MODELS / f"{SYSTEMS[system][0]}.maek"


def rows(quick):
    result = {}
    for images, seeds, epochs in SIZES[:1] if quick else SIZES:
        for system, (_, teacher) in SYSTEMS.items():
            if not file_of(system).exists() or (
                    teacher and not file_of(teacher).exists()):
                say(f"data: {system} is left out: there is no {file_of(system)}")
                continue
            for seed in range(1 if quick else seeds):
                result[f"{system} {images} seed {seed}"] = {
                    "images": 128 if quick else images, "seed": seed,
                    "epochs": 1 if quick else epochs, "teacher": teacher}
    return result


def run(lab, name, settings):
    system = name.split()[0]
    program = Program(file_of(system), lab.folder, lab.program_name(name))
    options = ["--seed", settings["seed"], "--epochs", settings["epochs"],
               "--examples", settings["images"],
               "--evaluate-every", max(1, settings["epochs"] // 10)]
    if settings["teacher"]:
        # The teacher saw the same images as its student.
        teacher = name.replace(system, settings["teacher"], 1)
        weights = lab.folder / (lab.program_name(teacher) + "-run.safetensors")
        options += ["--use", f"teacher={weights}"]
    log = program.train("run", options, lab.quick)
    return {"accuracy": last(log, "test", "accuracy"),
            "curve": [[row["epoch"], row["accuracy"]] for row in log
                      if row["split"] == "test"]}


def gather(results):
    """(system, images) -> accuracies of the seeds, in per cent."""
    found = {}
    for name, figures in results.items():
        system, images, _, _ = name.split()
        found.setdefault((system, int(images)), []).append(100 * figures["accuracy"])
    return found


def spread(values):
    return max(values) - min(values)


def cells(results):
    return [[system, f"{images:,}", f"{statistics.mean(values):.2f} %",
             f"{spread(values):.2f}", len(values)]
            for (system, images), values in gather(results).items()]


def plot(folder, results):
    series = {}
    for (system, images), values in gather(results).items():
        xs, ys, errors = series.setdefault(system, ([], [], []))
        xs.append(images)
        ys.append(statistics.mean(values))
        errors.append(spread(values) / 2)
    draw.lines(folder / "data.svg", series, "images", "test accuracy, %",
               "Accuracy against data", logx=True)
