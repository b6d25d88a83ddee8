# Part of Maek, under the MIT licence; see LICENSE.
# Reads the ```mlir blocks of generated pages through maek-opt: each must parse
# and verify. Names that a block uses and does not define become arguments of a
# function around it, of the types that the block itself says.
#   check_examples.py MAEK_OPT PAGE...
import re
import subprocess
import sys

NAME = re.compile(r"%[A-Za-z0-9_]+")


def split_types(text):
    """Top-level comma-separated types."""
    types, depth, start = [], 0, 0
    text = text.replace("->", "  ")
    for i, letter in enumerate(text + ","):
        if letter in "<([":
            depth += 1
        elif letter in ">)]":
            depth -= 1
        elif letter == "," and depth == 0:
            types.append(text[start:i].strip())
            start = i + 1
    return [kind for kind in types if kind]


def statements(block):
    """The lines of `block` without comments, continuations joined."""
    joined = []
    for line in block.splitlines():
        line = line.split("//")[0].rstrip()
        if joined and line.strip().startswith((":", "->")):
            joined[-1] += " " + line.strip()
        elif line.strip():
            joined.append(line)
    return joined


def find_uses(line):
    """(name, type) of each operand of a line, as far as its types tell."""
    for group in re.findall(r"\((%[^()]*?) : ([^()]*?)\)", line):
        yield from zip(NAME.findall(group[0]), split_types(group[1]))
    for group in re.findall(r"scalars\(([^()]*)\)", line):
        yield from ((name, "index") for name in NAME.findall(group))
    head, colon, tail = line.rpartition(" : ") if "maek.launch" not in line else ("", "", "")
    if not colon or "^bb" in line:
        return
    names = NAME.findall(head.split(" = ")[-1])
    if tail.startswith("("):
        kinds = split_types(tail[1:tail.index(") ->")])
    else:
        kinds = split_types(tail.split(" -> ")[0])
    kinds += kinds[-1:] * (len(names) - len(kinds))
    yield from zip(names, kinds)


def find_arguments(block):
    defined, used = set(), {}
    lines = statements(block)
    # A region's operands stand in its first line, their types in its last.
    header = None
    for line in lines:
        for group in re.findall(r"^\s*(%.*?) = ", line):
            defined.update(NAME.findall(group))
        for group in re.findall(r"\^bb0\((.*)\):", line):
            defined.update(NAME.findall(group))
        if "maek.scan" in line:
            header = line.rstrip("{ ")
        if line.strip().startswith("}") and header:
            line = header + " : " + line.split(" : ", 1)[1]
        elif line.strip().startswith("}"):
            continue
        for name, kind in find_uses(line):
            used.setdefault(name, kind)
    return {name: kind for name, kind in used.items() if name not in defined}


def wrap(block):
    body = "\n".join(statements(block))
    if not re.search(r"%|\bfunc\b", body):
        if body.startswith(("tensor<", "#maek.", "#maek<")):
            return None
        return body
    if re.search(r"^func\.func", body, re.M):
        return body
    arguments = ", ".join(f"{name}: {kind}" for name, kind in find_arguments(block).items())
    return f"func.func @example({arguments}) {{\n{body}\nreturn\n}}\n"


def check(maek_opt, page):
    with open(page) as file:
        text = file.read()
    failed = count = 0
    for match in re.finditer(r"^```mlir\n(.*?)^```", text, re.M | re.S):
        module = wrap(match.group(1))
        if module is None:
            continue
        count += 1
        result = subprocess.run([maek_opt, "-", "-o", "/dev/null"], input=module,
                                text=True, capture_output=True)
        if result.returncode != 0:
            line = text.count("\n", 0, match.start()) + 1
            print(f"{page}:{line}: this example is refused\n{module}{result.stderr}")
            failed += 1
    print(f"{page}: {count} examples, {failed} refused")
    return failed == 0 and count > 0


if not all([check(sys.argv[1], page) for page in sys.argv[2:]]):
    sys.exit(1)
