# Part of Maek, under the MIT licence; see LICENSE.
"""How much data a convolution, a vision Transformer and a distilled one need."""
import pathlib
import statistics

from experiments import plot as draw
from experiments.program import Program, last

HERE = pathlib.Path(__file__).resolve().parent
TITLE = "A ViT needs data, a CNN less, DeiT closes the gap"
FILES = ["data.maek", "data.py", "../cnn.maek", "../vit.maek", "../deit.maek"]
HEAD = ["model", "images", "test accuracy, mean", "spread", "seeds"]
CNN, VIT = {"C": 16}, {"d": 64, "heads": 4, "depth": 4}
# A model's file and hyperparameters, what it learns from beside the labels.
SYSTEMS = {"CNN": ("../cnn.maek", CNN, None), "ViT": ("../vit.maek", VIT, None),
           "ViT-augmented": ("data.maek", VIT, None),
           "DeiT-hard": ("../deit.maek", {**CNN, **VIT, "hard": 1}, "CNN"),
           # As Touvron et al. 2021, section 5.2, of soft distillation.
           "DeiT-soft": ("../deit.maek", {**CNN, **VIT, "hard": 0, "α": 0.1}, "CNN")}
TINY = {"C": 2, "d": 8, "heads": 2, "depth": 1}
# Images, seeds, epochs, batch: some 2,500 updates each.
SIZES = [(1000, 3, 80, 32), (5000, 3, 32, 64), (60000, 1, 5, 128)]


def rows(quick):
    result = {}
    for images, seeds, epochs, batch in SIZES[:1] if quick else SIZES:
        for system in SYSTEMS:
            for seed in range(1 if quick else seeds):
                result[f"{system} {images} seed {seed}"] = {
                    "images": 128 if quick else images, "seed": seed,
                    "epochs": 1 if quick else epochs, "batch": batch}
    return result


def train(lab, name, settings):
    """A row's trained program and its log."""
    system = name.split()[0]
    file, sizes, teacher = SYSTEMS[system]
    if lab.quick:
        sizes = {word: TINY.get(word, size) for word, size in sizes.items()}
    program = Program(HERE / file, lab.folder, lab.program_name(name),
                      [f"{word}={size}" for word, size in sizes.items()])
    options = ["--seed", settings["seed"], "--epochs", settings["epochs"],
               "--batch", settings["batch"], "--examples", settings["images"],
               "--evaluate-every", max(1, settings["epochs"] // 10)]
    uses = []
    if teacher:
        # The teacher saw the same images as its student, in a row before. It is
        # trained here if only that row's figures came from elsewhere.
        other = name.replace(system, teacher, 1)
        with lab.attempt(other, settings):
            taught, _ = train(lab, other, settings)
        uses = [f"teacher={taught.weights('run')}"]
    return program, program.train("run", options, lab.quick, uses)


def run(lab, name, settings):
    _, log = train(lab, name, settings)
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
