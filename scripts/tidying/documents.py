"""Documents: no strange paths, no dead links, tables and examples that agree with the code."""

import re

from .project import ROOT, finding, read

STATES = "crates/windlass-core/src/job/state.rs"
FACADE = "crates/windlass/src/lib.rs"
OUTSIDE = re.compile(r"(?<![\w.~:/-])/(?:home|root|work|Users)/[\w.]+")
PAGE = re.compile(r"(?<![\w/.-])((?:[\w-]+/)*[A-Z][A-Z_-]+\.md)\b")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)(?:#[^)]*)?\)")


def outside(path, text, known):
    """No path of somebody's machine, no page that is not here."""
    if path == "scripts/tidy":
        return
    for number, line in enumerate(text.split("\n"), 1):
        for at in OUTSIDE.finditer(line):
            finding("outside", path, number, f"`{at.group()}` is somebody's own folder")
        for at in PAGE.finditer(line):
            if not any(page.endswith(at.group(1)) for page in known):
                finding("outside", path, number, f"`{at.group(1)}` is not in this project")


def links(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        for target in LINK.findall(line):
            if not re.match(r"\w+:", target) and not (ROOT / path).parent.joinpath(target).exists():
                finding("links", path, number, f"`{target}` does not exist")




NAMED_FILE = re.compile(r"`((?:[\w-]+/)*[\w-]+\.(?:rs|sql|toml))`")
EXAMPLES = ("foo.rs", "windlass.toml")


def named_files(path, text, known):
    """A file that a document names in `…` is there, below whatever folder the sentence is about."""
    for number, line in enumerate(text.split("\n"), 1):
        for name in NAMED_FILE.findall(line):
            if name not in EXAMPLES and not any(f"/{there}".endswith(f"/{name}") for there in known):
                finding("files", path, number, f"`{name}` does not exist")


def transitions():
    """The table of ARCHITECTURE.md is state::TRANSITIONS."""
    row = re.compile(r"\((None|Some\(State::(\w+)\)), Verb::(\w+), State::(\w+)\)")
    code = {(start.lower(), verb.lower(), end.lower()) for _, start, verb, end in row.findall(read(STATES))}
    page, told = "ARCHITECTURE.md", set()
    section = read(page).partition("\n## The states\n")[2].partition("\n## ")[0]
    for line in section.split("\n"):
        cells = [cell.strip(" `*") for cell in line.strip("|").split("|")]
        if len(cells) >= 3 and re.fullmatch(r"[a-z]+|–", cells[0]) and cells[1] != "verb":
            for end in cells[2].replace("`", "").split(","):
                told.add(("" if cells[0] == "–" else cells[0], cells[1], end.strip()))
    for start, verb, end in sorted(code ^ told):
        where = "the document" if (start, verb, end) in code else "state::TRANSITIONS"
        finding("transitions", page, 1, f"({start or 'nothing'}, {verb}, {end}) is missing in {where}")


def readme_example():
    """The first Rust example of the README is the façade's own, which is compiled as a test."""
    shown = re.search(r"^```rust\n(.*?)^```", read("README.md"), re.M | re.S)
    docs = "\n".join(re.sub(r"^//! ?", "", line) for line in read(FACADE).split("\n") if line.startswith("//!"))
    tested = re.search(r"^```[^\n]*\n(.*?)^```", docs, re.M | re.S)
    if not (shown and tested):
        return finding("example", "README.md", 1, "no Rust example to compare")
    kept = [line.rstrip() for line in tested.group(1).split("\n") if not re.match(r"#( |$)", line)]
    if [line.rstrip() for line in shown.group(1).split("\n")] != kept:
        finding("example", "README.md", 1, f"the first example differs from the one in {FACADE}")


def set_up_commands():
    """A stranger needs two commands, and the README has them."""
    blocks = re.findall(r"^```(?:console|sh|shell|bash)\n(.*?)^```", read("README.md"), re.M | re.S)
    lines = [line for block in blocks for line in block.split("\n") if line.startswith("$ ")]
    given = {re.split(r"\s{2,}#", line[2:])[0].strip() for line in lines}
    for command in ("cargo run --release -- demo", "scripts/test"):
        if command not in given:
            finding("example", "README.md", 1, f"does not show the command `{command}`")


def meaning(line):
    """A line without what only tells a reader something: its margin, its note, how it is broken."""
    return re.sub(r"\s*(?<![:\"])//(?!/).*$", "", line).strip()


def compiled_examples(path, known):
    """Every Rust example of a page is, line by line, in a file that is compiled."""
    sources = [[meaning(line) for line in read(there).split("\n")] for there in known
               if there.endswith(".rs") and there.startswith(("crates/", "pairings/"))]
    facade = [meaning(re.sub(r"^//! ?", "", line)) for line in read(FACADE).split("\n")]
    text = read(path)
    for at in re.finditer(r"^```rust\n(.*?)^```", text, re.M | re.S):
        lines = [line for line in map(meaning, at.group(1).split("\n")) if line]
        if not any(has_in_order(source, lines) for source in [*sources, facade]):
            finding("example", path, text.count("\n", 0, at.start()) + 1, "no file that is compiled has these lines in this order")


def has_in_order(source, lines):
    """Whether these lines come one after the other, with only blank ones and comments between."""
    source = [line for line in source if line and not line.startswith("//")]
    first = lines[0]
    return any(source[at:at + len(lines)] == lines for at, line in enumerate(source) if line == first)
