"""The project's files, read once and taken apart; and what was found in them."""

import bisect
import functools
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
INSTALLED = re.compile(r"^(.*?(?:^|/)(?:node_modules|\.venv|target|__pycache__))/")

# Rooms with a right of their own: (rule, start of the path, reason).
ROOMS = [
    ("sql", "crates/windlass-sqlite/", "a backend"),
    ("sql", "crates/windlass-postgres/", "a backend"),
    ("sql", "crates/windlass-testkit/src/cluster.rs", "asks the servers of tests"),
    ("sleep", "crates/windlass-testkit/src/cluster/pooler.rs", "waits for a foreign program with a deadline"),
    ("sleep", "crates/windlass-testkit/src/fault/probe/", "handlers that sleep because a test asks them to"),
    ("sql", "crates/windlass-testkit/src/cluster/", "makes and empties the servers of tests"),
    ("sleep", "crates/windlass-testkit/src/fault/patience.rs", "looks at other processes, with a deadline"),
    ("sleep", "crates/windlass-testkit/src/torture", "faults last as long as the seed says"),
    ("sql", "crates/windlass-testkit/src/torture/target.rs", "holds a store's file"),
    ("println", "crates/windlass-testkit/src/bin/torture.rs", "reports to a person"),
    ("println", "crates/windlass/examples/", "shows a person what happens, in few lines"),
]

findings = []


def finding(rule, path, line, text):
    if not any(room == rule and path.startswith(start) for room, start, _ in ROOMS):
        findings.append((path, line, rule, text))


def files():
    """Every file of the project: tracked, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    paths = sorted(path for path in set(listed) if path and (ROOT / path).is_file())
    foreign = {path: INSTALLED.search(path) for path in paths}
    for folder in sorted({at.group(1) for at in foreign.values() if at}):
        finding("installed", folder, 1, "what a package manager or a compiler made is kept under version control")
    return [path for path in paths if not foreign[path]]


@functools.cache
def read(path):
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


class Rust:
    """A Rust file taken apart: code without comments and texts, texts, comments, tests."""

    TOKEN = re.compile(
        r"""(?P<line>//[^\n]*)|(?P<block>/\*.*?\*/)"""
        r"""|(?P<raw>b?r(?P<hashes>\#*)"(?:.*?)"(?P=hashes))"""
        r"""|(?P<text>b?"(?:\\.|[^"\\])*")|(?P<char>b?'(?:\\(?:x..|u\{[^}]*\}|.)|[^'\\\n])')""",
        re.S)

    def __init__(self, path):
        self.path = path
        source = read(path)
        self.starts = [0] + [at.end() for at in re.finditer("\n", source)]
        self.lines = source.count("\n")
        self.texts, self.comments = [], []
        self.code = self.TOKEN.sub(self.blank, source)
        self.is_test_file = "/tests/" in path or "/benches/" in path
        self.tests = self.test_ranges()

    def blank(self, token):
        found, line = token.group(), self.line(token.start())
        if token.lastgroup in ("line", "block"):
            self.comments.append((line, found))
        elif token.group("raw") or token.group("text"):
            self.texts.append((line, found))
        return re.sub(r"[^\n]", " ", found)

    def line(self, offset):
        return bisect.bisect_right(self.starts, offset)

    def block_end(self, offset):
        """Behind the brace that closes the first one after `offset`; None where `;` comes first."""
        depth = 0
        for at in re.compile(r"[{}();\[\]]").finditer(self.code, offset):
            sign = at.group()
            if sign == ";" and depth == 0:
                return None
            if sign in "{([":
                depth += 1
            elif sign in "})]":
                depth -= 1
                if depth == 0 and sign == "}":
                    return at.end()
        return None

    def test_ranges(self):
        ranges = []
        for at in re.finditer(r"#\[cfg\(test\)\]|#\[test\]|#\[tokio::test", self.code):
            end = self.block_end(self.code.find("]", at.end() - 1) + 1)
            if end is not None:
                ranges.append((self.line(at.start()), self.line(end)))
        return ranges

    def in_test(self, line):
        return self.is_test_file or any(first <= line <= last for first, last in self.tests)

    def production_lines(self):
        covered = set()
        for first, last in self.tests:
            covered.update(range(first, last + 1))
        return self.lines - len(covered)

    def functions(self):
        for at in re.finditer(r"\bfn\s+(\w+)", self.code):
            end = self.block_end(at.end())
            if end is not None:
                yield at.group(1), self.line(at.start()), self.line(end) - self.line(at.start()) + 1


@functools.cache
def rust_file(path):
    return Rust(path)


def prose(text):
    """Markdown without fenced code, inline code and quoted words, line by line."""
    lines, fenced = [], False
    for line in text.split("\n"):
        if re.match(r"\s*(```|~~~)", line):
            fenced = not fenced
            line = ""
        lines.append("" if fenced else re.sub(r"`[^`]*`|“[^”]*”", "`…`", line))
    return lines


def paragraphs(lines):
    """(first line, text) of each run of lines that are not blank."""
    start, held = 0, []
    for number, line in enumerate(lines + [""], 1):
        if line.strip():
            if not held:
                start = number
            held.append(line)
        elif held:
            yield start, " ".join(held)
            held = []
