"""Constants of the code and numbers of the documents, held together."""

import re

from .project import ROOT, finding, prose, read

LIMITS = "crates/windlass-core/src/limits.rs"
PAGE = "docs/limits.md"
CONST = re.compile(r"((?:^\s*///[^\n]*\n)*)^\s*(?:pub(?:\([^)]*\))?\s+)?const\s+(\w+):\s*([^=]+?)\s*=\s*(.+?);", re.M | re.S)
SECONDS = {"ms": 0.001, "s": 1, "min": 60, "h": 3_600, "hours": 3_600, "days": 86_400, "minutes": 60, "seconds": 1}
BYTES = {"KiB": 1024, "MiB": 1024 ** 2, "bytes": 1}


def value_of(expression, known):
    """The value of a constant: a number; durations in seconds; None where it is something else."""
    expression = " ".join(expression.split())
    listed = re.fullmatch(r"\[(.*?),?\s*\]", expression)
    if listed:
        values = [value_of(part, known) for part in re.split(r",\s*(?![^()]*\))", listed.group(1))]
        return None if None in values else values
    expression = re.sub(r"Duration::from_secs\(([^()]*)\)", r"(\1)", expression)
    expression = re.sub(r"Duration::from_millis\(([^()]*)\)", r"((\1)/1000)", expression)
    expression = re.sub(r"(?<=\d)_(?=\d)", "", expression)
    expression = re.sub(r"[A-Z][A-Z_]+", lambda at: str(known.get(at.group(), "?")), expression)
    if not re.fullmatch(r"[\d\s.+*/()-]+", expression):
        return None
    return eval(expression, {"__builtins__": {}})  # digits and operators only


def constants(path):
    known, rows = {}, []
    for doc, name, kind, expression in CONST.findall(read(path)):
        value = value_of(expression, known)
        if value is not None:
            known[name] = value
            text = " ".join(line.strip()[3:].strip() for line in doc.strip().split("\n"))
            rows.append((name, kind.strip(), value, text))
    return known, rows


def spoken(name, kind, value):
    if isinstance(value, list):
        inner = kind.strip("[]").split(";")[0]
        return ", ".join(spoken(name, inner, one) for one in value)
    if "Duration" in kind:
        if value < 1:
            return f"{value * 1000:g} ms"
        for unit, seconds, least in (("days", 86_400, 2), ("h", 3_600, 1), ("min", 60, 1)):
            if value >= seconds * least and value % seconds == 0:
                return f"{value // seconds:g} {unit}"
        return f"{value:g} s"
    if name.endswith("_BYTES"):
        for unit in ("MiB", "KiB"):
            if value % BYTES[unit] == 0:
                return f"{value // BYTES[unit]:,} {unit}"
        return f"{value:,} bytes"
    return f"{value:,}"


def limits_page():
    _, rows = constants(LIMITS)
    lines = [
        "# Limits", "",
        f"Written by `scripts/tidy --write` from [`limits.rs`](../{LIMITS}); the check fails when the two differ.", "",
        "| limit | value | what it limits |", "|---|---|---|"]
    lines += [f"| `{name}` | {spoken(name, kind, value)} | {text} |" for name, kind, value, text in rows]
    return "\n".join(lines) + "\n"




MARK = re.compile(r"([\d][\d,.]*)[\s\u00a0]*([A-Za-z]*)\**<!--\s*([\w./-]*?)\s*([A-Z][A-Z_]+)\s*-->")
FREE = re.compile(r"<!--\s*(?:promise|measured|setting)\s*-->")
CLAIM = re.compile(r"(?<![\w.-])\d[\d,.]*[\s\u00a0](?:ms|s|min|h|hours|days|minutes|seconds|KiB|MiB)\b")


def numbers(path, text):
    """Each number with a unit names the constant it repeats, or says that it repeats none.

    `30 s<!--LEASE-->` is held against limits.rs, `400 ms<!--windlass-postgres/src/sweep.rs MISSING-->`
    against that file; `2 s<!--promise-->` is held against nothing here.
    """
    for number, line in enumerate(prose(text), 1):
        for digits, unit, file, name in MARK.findall(line):
            source = f"crates/{file}" if file else LIMITS
            known = constants(source)[0] if (ROOT / source).is_file() else {}
            said = float(digits.replace(",", "")) * SECONDS.get(unit, BYTES.get(unit, 1))
            if name not in known:
                finding("numbers", path, number, f"{source} has no constant {name}")
            elif abs(said - (known[name][-1] if isinstance(known[name], list) else known[name])) > 1e-9:
                finding("numbers", path, number, f"{digits} {unit} stands for {name}, which is {known[name]}")
        bare = re.sub(CLAIM.pattern + r"\**" + FREE.pattern, "", MARK.sub("", line))
        for at in CLAIM.finditer(bare):
            finding("numbers", path, number, f"“{at.group()}” names no constant")


def write():
    (ROOT / PAGE).write_text(limits_page(), encoding="utf-8")


def limits():
    if not (ROOT / PAGE).is_file() or read(PAGE) != limits_page():
        finding("limits", PAGE, 1, "is not what limits.rs says: scripts/tidy --write")
