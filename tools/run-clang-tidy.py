#!/usr/bin/env python3
# Part of Maek, under the MIT licence; see LICENSE.
"""Runs clang-tidy over files, several at a time, and remembers the clean ones.

A file is looked at again when it, a header of ours that it includes, its
command line, a .clang-tidy above it or clang-tidy itself has changed. Run by
`./dev check`; the build must be up to date, since Ninja knows who includes
what. Exits with 1 if there is a finding.
"""

import argparse
import concurrent.futures
import functools
import hashlib
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


@functools.cache
def hash_file(path):
    return hashlib.sha256(path.read_bytes()).digest()


def read_includes(build):
    """Object file, as Ninja names it -> the files of ours that it is made of."""
    text = subprocess.run(
        ["ninja", "-C", build, "-t", "deps"],
        check=True, capture_output=True, text=True).stdout
    includes, current = {}, []
    for line in text.splitlines():
        if line.startswith(" "):
            path = (build / line.strip()).resolve()
            if ROOT in path.parents:
                current.append(path)
        elif line:
            current = includes.setdefault(line.split(":")[0], [])
    return includes


def make_key(source, command, includes, version):
    """Changes with whatever a finding may depend on."""
    key = hashlib.sha256((version + command).encode())
    configurations = [folder / ".clang-tidy" for folder in source.parents
                      if ROOT == folder or ROOT in folder.parents]
    for path in sorted({source, *configurations, *includes}):
        if path.exists():
            key.update(str(path.relative_to(ROOT)).encode() + b"\0")
            key.update(hash_file(path))
    return key.hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True,
                        help="folder with compile_commands.json")
    parser.add_argument("--tidy", default="clang-tidy-22", help="the program")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    build = options.build.resolve()
    clean = build / "clang-tidy"
    clean.mkdir(exist_ok=True)

    version = subprocess.run([options.tidy, "--version"], check=True,
                             capture_output=True, text=True).stdout
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        source = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        commands[source] = entry["command"]
    includes = read_includes(build)

    todo = {}
    for path in options.files:
        source = path.resolve()
        if source not in commands:
            print(f"{path}: no part of the build, not looked at",
                  file=sys.stderr)
            continue
        command = commands[source]
        made = re.search(r" -o (\S+)", command).group(1)
        stamp = clean / make_key(source, command, includes.get(made, []),
                                 version)
        if not stamp.exists():
            todo[path] = stamp

    def look_at(path):
        return subprocess.run(
            [options.tidy, "-p", build, "--quiet", path],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for (path, stamp), run in zip(todo.items(), pool.map(look_at, todo)):
            if run.returncode == 0:
                stamp.touch()
            else:
                failed += 1
                print(run.stdout, end="", flush=True)
    print(f"clang-tidy: {len(options.files)} files, {len(todo)} looked at, "
          f"{failed} with findings", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
