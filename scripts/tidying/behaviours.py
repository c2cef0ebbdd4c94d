"""The catalogue: every id that a test names, what it means, and where it is shown.

A test names the ids of what it shows in its first doc line: scenarios (`C28`), invariants (`I-L3`)
and faults (`F-01`). Invariants are in ARCHITECTURE.md; the others have a row in docs/behaviours.md.
"""

import collections
import re

from .project import ROOT, finding, read, rust_file

PAGE = "docs/behaviours.md"
INVARIANTS = "ARCHITECTURE.md"
ID = re.compile(r"(?<![\w.-])(?:I-[A-Z]\d+|F-\d\d+|[A-Z]\d{1,2})(?!\w|-\d)")
RANGE = re.compile(r"(?<![\w.-])((?:I-)?[A-Z]|F-)(\d+)–\1(\d+)(?!\w)")
ROW = re.compile(r"^\| (\S+) \| (.+?) \|(?: (.*?) \|)?$")

# Ids that are something else: (text, start of the path, reason).
OTHER_IDS = []


def ids(text):
    """The ids of a line; `S1–S5` stands for all between."""
    spread = RANGE.sub(lambda at: ", ".join(
        f"{at.group(1)}{number:0{len(at.group(2))}}" for number in range(int(at.group(2)), int(at.group(3)) + 1)), text)
    return ID.findall(spread)


def module(path):
    """The path of a file's module as the compiler and the test runner name it."""
    parts = path.removesuffix(".rs").split("/")
    crate, inside = parts[1].replace("-", "_"), parts[3:]
    if parts[2] == "tests":
        return [crate] + [part for part in inside if part != "main"]
    return [crate] + [part for part in inside if part not in ("lib", "main")]


DOC = re.compile(r"^[ \t]*///([^\n]*)\n(?:[ \t]*///[^\n]*\n)*((?:[ \t]*#\[[^\n]*\n)*)[ \t]*"
                 r"(?:pub(?:\([^)]*\))? )?(?:async )?(?:fn (\w+)([^\n]*)|(\w+);)", re.M)


def documented_tests(path):
    """(line, name of the test, its first doc line) of a Rust file."""
    source = read(path)
    listed = set(re.findall(r"\w+", " ".join(re.findall(r"on_both_stores! \{(.*?)\}", re.sub(r"//[^\n]*", "", source), re.S))))
    in_conformance = "/src/conformance/" in path
    for at in DOC.finditer(source):
        first, attributes, function, signature, item = at.groups()
        line = source.count("\n", 0, at.start()) + 1
        name = function or item
        is_behaviour = in_conformance and at.group().lstrip().split("\n")[-1].lstrip().startswith("pub ") and "fixture:" in signature.lower()
        if name in listed:
            yield line, "::".join(module(path) + ["*", name]), first
        elif is_behaviour:
            yield line, "::".join(module(path) + [name]), first
        elif re.search(r"#\[(?:tokio::)?test\b", attributes):
            inside = ["tests"] if "/src/" in path else []
            yield line, "::".join(module(path) + inside + [name]), first


def shown(paths):
    """For each id the tests that name it."""
    tests = collections.defaultdict(set)
    for path in paths:
        if path.startswith("crates/") and path.endswith(".rs"):
            for _, name, first in documented_tests(path):
                for one in ids(first):
                    tests[one].add(name)
    return tests


def invariants():
    section = read(INVARIANTS).partition("\n## Invariants\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| (I-[A-Z]\d+) \|", section, re.M))


def cell(tests):
    return "<br>".join(f"`{name}`" for name in sorted(tests))


def rows(text):
    """(line, id, behaviour, tests) of the catalogue."""
    for number, line in enumerate(text.split("\n"), 1):
        found = ROW.match(line)
        if found and ID.fullmatch(found.group(1)):
            yield number, found.group(1), found.group(2), found.group(3) or ""


def write(paths):
    """Writes the tests of each row; ids and sentences are written by people."""
    tests, lines = shown(paths), read(PAGE).split("\n")
    for number, one, behaviour, _ in rows(read(PAGE)):
        lines[number - 1] = f"| {one} | {behaviour} | {cell(tests[one])} |"
    (ROOT / PAGE).write_text("\n".join(lines), encoding="utf-8")
    read.cache_clear()


def behaviours(paths):
    """Tests, catalogue and invariants agree on the ids there are."""
    tests, catalogue = shown(paths), {}
    for number, one, _, told in rows(read(PAGE)):
        if one in catalogue:
            finding("behaviours", PAGE, number, f"{one} has two rows")
        catalogue[one] = number
        if one not in tests:
            finding("behaviours", PAGE, number, f"no test names {one}")
        elif told != cell(tests[one]):
            finding("behaviours", PAGE, number, f"the tests of {one} have changed: scripts/tidy --write")
    known = set(catalogue) | invariants()
    for path in paths:
        if path.startswith("crates/") and path.endswith(".rs"):
            for line, text in rust_file(path).comments:
                for one in ids(text):
                    excused = any(one == other and path.startswith(start) for other, start, _ in OTHER_IDS)
                    if one not in known and not excused:
                        finding("behaviours", path, line, f"{one} is in neither {PAGE} nor the invariants of {INVARIANTS}")
