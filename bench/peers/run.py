#!/usr/bin/env python3
# Part of Maek, under the MIT licence; see LICENSE.
"""Maek beside its peers: each workload with 1 and 2 threads, all contestants in
turns in one run on the same inputs and weights. Results are compared first: who
computes something else has no time. Prints a table, writes JSON."""
import argparse
import hashlib
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(ROOT / "tools")]

import limits  # noqa: E402
import measuring  # noqa: E402
from contestants import CONTESTANTS  # noqa: E402
from contestants_short import EVERYBODY, SHORT  # noqa: E402
from experiments.results import insert, origin, table  # noqa: E402
from workloads import WORKLOADS  # noqa: E402

PEERS = [name for name in CONTESTANTS if name != "maek"]
# Of the largest number: above, it is another result.
WRONG, WRONG_SHORT = 1e-3, 0.1
# Where short products have goals.
SHORT_WORKLOADS = ["skinny", "lstm_H", "gru", "stacked_lstm", "encoder_layer", "vit_ti", "deit_ti_B",
                   "cnn_B"]


class Worker:
    """A contestant's process; started again when it has died."""

    def __init__(self, python, name, threads):
        self.words = [python, str(HERE / "worker.py"), name, str(threads)]
        self.environment = {
            **{f"{library}_NUM_THREADS": str(threads)
               for library in ("OMP", "MKL", "OPENBLAS", "HL")},
            "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
        self.process = None

    def ask(self, *words):
        if self.process is None:
            self.process = subprocess.Popen(
                self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, text=True,
                env={**os.environ, **self.environment})
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        code = self.process.wait()
        self.process = None
        return {"failed": f"the process ended with {code}"}

    def end(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()
            self.process = None


def prepare(workloads, python, folder):
    """What is the same for all; kept, under a digest of what makes it."""
    digest = hashlib.sha256()
    for file in ("networks.py", "prepare.py", "workloads.py"):
        digest.update((HERE / file).read_bytes())
    stamp = folder / "digest"
    if not stamp.exists() or stamp.read_text() != digest.hexdigest():
        for file in folder.glob("*/reference.npz"):
            file.unlink()
        folder.mkdir(parents=True, exist_ok=True)
        stamp.write_text(digest.hexdigest())
    missing = [w.name for w in workloads if not (folder / w.name / "reference.npz").exists()]
    if missing:
        print(f"preparing {len(missing)} workloads", file=sys.stderr)
        subprocess.run([python, HERE / "prepare.py", folder, *missing], check=True,
                       stdout=subprocess.DEVNULL)


def compile_model(maek, workload, folder, precision="f32"):
    def build(name, *words):
        measuring.build(maek, HERE / workload.file, folder / workload.name / name,
                        workload.model, workload.sets, [f"--precision={precision}", *words])
    build(f"libmaek-{precision}.so", "--emit=shared", "--name", "maek")
    if precision == "int8":
        build("maek-int8")  # calibrates


def measure(workload, threads, contestants, options, folder):
    """name: figures, of one workload."""
    rows = {}
    for name, worker in contestants.items():
        if not EVERYBODY[name].takes(workload):
            continue
        rows[name] = worker.ask("ready", workload.name, folder / workload.name)
        if rows[name].get("error", 0) > (WRONG if name in CONTESTANTS else WRONG_SHORT):
            rows[name] = {"failed": f"wrong by {rows[name]['error']:.1e}"}
    taking_part = [name for name in rows if "failed" not in rows[name]]
    samples = {name: [] for name in taking_part}
    others = {name: [] for name in taking_part}
    for turn in range(options.rounds):
        # Each begins once: nobody always follows the same one.
        shift = turn % max(1, len(taking_part))
        for name in taking_part[shift:] + taking_part[:shift]:
            answer = contestants[name].ask("time", options.seconds)
            if "failed" in answer:
                rows[name] = answer
                samples.pop(name, None)
            elif name in samples:
                samples[name] += answer["samples"]
                others[name].append(answer["others"])
    for name, times in samples.items():
        rows[name].update(min_ms=min(times), median_ms=statistics.median(times),
                          count=len(times), others=max(others[name]))
    return {name: {"workload": workload.name, "threads": threads, "who": name, **row}
            for name, row in rows.items()}


def maek_of(precision):
    return "maek" if precision == "f32" else f"maek-{precision}"


def text(milliseconds):
    return f"{milliseconds:.4g}"


def find_best(rows, peers=PEERS):
    """The peer with the least time, and that time; None if none has one."""
    timed = {name: row["min_ms"] for name, row in rows.items()
             if name in peers and "min_ms" in row}
    best = min(timed, key=timed.get, default=None)
    return best, timed.get(best)


def report(workload, threads, rows, limit, precision):
    """A line of the table."""
    ours = rows[maek_of(precision)]
    best, least = find_best(rows)
    line = f"{workload.name:<30}{threads:>3}{text(limit):>9}"
    if "min_ms" in ours:
        ratio = f"{ours['min_ms'] / least:.2f}" if best else ""
        line += (f"{text(ours['min_ms']):>9}{text(ours['median_ms']):>9}"
                 f"{limit / ours['min_ms']:>6.0%}{ratio:>7}  ")
    else:
        line += f"{'':>31}  Maek: {ours['failed']}; "
    said = [f"{best} {text(least)} ({limit / least:.0%})"] if best else []
    said += [f"{name} {text(row['min_ms']) if 'min_ms' in row else row['failed']}"
             for name, row in rows.items() if name not in (maek_of(precision), best)]
    busy = max((row.get("others", 0) for row in rows.values()), default=0)
    if busy > measuring.BUSY:
        said.append(f"others used {busy:.2f} cores")
    return line + "; ".join(said)


HEAD = ["workload", "threads", "limit, ms", "Maek, ms", "median", "of the limit", "best peer",
        "its ms", "of the limit", "ratio", "goal"]


def grouped(records):
    """Of each workload and number of threads the contestants' rows."""
    groups = {}
    for row in records:
        groups.setdefault((row["workload"], row["threads"]), {})[row["who"]] = row
    return groups.items()


SHORT_HEAD = ["workload", "threads", "best peer in f32", "its ms", "Maek, ms", "ratio",
              "best peer in {}", "its ms", "ratio"]


def short_rows(records, precision):
    """The same of short products: beside f32's best, and beside those of peers."""
    for (name, threads), rows in grouped(records):
        ours = rows[maek_of(precision)]
        line = [name, threads]
        for peers in (PEERS, SHORT[precision].keys() - {maek_of(precision)}):
            best, least = find_best(rows, peers)
            ratio = f"{ours['min_ms'] / least:.2f}" if best and "min_ms" in ours else ""
            line += [best or "", text(least) if best else ""]
            if peers is PEERS:
                line.append(text(ours["min_ms"]) if "min_ms" in ours else ours["failed"])
            line.append(ratio)
        yield line


def table_rows(records):
    """Lines of docs/performance.md: one for each workload and number of threads."""
    for (name, threads), rows in grouped(records):
        ours = rows["maek"]
        limit = ours["limit_ms"]
        best, least = find_best(rows)
        line = [name, threads, text(limit)]
        if "min_ms" in ours:
            line += [text(ours["min_ms"]), text(ours["median_ms"]),
                     f"{limit / ours['min_ms']:.0%}"]
        else:
            line += [ours["failed"], "", ""]
        if best:
            share = limit / least
            goal = WORKLOADS[name].goal_of(threads, share)
            ratio = ours["min_ms"] / least if "min_ms" in ours else float("inf")
            line += [best, text(least), f"{share:.0%}",
                     f"**{ratio:.2f}**" if ratio <= goal else f"{ratio:.2f}", f"{goal:.2f}"]
        else:
            line += ["", "", "", "", ""]
        yield line


def join(old, new):
    """The figures of both runs, of one machine; the new ones where both have some."""
    fresh = {(row["workload"], row["threads"]) for row in new["rows"]}
    kept = [row for row in old["rows"] if (row["workload"], row["threads"]) not in fresh]
    # One name stands for processors of several generations.
    others = [t for t, peak in new["gflops"].items()
              if abs(old["gflops"].get(t, peak) / peak - 1) > 0.2]
    if kept and (others or old["machine"] != new["machine"]):
        raise SystemExit("bench/results has rows of another machine; --record all workloads, "
                         "with 1 and 2 threads")
    order = list(WORKLOADS)
    rows = sorted(new["rows"] + kept,
                  key=lambda row: (row["threads"], order.index(row["workload"])))
    return {**new, "gflops": old["gflops"] | new["gflops"], "rows": rows}


def record(results, precision):
    """Keeps the figures in bench/results, each with its commit, and in
    docs/performance.md."""
    is_short = precision != "f32"
    suffix = f"-{precision}" if is_short else ""
    kept = ROOT / f"bench/results/peers{suffix}.json"
    kept.parent.mkdir(exist_ok=True)
    for row in results["rows"]:
        row["commit"] = results["commit"]
    if kept.exists():
        results = join(json.loads(kept.read_text()), results)
    kept.write_text(json.dumps(results, indent=1) + "\n")
    lines = (table([word.format(precision) for word in SHORT_HEAD],
                   short_rows(results["rows"], precision)) if is_short
             else table(HEAD, table_rows(results["rows"])))
    commits = sorted({row["commit"] for row in results["rows"]})
    option = f" --precision {precision}" if is_short else ""
    about = (f"`./dev bench peers{option} --record`, last on {results['date']}, of "
             f"commit{'s' * (len(commits) > 1)} {', '.join(commits)}, "
             f"{results['machine']['cores']} cores of an {results['machine']['cpu']}; FMA peak "
             + ", ".join(f"{peak:.0f} GFLOP/s with {threads} thread{'s' * (int(threads) > 1)}"
                         for threads, peak in results["gflops"].items()) + ".")
    insert(ROOT / "docs/performance.md", f"peers{suffix}", f"{about}\n\n{lines}")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench peers", description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD",
                        help="names or their beginnings; without, all")
    parser.add_argument("--build", default=str(ROOT / "build/release"))
    parser.add_argument("--python", default=str(ROOT / "build/peers/bin/python3"),
                        help="of the peers' environment")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=PEERS)
    parser.add_argument("--precision", choices=["f32", *SHORT], default="f32",
                        help="of Maek's products, beside peers in f32 and in that")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each contestant")
    parser.add_argument("--seconds", type=float, default=0.3, help="of a turn")
    parser.add_argument("--json", default=str(ROOT / "build/bench/peers.json"))
    parser.add_argument("--record", action="store_true",
                        help="keep the figures in bench/results and docs/performance.md")
    options = parser.parse_args()

    is_short = options.precision != "f32"
    wanted = options.workloads or (SHORT_WORKLOADS if is_short else [""])
    chosen = [w for w in WORKLOADS.values() if any(w.name.startswith(n) for n in wanted)]
    if not chosen:
        parser.error(f"no workload begins with {options.workloads}; there are: "
                     + ", ".join(WORKLOADS))
    folder = ROOT / "build/bench/peers"
    prepare(chosen, options.python, folder)
    for workload in chosen:
        compile_model(f"{options.build}/bin/maek", workload, folder, options.precision)
    peak = limits.peak(options.build, max(options.threads))
    print("; ".join(f"FMA peak with {t} thread{'s' * (t > 1)}: {peak[t]:.0f} GFLOP/s"
                    for t in options.threads))
    print(f"{'workload':<30}{'thr':>3}{'limit':>9}{'Maek ms':>9}{'median':>9}{'of it':>6}"
          f"{'ratio':>7}  best peer")
    records = []
    for threads in options.threads:
        workers = {name: Worker(options.python, name, threads)
                   for name in [*options.peers, *SHORT.get(options.precision, ["maek"])]}
        for workload in chosen:
            rows = measure(workload, threads, workers, options, folder)
            limit = workload.flops / peak[threads] * 1e-6
            records += [{**row, "limit_ms": limit} for row in rows.values()]
            print(report(workload, threads, rows, limit, options.precision), flush=True)
        for worker in workers.values():
            worker.end()
    out = pathlib.Path(options.json)
    out.parent.mkdir(parents=True, exist_ok=True)
    results = {**origin(), "gflops": {str(t): peak[t] for t in options.threads},
               "rows": records}
    out.write_text(json.dumps(results, indent=1) + "\n")
    print(f"wrote {out}", file=sys.stderr)
    if options.record:
        record(results, options.precision)


if __name__ == "__main__":
    main()
