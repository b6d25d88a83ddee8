#!/usr/bin/env python3
# Part of Maek, under the MIT licence; see LICENSE.
# Writes docs/ir.md and docs/passes.md from TableGen; with --check, fails if a
# file is not what would be written.
import argparse
import pathlib
import subprocess
import sys

PAGES = {"docs/ir.md": ("ir/MaekOps.td", ["-gen-dialect-doc", "-dialect=maek"]),
         "docs/passes.md": ("passes/Passes.td", ["-gen-pass-doc"])}
TITLES = {"docs/passes.md": "# Passes\n\n"}


def generate(options, page):
    source, flags = PAGES[page]
    command = [options.tblgen, *flags, f"-I{options.root}",
               *(f"-I{folder}" for folder in options.include), options.root / source]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    head, _, body = text.partition("\n")
    return f"{head}\n\n{TITLES.get(page, '')}{body.strip()}\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tblgen", required=True, help="mlir-tblgen")
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--include", action="append", default=[])
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    stale = False
    for page in PAGES:
        path, text = options.root / page, generate(options, page)
        if not options.check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"{page} is not what TableGen gives: build the target maek-docs")
            stale = True
    sys.exit(1 if stale else 0)


main()
