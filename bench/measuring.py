# Part of Maek, under the MIT licence; see LICENSE.
"""Programs of models in processes of their own: how long they take, how much
memory they hold, how busy the machine is with others."""
import json
import os
import pathlib
import re
import subprocess
import sys

PARTS = ["passes", "kernels", "host code", "link"]  # of a `maek build --timing`
BUSY = 0.05  # cores that others use: above, times may be longer for it

# What is resident counts from before the program is loaded, so that what starts
# it must be small.
LAUNCHER = """
import os, sys, time
begin = time.perf_counter()
_, status, usage = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ), 0)
seconds = time.perf_counter() - begin
print(os.waitstatus_to_exitcode(status), seconds, usage.ru_maxrss / 1024,
      usage.ru_utime + usage.ru_stime)
"""


def machine_seconds():
    """Of all processors, since the machine began."""
    user, nice, system, _, _, irq, soft, steal = (
        int(word) for word in pathlib.Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")


def once(words, folder=".", **environment):
    """A process: what it prints, its seconds, those of processors, the most memory
    that was resident in MB, the cores that others used meanwhile."""
    before = machine_seconds()
    done = subprocess.run([sys.executable, "-ISc", LAUNCHER, *map(str, words)], cwd=folder,
                          check=True, capture_output=True, text=True,
                          env={**os.environ, **environment})
    *said, figures = done.stdout.splitlines()
    code, seconds, memory, own = map(float, figures.split())
    if code:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    others = max(0.0, (machine_seconds() - before - own) / seconds)
    return {"said": "\n".join(said), "errors": done.stderr, "seconds": seconds,
            "processor_seconds": own, "memory_mb": memory, "others": others}


def build_words(maek, file, out, model="", sets=()):
    """The command that compiles a model of a file."""
    chosen = ["--model", model] if model else []
    return [maek, "build", file, "-o", out, *chosen,
            *(word for one in sets for word in ("--set", one))]


def build(maek, file, out, model="", sets=(), words=()):
    """Compiles a model of a file into a program."""
    subprocess.run([*build_words(maek, file, out, model, sets), *words], check=True)
    return out


def compile_timed(maek, file, folder, sets=()):
    """Of a `maek build` whose kernel cache is in the folder: its parts in ms, how
    many kernels were compiled, and what `once` says of the process."""
    words = [*build_words(maek, file, folder / "program", sets=sets), "--timing"]
    row = once(words, MAEK_CACHE_DIR=str(folder / "cache"))
    row.pop("said")
    said = row.pop("errors")
    for part in PARTS:
        row[part] = float(re.search(rf"^{part}: .*?(\d+) ms$", said, re.MULTILINE).group(1))
    row["compiled"] = int(re.search(r"(\d+) compiled", said).group(1))
    return row


def bench(program, entry, threads, sizes, repeat=0, words=()):
    """What `bench` of a program says of sizes by name, B among them, the seconds of
    the process, and the cores that others used."""
    words = [program, "bench", "--entry", entry, "--threads", threads, "--json", *words]
    for name, size in sizes.items():
        words += ["--batch", size] if name == "B" else ["--dim", f"{name}={size}"]
    if repeat:
        words += ["--repeat", repeat]
    figures = once(words)
    return {**json.loads(figures["said"]), "seconds": figures["seconds"],
            "others": figures["others"]}


def about(command, results, others):
    """Where the figures of a table come from."""
    peaks = ", ".join(f"{peak:.0f} GFLOP/s with {threads} thread{'s' * (int(threads) > 1)}"
                      for threads, peak in results.get("gflops", {}).items())
    several = "s" * (", " in results["commit"])
    return (f"`./dev bench {command} --record` on {results['date']}, of commit{several} "
            f"{results['commit']}, {results['machine']['cores']} cores of an "
            f"{results['machine']['cpu']}" + (f"; FMA peak {peaks}" if peaks else "")
            + (f"; others used up to {others:.1f} cores meanwhile" if others > BUSY else "") + ".")
