# Part of Maek, under the MIT licence; see LICENSE.
"""Results as files, so that what was measured is not measured again, and what
is shown can be traced to the command, the commit and the machine."""
import contextlib
import datetime
import hashlib
import json
import os
import pathlib
import platform
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def machine():
    """What times depend on."""
    cpu = platform.processor() or platform.machine()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cpu": cpu, "cores": len(os.sched_getaffinity(0)),
            "memory_gib": round(memory, 1), "system": platform.system()}


def commit():
    """The commit, with a plus if files differ from it that results come of."""
    def git(*words):
        return subprocess.run(["git", "-C", ROOT, *words], capture_output=True,
                              text=True).stdout.strip()
    return git("rev-parse", "--short=12", "HEAD") + (
        "+" if git("status", "--porcelain", "--untracked-files=no", "--",
                   *(f":!*{kept}" for kept in (".md", ".svg", ".json"))) else "")


def origin():
    """Where figures come from: the commit, the machine, the day."""
    return {"commit": commit(), "machine": machine(),
            "date": datetime.date.today().isoformat()}


def key(settings, *texts):
    """A digest of what a result depends on: its settings, what models mean."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for text in texts:
        digest.update(text.encode())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def attempt(marker, wanted, leftovers, again):
    """Around a run of that key: what an interrupted run left is kept to go on
    from, unless it was of another key or all is to run `again`; then it is called
    `*.old`. Gives a function that says the seconds so far, those of interrupted
    runs among them."""
    before = json.loads(marker.read_text()) if marker.exists() else {}
    if again or before.get("key") != wanted:
        before = {}
        for file in marker.parent.glob(leftovers):
            if file.is_file() and file.suffix != ".old":
                file.replace(file.with_name(file.name + ".old"))
    begin = time.monotonic()

    def spent():
        return before.get("seconds", 0) + time.monotonic() - begin

    def keep():
        marker.write_text(json.dumps({"key": wanted, "seconds": spent()}))
    marker.parent.mkdir(parents=True, exist_ok=True)
    keep()
    try:
        yield spent
    finally:
        keep()


class Store:
    """A folder with a JSON file for each result."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def path(self, name):
        return self.folder / (name.replace(" ", "-") + ".json")

    def read(self, name):
        """The result, or None."""
        path = self.path(name)
        return json.loads(path.read_text()) if path.exists() else None

    def find(self, name, wanted):
        """The result, if it is one of that key."""
        result = self.read(name)
        return result if result and result["key"] == wanted else None

    def take(self, name, wanted, other):
        """The result of that key, if need be copied from another store."""
        if not self.find(name, wanted) and other.find(name, wanted):
            self.copy(other, [name])
        return self.find(name, wanted)

    def write(self, name, wanted, command, figures, seconds):
        """`seconds`: what it took."""
        result = {"name": name, "key": wanted, "command": command, **origin(),
                  "seconds": round(seconds, 1), "figures": figures}
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.path(name).with_suffix(".partial")
        partial.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
        partial.replace(self.path(name))
        return result

    def copy(self, other, names):
        """Takes the results of those names from another store."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            self.path(name).write_text(other.path(name).read_text())


def table(head, rows):
    """A Markdown table whose columns are aligned for reading, too."""
    cells = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths)) + " |"
             for row in cells]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines) + "\n"


def insert(path, name, text):
    """Replaces what stands between <!-- name --> and <!-- end of name -->."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    whole = path.read_text()
    before, found, rest = whole.partition(begin)
    if not found or end not in rest:
        raise SystemExit(f"{path} has no place for '{name}'")
    path.write_text(before + begin + text + end + rest.split(end, 1)[1])
