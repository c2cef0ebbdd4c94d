"""Words: one for each thing, known in the field, easy for somebody who learnt English.

`scripts/tidy --list-words` counts what is left by room.
"""

import re

from .project import finding, paragraphs, prose, read

# What is not said to users: (words, where they are right, why).
PAGES = [
    (r"\btasks?\b", r"\b(?:tokio|async|tracked|runtime'?s?)\s+tasks?\b", "a job is called job"),
    (r"\bworkflow engine\b|\bblazing\w*|\blightning\w*|\bseamless\w*|\bsimply\b|\beffortless\w*|\benterprise\b", None, "advertising"),
    (r"\bdead[- ]?letter\w*", None, "a dead job is called dead job"),
    (r"\bblacklist\w*|\bwhitelist\w*", None, "include and exclude"),
]

# Own words for things that have a name in the field: (word, where it is right, the word to use).
# They hold for names too: `claim_floor` and `ClaimFloor` are read as “claim floor”.
TERMS = [
    (r"\bshel(?:f|ves)\b", None, "partition"),
    (r"\bfloors?\b", r"\.floor\(\)|::floor\b", "claim cursor"),
    (r"\bdesks?\b", None, "settle context"),
    (r"\bhusks?\b", None, "empty lease"),
    (r"\bbells?\b", None, "wake handle"),
    (r"\blookouts?\b", None, "sweep interval"),
    (r"\bpulses?\b", None, "health, or back-off"),
    (r"\bduties\b", None, "maintenance"),
    (r"\boutbox(?:es)?\b|\bparcels?\b", None, "pending settlements"),
    (r"\bsurroundings\b", None, "attempt parts; environment, of a process"),
    (r"\btall(?:y|ies)\b", None, "job counts; count"),
    (r"\bbur(?:y|ies|ied)\b", None, "die, dead"),
    (r"\bcall(?:s|ed|ing)?(?: it| them)? off\b", None, "cancel; cancel requested"),
    (r"\bmend(?:s|ed|ing)?\b", None, "fix, repair"),
]

# Phrases that hold up a reader who learnt English: (phrase, where it is right, what to write).
# They hold for comments, messages and documents.
PHRASES = [
    (r"\b(?:is|are|was|were|be) no (?!longer|more\b|(?:fast|slow|short|long|bett|larg|small|old|young|high|low|lat)er\b|worse\b|such\b|need\b|other\b|way\b)(\w+)",
     r"\b(?:there|where|here) (?:is|are|was|were|may be|will be|would be|should be|can be|must be) no \w+",
     "say “is not a …”"),
    (r"\bfor sure\b", None, "say “certainly”, or say when it is known"),
    (r"\bwhatever comes of it\b", None, "say “whatever the outcome”"),
    (r"\bwhoever\b", None, "name who it is: the caller, the process, the worker"),
    (r"\bmust not meet\b", None, "say “must not happen at the same time”"),
    (r"\bbut for\b", None, "say “except”"),
    (r"\ball the same\b", None, "say “still” or “anyway”"),
    (r"\bin vain\b", None, "say “without success”"),
    (r"\bat first sight\b", None, "say “at the first attempt”, “at once”"),
    (r"\bto be had\b", None, "say “available”"),
    (r"\bnothing but\b", None, "say “only”"),
    (r"\b(?:becomes?|became) of\b", None, "say “happens to”"),
    (r"\banew\b", None, "say “again”"),
    (r"\bupon\b|\bhence\b|\bthus\b|\blest\b|\bshall\b|\bwhence\b|\bthere(?:of|in|upon)\b|\bwhere(?:by|upon|in)\b", None, "old-fashioned"),
]

# A word of the field is no name for a type that sets a test or a command up.
TYPES = re.compile(r"\b(?:struct|enum|union|trait|type)\s+(Crew|Curtain|Stage|World|Site|Place|Scene|Bench)\b")

# Where a word is right all the same: (word in lower case, start of the path, reason).
EXCEPTIONS = [
    ("task", "CONTRIBUTING.md", "names the words that are not used"),
    ("enterprise", "docs/compare.md", "the name of a product"),
    ("tally", "bench/", "adds up what a measurement saw; the job counts of a store are something else"),
]

PROMISE = re.compile(r"\bexactly[- ]once\b", re.I)
READ = (".rs", ".sql", ".md", ".toml", ".py", ".sh", ".yml")
SKIPPED = ("scripts/tidying/words.py",)


def compiled(rows):
    """A space of a phrase may be the end of a line."""
    found = [re.compile(part.replace(" ", r"\s+"), re.I) if part else None for row in rows for part in row[:2]]
    return [(word, right, row[2]) for word, right, row in zip(found[::2], found[1::2], rows)]


PAGES, TERMS, PHRASES = compiled(PAGES), compiled(TERMS), compiled(PHRASES)


def check(path, first, text, rows):
    """Finds the words of these rows in a text that begins in line `first`."""
    for pattern, right, use in rows:
        fine = [at.span() for at in right.finditer(text)] if right else []
        for at in pattern.finditer(text):
            word = " ".join(at.group().split())
            is_right = any(start <= at.start() and at.end() <= end for start, end in fine)
            if not is_right and not any(word.lower() == excused and path.startswith(start) for excused, start, _ in EXCEPTIONS):
                finding("words", path, first + text.count("\n", 0, at.start()), f"`{word}`: {use}")


def spelled(code):
    """Names as the words they are made of: `claim_floor`, `ClaimFloor`, `CLAIM_FLOOR`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", code).replace("_", " ")


def words_of_rust(rust):
    is_command = rust.path.startswith("crates/windlass-cli/src/")
    for line, text in rust.texts:
        shown = is_command and not rust.in_test(line)
        check(rust.path, line, spelled(text), TERMS)
        check(rust.path, line, text.replace("\\\n", "\n"), PHRASES + (PAGES if shown else []))
    check(rust.path, 1, spelled(rust.code), TERMS)
    for at in TYPES.finditer(rust.code):
        finding("words", rust.path, rust.line(at.start()), f"`{at.group(1)}`: say what it sets up: a fixture, a database, a process")
    comments = [""] * (rust.lines + 2)
    for line, text in rust.comments:
        for offset, part in enumerate(text.split("\n")):
            stripped = re.sub(r"^\s*(//[/!]?|/?\*+)\s?", "", part)
            if line + offset <= len(comments):
                comments[line + offset - 1] = stripped
    check(rust.path, 1, spelled("\n".join(comments)), TERMS + PHRASES)
    promises(rust.path, comments)


def words_of_document(path, text):
    lines = prose(text)
    check(path, 1, spelled("\n".join(lines)), TERMS + PHRASES + PAGES)
    promises(path, lines)


def words_of_statements(path, text):
    """SQL, configuration and scripts, whose comments may be broken behind their sign."""
    check(path, 1, spelled(re.sub(r"(?m)^[ \t]*(--|#)", lambda at: " " * len(at.group()), text)), TERMS + PHRASES)


def promises(path, lines):
    for start, text in paragraphs(lines):
        if PROMISE.search(text) and "transaction" not in text:
            finding("promise", path, start, "“exactly once” without the transaction that makes it so")


def words(path, rust):
    if path in SKIPPED or not path.endswith(READ):
        return
    if rust:
        words_of_rust(rust)
    elif path.endswith(".md"):
        words_of_document(path, read(path))
    else:
        words_of_statements(path, read(path))


def room(path):
    """Whose room a path is: a crate's folder of one noun, or the page itself."""
    parts = path.split("/")
    return "/".join(parts[:4] if len(parts) > 4 else parts[:-1]) or path
