"""Rules on Rust: sizes, names, statements outside the backends, waiting in tests."""

import re
from pathlib import Path

from .project import finding

FILE_LINES = 600
FUNCTION_LINES = 70


def size(rust):
    if rust.production_lines() > FILE_LINES and not rust.is_test_file:
        finding("size", rust.path, 1, f"{rust.production_lines()} lines outside tests; {FILE_LINES} is a stop")
    for name, line, lines in rust.functions():
        if lines > FUNCTION_LINES and not rust.in_test(line):
            finding("size", rust.path, line, f"fn {name} has {lines} lines; {FUNCTION_LINES} is a stop")


SQL = re.compile(
    r"\bselect\b.{1,400}?\bfrom\b|\binsert\s+(or\s+\w+\s+)?into\b|\bupdate\s+[\w.\"]+\s+set\b"
    r"|\bdelete\s+from\b|\b(create|alter|drop)\s+(table|index|view|schema|function|trigger|type|database)\b"
    r"|\bbegin\s+immediate\b|^\W*pragma\s+\w+", re.I | re.S)


def sql(rust):
    """An example shows an application, which has tables of its own. A benchmark writes plain rows beside those of the store. The
    help of `windlass sql` shows what people ask."""
    if "/examples/" in rust.path or "/command/bench/" in rust.path or rust.path.endswith("/command/sql.rs"):
        return
    for line, text in rust.texts:
        if SQL.search(text) and not rust.in_test(line):
            finding("sql", rust.path, line, f"a statement outside the backends: {text.strip()[:60]}")


SLEEP = re.compile(r"\b(?:thread|time)::sleep\s*\(|(?<![\w.:])sleep\s*\(")


def sleep(rust):
    support = rust.path.startswith("crates/windlass-testkit/src/")
    for at in SLEEP.finditer(rust.code):
        line = rust.line(at.start())
        if rust.in_test(line) or support:
            finding("sleep", rust.path, line, "a test waits for time to pass; wait for an event with a deadline")


CODE = [
    ("unwrap", re.compile(r"\.unwrap\(\)"), False, "`.unwrap()` outside tests; `expect` states why it holds"),
    ("allow", re.compile(r"#!?\[allow\("), True, "`#[allow]`; `#[expect(.., reason = \"..\")]` goes when it is no longer needed"),
    ("ignored", re.compile(r"#\[ignore"), True, "an ignored test"),
    ("spawn", re.compile(r"\btokio::spawn\s*\("), False, "a bare spawn; every task is tracked"),
    ("println", re.compile(r"(?<![\w.])(?:print|println|dbg)!\s*\("), False, "panics when the reader of a pipe goes away; print through the output module"),
]


def code(rust):
    for rule, pattern, also_tests, text in CODE:
        if rule == "println" and not rust.path.startswith("crates/windlass"):
            continue
        for at in pattern.finditer(rust.code):
            line = rust.line(at.start())
            if also_tests or not (rust.in_test(line) or rust.path.startswith("crates/windlass-testkit/")):
                finding(rule, rust.path, line, text)


def notes(rust):
    for line, text in rust.comments:
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text):
            finding("notes", rust.path, line, "a note to oneself; do it or write an issue")


def names(path):
    name = Path(path).name
    if name == "mod.rs" and path.startswith("crates/"):
        finding("names", path, 1, "mod.rs; a module `foo` is `foo.rs` beside `foo/`")
    if path.startswith("crates/") and Path(path).stem in ("utils", "util", "helpers", "helper", "common", "manager", "misc"):
        finding("names", path, 1, "a name that says nothing; files are named after one noun")
