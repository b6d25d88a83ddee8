#!/usr/bin/env python3
# Part of Maek, under the MIT licence; see LICENSE.
"""Runs the experiments of this folder: each prints a table and writes SVG plots.
A finished row is not run again, an interrupted one goes on; --again forgets
what there is."""
import argparse
import importlib
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "tools")]
from experiments.program import meaning, say  # noqa: E402
from experiments.results import ROOT, Store, attempt, insert, key, table  # noqa: E402

# In the order of README.md.
LABS = ["forget", "gates", "reach", "order", "data"]


def text_of(file):
    return meaning(file) if file.suffix == ".maek" else file.read_text()


class Lab:
    """One experiment: rows that are run, then shown together. The module has
    TITLE, FILES, rows(quick) -> {name: settings}, run(lab, name, settings) ->
    figures, head and cells(name, figures) for the table, and plot(lab,
    results)."""

    def __init__(self, name, folder, quick):
        self.module = importlib.import_module(name)
        self.name, self.quick = name, quick
        self.folder = folder / name
        self.plots = self.folder / "plots"
        self.texts = "".join(text_of(HERE / file) for file in self.module.FILES)
        self.store = Store(self.folder / "results")
        self.kept = Store(HERE / "results" / name)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.plots.mkdir(exist_ok=True)

    def run(self, again, kept):
        rows = self.module.rows(self.quick)
        for at, (name, settings) in enumerate(rows.items()):
            wanted = self.key(settings)
            if kept:
                self.store.take(name, wanted, self.kept)
            if not again and self.store.find(name, wanted):
                continue
            say(f"== {self.name}: {name} ({at + 1} of {len(rows)})")
            with self.attempt(name, settings, again) as seconds:
                figures = self.module.run(self, name, settings)
                self.store.write(name, wanted, f"./dev labs {self.name}", figures,
                                 seconds())

    def key(self, settings):
        """Of a row: its settings, the experiment, what its models mean."""
        return key(settings, self.texts)

    def attempt(self, name, settings, again=False):
        """Around what makes a row's files, its own ones or those of another row
        that it needs."""
        program = self.program_name(name)
        return attempt(self.folder / f"{program}.work", self.key(settings),
                       f"{program}-*", again)

    @staticmethod
    def program_name(row):
        return row.replace(" ", "-")

    def results(self, store):
        found = {name: store.read(name) for name in self.module.rows(self.quick)}
        return {name: result["figures"] for name, result in found.items() if result}

    def show(self, store, plots):
        """The table; writes the plots."""
        results = self.results(store)
        if not results:
            return ""
        self.module.plot(plots, results)
        text = table(self.module.HEAD, self.module.cells(results))
        old = [name for name, settings in self.module.rows(self.quick).items()
               if name in results and not store.find(name, self.key(settings))]
        return f"{text}\nOf an earlier version: {', '.join(old)}.\n" if old else text

    def record(self):
        """Keeps the results beside the lab, and its table and plots in README.md,
        the project's, too."""
        self.kept.copy(self.store, self.results(self.store))
        text = self.show(self.kept, HERE)
        plots = sorted(path.name for path in self.plots.glob("*.svg"))
        for page in (HERE / "README.md", ROOT / "README.md"):
            folder = HERE.relative_to(page.parent)
            images = " ".join(f"![{self.module.TITLE}]({folder / plot})" for plot in plots)
            insert(page, self.name, f"{text}\n{images}\n")


def main():
    parser = argparse.ArgumentParser(prog="./dev labs", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(LABS)} (all)")
    parser.add_argument("--quick", action="store_true",
                        help="tiny sizes: shows that it works, not what is true")
    parser.add_argument("--again", action="store_true", help="run every row anew")
    parser.add_argument("--kept", action="store_true",
                        help="count rows as finished whose results are kept in "
                             "models/labs/results")
    parser.add_argument("--record", action="store_true",
                        help="keep results and plots in models/labs and show them "
                             "in its README.md")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build/labs",
                        help="where programs, checkpoints and results go")
    options = parser.parse_args()
    for name in options.names:
        if name not in LABS:
            parser.error(f"no lab '{name}'; there are {', '.join(LABS)}")
    folder = options.folder / "quick" if options.quick else options.folder
    for name in options.names or LABS:
        lab = Lab(name, folder, options.quick)
        lab.run(options.again, options.kept)
        text = lab.show(lab.store, lab.plots)
        print(f"{lab.module.TITLE}\n\n{text}", flush=True)
        for plot in sorted(lab.plots.glob("*.svg")):
            say(f"wrote {plot}")
        if options.record and not options.quick:
            lab.record()
    return 0


if __name__ == "__main__":
    sys.exit(main())
