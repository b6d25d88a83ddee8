#!/usr/bin/env python3
# Part of Maek, under the MIT licence; see LICENSE.
"""`./dev gpu-check`: whether models on a device give what the reference interpreter
does, and how long workloads take there, beside PyTorch where a Python has it. Needs
the built tree and the device's driver."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / "bench")]

import device as devices  # noqa: E402
import measuring  # noqa: E402
import gpu_workloads  # noqa: E402

BIN = ROOT / "build" / "release" / "bin"
STUB = ROOT / "build" / "release" / "lib" / "stub-cuda"
HEADER = ("workload", "precision", "min ms", "median ms", "of the peak", "of bandwidth",
          "PyTorch ms", "Maek / PyTorch")


def say(text):
    print(text, flush=True)


def check_models(device, thorough):
    """The models against the interpreter; whether all is well."""
    begin = time.perf_counter()
    environment = {**os.environ, "MAEK_TEST_DEVICE": device}
    if thorough:
        environment["MAEK_THOROUGH"] = "1"
    done = subprocess.run([BIN / "maek_device_models_test", "--gtest_brief=1"],
                          env=environment, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    for line in lines[-40:] if done.returncode else lines[-2:]:
        say(f"  {line}")
    skipped = any("SKIPPED" in line for line in lines)
    say(f"models against the interpreter: "
        f"{'failed' if done.returncode else 'skipped' if skipped else 'passed'}, "
        f"{time.perf_counter() - begin:.0f} s")
    return done.returncode == 0 and not skipped


def find_torch():
    """A Python whose PyTorch has a GPU; nothing if there is none."""
    for python in (ROOT / "build" / "peers" / "bin" / "python3", "python3"):
        try:
            found = subprocess.run(
                [python, "-c", "import torch, numpy; assert torch.cuda.is_available()"],
                capture_output=True)
        except OSError:
            continue
        if found.returncode == 0:
            return python
    return None


def time_torch(python, workload, precision, ordinal):
    done = subprocess.run([python, "torch_times.py", workload.name, precision, str(ordinal)],
                          cwd=ROOT / "bench" / "gpu", capture_output=True, text=True)
    if done.returncode:
        say(f"  PyTorch, {workload.name}: {done.stderr.strip().splitlines()[-1]}")
        return None
    return json.loads(done.stdout)


def time_maek(workload, precision, device, folder):
    program = folder / f"{workload.name}-{precision}"
    measuring.build(BIN / "maek", ROOT / "bench" / "peers" / workload.file, program,
                    workload.model, workload.sets,
                    (f"--target=host,{device.split(':')[0]}", f"--precision={precision}"))
    info = subprocess.run([program, "info", "--json"], check=True, capture_output=True, text=True)
    entry = next(e for e in json.loads(info.stdout)["module"]["entries"] if e["name"] == workload.entry)
    sizes = {symbol: workload.sizes.get(symbol, 1) for symbol in entry["symbols"]}
    return measuring.bench(program, workload.entry, os.cpu_count(), sizes,
                           words=("--device", device))


def make_row(workload, precision, times, gpu, peer):
    seconds = times["median_ms"] / 1e3
    peak = gpu and gpu.peak(precision)
    share = f"{workload.flops / seconds / peak:.0%}" if peak else ""
    moved = (f"{workload.bytes / seconds / gpu.bandwidth:.0%}"
             if gpu and gpu.bandwidth and workload.bytes else "")
    return (workload.name, precision, f"{times['min_ms']:.3f}", f"{times['median_ms']:.3f}",
            share, moved, f"{peer['median']:.3f}" if peer else "",
            f"{times['median_ms'] / peer['median']:.2f}" if peer else "")


def show(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER))]
    for row in rows:
        say("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")


def main():
    parser = argparse.ArgumentParser(prog="./dev gpu-check", description=__doc__)
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1, opencl (cuda)")
    parser.add_argument("--quick", action="store_true",
                        help="the eight systems alone, and workloads of small sizes")
    parser.add_argument("--stub", action="store_true",
                        help="with a stand-in for NVIDIA's driver, which runs no kernel: "
                        "shows that the command works, not that results are right")
    parser.add_argument("--precisions", default="f32,tf32,bf16",
                        help="that are timed (f32,tf32,bf16)")
    parser.add_argument("--workloads", default="",
                        help="those whose names begin so, such as gemm,lstm (all)")
    options = parser.parse_args()
    chosen = [w for w in gpu_workloads.list_workloads(options.quick)
              if w.name.startswith(tuple(options.workloads.split(",")))]
    if not chosen:
        parser.error(f"no workload's name begins with {options.workloads}")
    ordinal = int(options.device.partition(":")[2] or 0)
    gpu = None
    if options.stub:
        os.environ["LD_LIBRARY_PATH"] = str(STUB)
        say("a stand-in for NVIDIA's driver: no kernel runs, times are the host's")
    elif options.device.startswith("cuda"):
        try:
            gpu = devices.ask(ordinal)
        except (OSError, RuntimeError) as error:
            sys.exit(f"gpu-check: no GPU: {error}\n--device opencl checks OpenCL's, "
                     "--stub the command alone")
        say(f"cuda:{ordinal}: {gpu.name}, sm_{gpu.capability}, {gpu.processors} "
            f"multiprocessors of {gpu.hertz / 1e9:.2f} GHz, {gpu.bandwidth / 1e9:.0f} GB/s")
    else:
        say(f"{options.device}: if it is a device in software, its times say nothing of a GPU")
    is_good = options.stub or check_models(options.device, not options.quick)
    python = find_torch() if gpu else None
    if gpu and not python:
        say("no Python with PyTorch for this GPU: no times of it")
    rows = [HEADER]
    with tempfile.TemporaryDirectory() as folder:
        for workload in chosen:
            for precision in options.precisions.split(","):
                try:
                    times = time_maek(workload, precision, options.device, pathlib.Path(folder))
                except (subprocess.CalledProcessError, RuntimeError) as error:
                    said = getattr(error, "stderr", None) or error
                    say(f"{workload.name}, {precision}: {said}")
                    is_good = False
                    continue
                peer = time_torch(python, workload, precision, ordinal) if python and \
                    not options.quick else None
                rows.append(make_row(workload, precision, times, gpu, peer))
                say(f"{workload.name}, {precision}: {times['median_ms']:.3f} ms")
    say("")
    show(rows)
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
