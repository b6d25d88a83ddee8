# Part of Maek, under the MIT licence; see LICENSE.
"""One contestant with so many threads, in a process of its own that is pinned to
as many cores. Reads a command a line, answers each with a line of JSON:
  ready WORKLOAD FOLDER   build it, compare its results; error, seconds
  time SECONDS            time calls: samples in ms, cores that others used
  worker.py CONTESTANT THREADS"""
import json
import os
import pathlib
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))

import numpy  # noqa: E402

from contestants_short import EVERYBODY  # noqa: E402
from measuring import machine_seconds  # noqa: E402
from workloads import WORKLOADS  # noqa: E402


def distance(values, references):
    """The largest difference, of the largest number that is right."""
    worst = 0
    for value, reference in zip(values, references, strict=True):
        if value.shape != reference.shape:
            raise ValueError(f"a result of shape {value.shape}, not {reference.shape}")
        difference = numpy.abs(value.astype("f8") - reference).max()
        if not numpy.isfinite(difference):
            raise ValueError("a result is not finite")
        worst = max(worst, difference / max(numpy.abs(reference).max(), 1e-30))
    return float(worst)


def ready(contestant, threads, name, folder):
    workload = WORKLOADS[name]
    stored = numpy.load(folder / "reference.npz")
    references = [stored[f"y{i}"] for i in range(len(stored.files))]
    begin = time.perf_counter()
    built = EVERYBODY[contestant](workload, folder, threads)
    built.call()
    seconds = time.perf_counter() - begin
    values = [numpy.array(value) for value in built.result()]
    if workload.trains:
        for _ in references[1:]:
            built.call()
            values += [numpy.array(value) for value in built.result()]
        values = [value.reshape(()) for value in values]
    return built, {"error": distance(values, references), "seconds": seconds}


def processor_seconds():
    """Of the whole machine, and of this process."""
    own = os.times()
    return machine_seconds(), own.user + own.system


def measure(call, seconds):
    """A sample is a block of calls of at least half a millisecond."""
    begin = time.perf_counter()
    call()
    inner = max(1, round(5e-4 / (time.perf_counter() - begin)))
    samples, before, begin = [], processor_seconds(), time.perf_counter()
    while len(samples) < 3 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        for _ in range(inner):
            call()
        samples.append((time.perf_counter() - start) / inner * 1e3)
    passed = time.perf_counter() - begin
    every, own = (b - a for a, b in zip(before, processor_seconds()))
    return {"samples": samples, "others": max(0.0, (every - own) / passed)}


def main():
    contestant, threads = sys.argv[1], int(sys.argv[2])
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    built = None
    for line in sys.stdin:
        command, *words = line.split()
        try:
            if command == "ready":
                built = None
                built, answer = ready(contestant, threads, words[0], pathlib.Path(words[1]))
            else:
                answer = measure(built.call, float(words[0]))
        except Exception as error:  # whatever a peer may raise is its row's text
            answer = {"failed": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
