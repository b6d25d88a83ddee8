# Part of Maek, under the MIT licence; see LICENSE.
"""Plots as SVG files that are the same for the same numbers."""
import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({
    "svg.hashsalt": "maek", "svg.fonttype": "none", "font.size": 10,
    "axes.spines.top": False, "axes.spines.right": False,
    "axes.prop_cycle": matplotlib.cycler(
        color=["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]),
})
import matplotlib.pyplot as pyplot  # noqa: E402


def lines(path, series, x, y, title, logx=False, logy=False, level=None):
    """`series` maps a name to (xs, ys) or (xs, ys, spreads); `level` is a
    (name, y) to compare with."""
    figure, axes = pyplot.subplots(figsize=(6.4, 3.8), layout="constrained")
    for name, (xs, ys, *spread) in series.items():
        axes.errorbar(xs, ys, *spread, label=name, capsize=3,
                      marker="o" if len(xs) < 20 else None, markersize=4)
    if level:
        axes.axhline(level[1], color="gray", linestyle="--", label=level[0])
    axes.set(xlabel=x, ylabel=y, title=title)
    if logx:
        axes.set_xscale("log")
        points = sorted({x for xs, *_ in series.values() for x in xs})
        axes.set_xticks(points, [f"{point:,}" for point in points])
        axes.minorticks_off()
    if logy:
        axes.set_yscale("log")
    axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    pyplot.close(figure)


def bars(path, names, groups, y, title):
    """`groups` maps a name to one (value, spread) for each of `names`."""
    figure, axes = pyplot.subplots(figsize=(6.4, 3.8), layout="constrained")
    width = 0.8 / len(groups)
    for i, (name, values) in enumerate(groups.items()):
        at = [k + (i - (len(groups) - 1) / 2) * width for k in range(len(names))]
        axes.bar(at, [v for v, _ in values], width, label=name, capsize=3,
                 yerr=[s for _, s in values])
    axes.set_xticks(range(len(names)), names)
    axes.set(ylabel=y, title=title)
    figure.legend(loc="outside right upper", frameon=False)
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
