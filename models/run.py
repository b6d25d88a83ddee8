#!/usr/bin/env python3
# Part of Maek, under the MIT licence; see LICENSE.
"""Trains each model of models.toml and prints a table. A finished model is not
trained again, an interrupted one goes on; --again forgets what there is."""
import argparse
import math
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import precisions  # noqa: E402
from experiments.program import Program, meaning, say  # noqa: E402
from experiments.results import ROOT, Store, attempt, insert, key, table  # noqa: E402

HEAD = ["model", "paper", "input → output", "data", "parameters", "result", "epochs",
        "seconds an epoch", "ms for one", "cores", "command"]


def sets(words):
    """The values of --set options."""
    return [words[i + 1] for i, word in enumerate(words) if word == "--set"]


def weights_of(name, folder):
    """Where `measure` leaves a model's weights."""
    return pathlib.Path(folder) / f"{name}-run.safetensors"


def words_of(entry, mode, which):
    """Options; {root} stands for the folder of this repository."""
    return [word.replace("{root}", str(ROOT)) for word in entry.get(mode, {}).get(which, [])]


def write_text(text, folder):
    """Writes the file that a model reads, which a program prints. False, said, if
    the program is missing."""
    path = folder / text["file"]
    if path.exists():
        return True
    if not shutil.which(text["command"][0]):
        say(f"left out: it needs {text['command'][0]} of the package {text['package']}")
        return False
    folder.mkdir(parents=True, exist_ok=True)
    printed = subprocess.run(text["command"], check=True, stdin=subprocess.DEVNULL,
                             capture_output=True).stdout
    path.write_bytes(printed)
    return True


def file_of(name, entry):
    return HERE / f"{entry.get('file', name)}.maek"


def data_words(entry, folder, mode="full"):
    """Options that say where the data is."""
    return ["--data-dir", str(folder)] if mode == "full" and "text" in entry else []


def measure(name, entry, folder, mode, quiet=False):
    """The figures of one model, trained fully or (mode "quick") a little. The
    models that it uses are trained already, in the same folder."""
    uses = [f"{use}={weights_of(other, folder)}"
            for use, other in entry.get("uses", {}).items()]
    program = Program(file_of(name, entry), folder, name,
                      sets(words_of(entry, mode, "build")), entry.get("model", ""))
    train = words_of(entry, mode, "train") + data_words(entry, folder, mode)
    rows = program.train("run", train, quiet, uses)
    train = [row for row in rows if row["split"] == "train"]
    seconds = sorted(row["seconds"] for row in train)
    return {"parameters": program.parameters(),
            "epochs": len(train),
            "seconds_an_epoch": seconds[len(seconds) // 2],
            "train_loss": [row["loss"] for row in train],
            "forward_ms": program.bench("forward", 1, entry.get("sizes", [])),
            "test": {figure: value for figure, value in
                     [row for row in rows if row["split"] == "test"][-1].items()
                     if figure not in ("epoch", "step", "split")}}


def result_text(entry, figures):
    test = figures["test"]
    if entry["figure"] == "bits":
        return f"{test['loss'] / math.log(2):.3f} bits per character"
    if entry["figure"] == "accuracy":
        return f"{100 * test['accuracy']:.2f} % accuracy"
    return f"{entry['figure']} {test[entry['figure']]:.4f}"


def shown(entry):
    """Gives of loss and metrics the number that counts, in bits or in per cent."""
    if entry["figure"] == "bits":
        return lambda figures: figures["loss"] / math.log(2)
    return lambda figures: 100 * figures[entry["figure"]]


def compare_precisions(chosen, entries, folder, trained, store):
    """Those that are trained here, in other precisions."""
    for name, entry in chosen.items():
        own, weights = wanted(name, entries), weights_of(name, folder)
        if store.find(name, own):
            continue
        if not trained.find(name, own) or not weights.exists():
            say(f"left out: {name} is not trained here")
            continue
        say(f"== {name} in other precisions")
        begin = time.monotonic()
        figures = precisions.measure(file_of(name, entry), entry, folder,
                                     sets(words_of(entry, "full", "build")), weights,
                                     data_words(entry, folder))
        store.write(name, own, f"./dev models {name} --precisions", figures,
                    time.monotonic() - begin)


def precision_rows(entries, store):
    for name, entry in entries.items():
        if result := store.read(name):
            stale = "" if result["key"] == wanted(name, entries) else ", an earlier version"
            yield precisions.row(name + stale, result["figures"], shown(entry))


def quick(chosen, entries):
    """A few steps of each model. The loss must fall."""
    failed = []
    for name, entry in chosen.items():
        with tempfile.TemporaryDirectory() as folder:
            for other in entry.get("uses", {}).values():
                measure(other, entries[other], folder, "quick", quiet=True)
            figures = measure(name, entry, folder, "quick", quiet=True)
        loss = figures["train_loss"]
        falls = all(map(math.isfinite, loss)) and loss[-1] < loss[0]
        print(f"{name}: {figures['parameters']} parameters, loss "
              + " ".join(f"{x:.4f}" for x in loss) + f", {result_text(entry, figures)}"
              + ("" if falls else "; the loss does not fall"), flush=True)
        if not falls:
            failed.append(name)
    return failed


def wanted(name, entries):
    """The key of a model's result."""
    entry = entries[name]
    used = entry.get("uses", {}).values()
    return key(entry.get("full", {}),
               *(meaning(file_of(one, entries[one]), entries[one].get("model", ""))
                 for one in (name, *used)))


def rows_of(entries, store):
    for name, entry in entries.items():
        file = file_of(name, entry).name
        row = [f"[{name}]({file})", entry["paper"], entry["shapes"], entry["data"]]
        result = store.read(name)
        if not result:
            yield [*row, "", "not measured", "", "", "", "", f"`./dev models {name}`"]
            continue
        figures = result["figures"]
        stale = "" if result["key"] == wanted(name, entries) else ", an earlier version"
        yield [*row, f"{figures['parameters']:,}", result_text(entry, figures) + stale,
               figures["epochs"], f"{figures['seconds_an_epoch']:.1f}",
               f"{figures['forward_ms']:.3g}" if "forward_ms" in figures else "",
               result["machine"]["cores"], f"`{result['command']}`"]


def show(head, rows, entries, store, kept, chosen, place):
    """Prints the table; keeps it in that place of README.md, if one is named."""
    print(table(head, rows(entries, store)), end="")
    if place:
        # Those that were left out have none.
        kept.copy(store, [name for name in chosen if store.read(name)])
        insert(HERE / "README.md", place, table(head, rows(entries, kept)))
    return 0


def main():
    parser = argparse.ArgumentParser(prog="./dev models", description=__doc__)
    parser.add_argument("names", nargs="*", help="which models (all)")
    parser.add_argument("--quick", action="store_true",
                        help="a few steps each; fails unless each loss falls")
    parser.add_argument("--again", action="store_true", help="train anew")
    parser.add_argument("--kept", action="store_true",
                        help="count models as trained whose results are kept in "
                             "models/results")
    parser.add_argument("--precisions", action="store_true",
                        help="evaluate the models that are trained with products of bf16 "
                             "and int8, too")
    parser.add_argument("--record", action="store_true",
                        help="keep the results in models/results and show them "
                             "in models/README.md")
    options = parser.parse_args()
    entries = tomllib.loads((HERE / "models.toml").read_text())
    unknown = [name for name in options.names if name not in entries]
    if unknown:
        parser.error(f"no model '{unknown[0]}'; there are {', '.join(entries)}")
    chosen = {name: entry for name, entry in entries.items()
              if not options.names or name in options.names}
    if options.quick:
        return 1 if quick(chosen, entries) else 0

    # What a model uses comes before it.
    for name, entry in list(chosen.items()):
        chosen |= {other: entries[other]
                   for other in entry.get("uses", {}).values()}
    chosen = {name: entries[name] for name in entries if name in chosen}
    folder = ROOT / "build/models"
    store, kept = Store(folder / "results"), Store(HERE / "results")
    if options.precisions:
        short = Store(folder / "precisions")
        compare_precisions(chosen, entries, folder, store, short)
        return show(precisions.HEAD, precision_rows, entries, short,
                    Store(HERE / "results/precisions"), chosen,
                    "precisions" if options.record else "")
    for name, entry in chosen.items():
        own = wanted(name, entries)
        if options.kept:
            store.take(name, own, kept)
        if options.again or not store.find(name, own):
            say(f"== {name}")
            if "text" in entry and not write_text(entry["text"], folder):
                continue
            with attempt(folder / f"{name}.work", own, f"{name}-run.*",
                         options.again) as seconds:
                figures = measure(name, entry, folder, "full")
                store.write(name, own, f"./dev models {name}", figures, seconds())
    return show(HEAD, rows_of, entries, store, kept, chosen,
                "measured" if options.record else "")


if __name__ == "__main__":
    sys.exit(main())
