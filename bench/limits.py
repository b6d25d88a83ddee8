# Part of Maek, under the MIT licence; see LICENSE.
"""The machine's limits, measured."""
import json
import subprocess


def peak(build, threads):
    """Threads: GFLOP/s of multiply-adds, for 1 to so many threads."""
    said = subprocess.run([f"{build}/bin/maek-peak", str(threads)], check=True,
                          capture_output=True, text=True).stdout
    return {row["threads"]: row["gflops"] for row in map(json.loads, said.splitlines())}
