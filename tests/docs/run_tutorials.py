# Part of Maek, under the MIT licence; see LICENSE.
"""Follows a tutorial in an empty folder. A ```maek block is a file that the text
before it names at its end, `name.maek`:, and has its canonical form; a ```python
block is run; of an indented block each line after `$ ` is run, and what follows is
what it prints, where … stands for any text. A command must succeed unless an error
is what it is to print.
  run_tutorials.py MAEK PAGE..."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$|^((?:    [^\n]*\n|\n(?=    ))+)", re.M | re.S)
FILE = re.compile(r"`([\w.-]+\.maek)`:\s*$")


class Failed(Exception):
    pass


def parts(page):
    """(line, language or "console", block, the text before it)."""
    text, behind = page.read_text(), 0
    for match in BLOCK.finditer(text):
        language = match[1] or ("console" if match[3] else "")
        yield (text.count("\n", 0, match.start()) + 1, language,
               match[2] or match[3], text[behind:match.start()])
        behind = match.end()


def commands(block):
    """(command, what it is to print)."""
    lines = [line.removeprefix("    ") for line in block.splitlines()]
    for i, line in enumerate(lines):
        if line.startswith("$ "):
            printed = []
            for other in lines[i + 1:]:
                if other.startswith("$ "):
                    break
                printed.append(other)
            yield line[2:], "\n".join(printed).strip()


def run(words, folder, environment):
    return subprocess.run(words, cwd=folder, env=environment, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)


def follow(command, expected, folder, environment):
    done = run(["bash", "-c", command], folder, environment)
    pattern = ".*?".join(re.escape(part) for part in expected.split("…"))
    if ("error:" in expected) != (done.returncode != 0):
        raise Failed(f"$ {command}\n{done.stdout}exit code {done.returncode}")
    if not re.fullmatch(pattern, done.stdout.strip(), re.S):
        raise Failed(f"$ {command}\nprints\n{done.stdout}\nnot\n{expected}")


def check(maek, page):
    """How many commands, blocks of Python and files there were."""
    environment = {**os.environ, "PATH": f"{maek.parent}:{os.environ['PATH']}"}
    counts = {"console": 0, "python": 0, "maek": 0}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for line, language, block, before in parts(page):
            try:
                if language == "maek":
                    file = FILE.search(before)
                    if not file:
                        raise Failed("no text says what this file is called")
                    (folder / file[1]).write_text(block)
                    follow(f"maek fmt --check {file[1]}", "", folder, environment)
                elif language == "python":
                    done = run([sys.executable, "-c", block], folder, environment)
                    if done.returncode:
                        raise Failed(done.stdout)
                elif language == "console":
                    for command, expected in commands(block):
                        follow(command, expected, folder, environment)
                if language in counts:
                    counts[language] += 1
            except Failed as failure:
                raise SystemExit(f"{page}:{line}: {failure}") from None
    if not all(counts.values()):
        raise SystemExit(f"{page}: {counts}: the blocks were not found")
    print(f"{page}: followed, {counts}")


def main():
    for page in sys.argv[2:]:
        check(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(page))


if __name__ == "__main__":
    main()
