#!/usr/bin/env python3
# Part of Maek, under the MIT licence; see LICENSE.
"""Checks the exact text of the errors of wrong models.

A file holds cases:

    #--- name [arguments of maek-front]
    the model
    #=== error
    what is printed

Each case is written to a folder of its own as name.maek and checked there.
The exit status must be 1 ("#=== error") or 0 ("#=== ok")."""
import argparse
import difflib
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

HEAD = re.compile(r"^#--- (\S+)(.*)$")
FOOT = re.compile(r"^#=== (error|ok)$")


def read_cases(path):
    """[name, arguments, model, verdict, expected] of each case; bytes that are
    no UTF-8 are kept."""
    cases = []
    part = None
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):
        if head := HEAD.match(line.rstrip("\n")):
            cases.append([head[1], head[2].strip(), "", "error", ""])
            part = 2
        elif foot := FOOT.match(line.rstrip("\n")):
            cases[-1][3] = foot[1]
            part = 4
        elif part is None:
            continue  # the file's own comment
        else:
            cases[-1][part] += line
    return text.split("#--- ")[0], cases


def run_case(front, case, others):
    name, arguments, model, verdict, _ = case
    with tempfile.TemporaryDirectory() as folder:
        for other in others:
            (pathlib.Path(folder) / f"{other[0]}.maek").write_bytes(
                other[2].encode("utf-8", "surrogateescape"))
        result = subprocess.run(
            [front, "--check", f"{name}.maek", *shlex.split(arguments)],
            cwd=folder, capture_output=True, timeout=300)
    status = result.returncode
    text = result.stderr.decode("utf-8", "surrogateescape")
    wanted = 1 if verdict == "error" else 0
    if status != wanted:
        text += f"exit status {status}, not {wanted}\n"
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("front", help="the maek-front program")
    parser.add_argument("--update", action="store_true",
                        help="write what is printed as what is expected")
    options = parser.parse_args()
    front = str(pathlib.Path(options.front).resolve())
    sys.stdout.reconfigure(errors="surrogateescape")
    count = failed = 0
    for path in sorted(pathlib.Path(__file__).parent.glob("*.maek")):
        head, cases = read_cases(path)
        for case in cases:
            count += 1
            text = run_case(front, case, cases)
            if text == case[4]:
                continue
            failed += 1
            print(f"{path.name}: {case[0]}")
            sys.stdout.writelines(difflib.unified_diff(
                case[4].splitlines(True), text.splitlines(True), "expected",
                "printed"))
            case[4] = text
        if options.update:
            path.write_bytes((head + "".join(
                f"#--- {name} {arguments}".rstrip() + f"\n{model}"
                f"#=== {verdict}\n{text}"
                for name, arguments, model, verdict, text in cases))
                .encode("utf-8", "surrogateescape"))
    print(f"{count} wrong models, {failed} with another text")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
