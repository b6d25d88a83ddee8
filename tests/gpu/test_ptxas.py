# Part of Maek, under the MIT licence; see LICENSE.
"""Every kernel of models, forward and training, as PTX that Nvidia's assembler
takes for sm_75, sm_80 and sm_90, without a register spilled. Prints what each
kind of kernel uses, and how many of an SM's warps it leaves room for.

  test_ptxas.py [MODEL.maek...]

Without names, of models that have kernels of every class; with MAEK_THOROUGH=1
of all in models/, which takes a quarter of an hour. Needs no GPU. Without ptxas (./dev setup installs it if it can) it says so and
is skipped."""

import collections
import concurrent.futures
import glob
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ["MAEK_BIN"])
SKIPPED = 77

# Recurrent products, causal attention, convolutions, each with its training.
USUAL = ["lstm", "char_transformer", "cnn"]

# Of an SM: warps, blocks, shared memory in bytes.
Machine = collections.namedtuple("Machine", "warps blocks shared")
MACHINES = {"sm_75": Machine(32, 16, 65536),
            "sm_80": Machine(64, 32, 167936),
            "sm_90": Machine(64, 32, 233472)}
# The text for a capability is taken for newer ones, too.
TEXTS = {"cuda-sm_75": ["sm_75"], "cuda-sm_80": ["sm_80", "sm_90"]}

# What a block may have without asking the driver for more.
MOST_SHARED = 48 * 1024

# What sines of large angles take, of CUDA's own library: an array that is indexed.
LIBRARY_STACK = 32

Entry = collections.namedtuple("Entry", "kind machine registers spills shared occupancy")


def find_ptxas():
    """The one of the environment, or what ./dev setup has put beside the build."""
    if own := os.environ.get("MAEK_PTXAS"):
        return own
    places = glob.glob(str(SOURCE / "build/ptxas/lib/python3*/site-packages/nvidia/*/bin/ptxas"))
    if not places:
        return None
    # Wheels do not keep what may be run.
    if not os.access(places[0], os.X_OK):
        os.chmod(places[0], 0o755)
    return places[0]


def get_occupancy(machine, registers, threads, shared):
    """The share of an SM's warps that blocks of this kind can fill."""
    warps = (threads + 31) // 32
    # Registers are handed out to warps in pieces of 256, shared memory with 1 KB
    # for the system.
    per_warp = (registers * 32 + 255) // 256 * 256
    blocks = min(machine.blocks, machine.warps // warps, 65536 // (per_warp * warps),
                 machine.shared // (shared + 1024))
    return blocks * warps / machine.warps


def read_launches(text):
    """Of each entry: its threads and its shared memory."""
    launches = {}
    for name, size, shared in re.findall(
            r"// launch (\S+): (.+) threads, (\S+) bytes of shared memory", text):
        threads = 1
        for axis in size.split(" x "):
            threads *= int(axis)
        launches[name] = threads, int(shared)
    return launches


def assemble(ptxas, path, machine):
    """Entries of one file, or raises with what the assembler says."""
    text = path.read_text()
    launches = read_launches(text)
    run = subprocess.run([ptxas, "-v", f"-arch={machine}", "-o", os.devnull, path],
                         capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(f"{path.name} for {machine}: {run.stderr.strip()}")
    entries = []
    for part in run.stderr.split("Compiling entry function '")[1:]:
        name = part.split("'")[0]
        stack, stores, loads = map(int, re.search(
            r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads",
            part).groups())
        registers = int(re.search(r"Used (\d+) registers", part)[1])
        threads, shared = launches[name]
        if shared > MOST_SHARED:
            raise RuntimeError(f"{path.name}: {name} takes {shared} bytes of shared memory, "
                               f"more than the {MOST_SHARED} that a block may have")
        if stack > LIBRARY_STACK or stores or loads:
            raise RuntimeError(f"{path.name} for {machine}: {name} has {stack} bytes of stack, "
                               f"{stores} and {loads} bytes of spills")
        kind = re.sub(r"_\d+\..*", "", path.name)
        entries.append(Entry(kind, machine, registers, stores, shared,
                             get_occupancy(MACHINES[machine], registers, threads, shared)))
    if not entries or len(entries) != len(launches):
        raise RuntimeError(f"{path.name} has {len(launches)} launches of {len(entries)} entries")
    return entries


def get_content(path):
    """The text without the numbers in names, which count what was compiled before."""
    return hashlib.sha256(re.sub(r"_\d+", "", path.read_text()).encode()).digest()


def write_texts(models, folder):
    """(path, machine) of each kernel that no other one equals."""
    known, work = set(), []
    for path, model in models:
        for target, machines in TEXTS.items():
            out = folder / target / model
            out.parent.mkdir(exist_ok=True)
            subprocess.run([BIN / "maek", "build", path, f"--model={model}",
                            f"--target={target}", "--emit=device", "-o", out],
                           check=True, cwd=SOURCE)
            for text in sorted(out.glob("*.ptx")):
                content = get_content(text), target
                if content not in known:
                    known.add(content)
                    work += [(text, machine) for machine in machines]
    return work


def find_models(paths):
    """(path, name) of each model in the files."""
    return [(path, name) for path in paths
            for name in re.findall(r"^model (\w+)", pathlib.Path(path).read_text(), re.M)]


def print_table(entries):
    def span(numbers, form=str):
        low, high = form(min(numbers)), form(max(numbers))
        return low if low == high else f"{low} - {high}"

    print(f"{'kernels':<14} {'for':<6} {'entries':>7} {'registers':>10} {'spills':>6} "
          f"{'shared memory':>15} {'occupancy':>13}")
    groups = collections.defaultdict(list)
    for entry in entries:
        groups[entry.kind, entry.machine].append(entry)
    for (kind, machine), members in sorted(groups.items()):
        print(f"{kind:<14} {machine:<6} {len(members):>7} "
              f"{span([m.registers for m in members]):>10} {sum(m.spills for m in members):>6} "
              f"{span([m.shared for m in members]):>15} "
              f"{span([m.occupancy for m in members], lambda x: f'{x:4.0%}'.strip()):>13}")


def main():
    ptxas = find_ptxas()
    if not ptxas:
        print("skipped: no ptxas; ./dev setup installs it, or MAEK_PTXAS names one")
        return SKIPPED
    folder = SOURCE / "models"
    paths = sys.argv[1:] or sorted(
        folder.glob("*.maek") if os.environ.get("MAEK_THOROUGH")
        else [folder / f"{name}.maek" for name in USUAL])
    models = find_models(paths)
    with tempfile.TemporaryDirectory() as folder:
        work = write_texts(models, pathlib.Path(folder))
        entries, faults = [], []
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for future in [pool.submit(assemble, ptxas, *item) for item in work]:
                try:
                    entries += future.result()
                except RuntimeError as error:
                    faults.append(str(error))
    print_table(entries)
    for fault in faults:
        print("FAILED:", fault)
    print(f"{len(entries)} entries of {len(models)} models, {len(faults)} faults")
    return 1 if faults or not entries else 0


if __name__ == "__main__":
    sys.exit(main())
