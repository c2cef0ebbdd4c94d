"""Rooms by noun: the same folders and file names in every crate, and SQL that can be read."""

import re
from pathlib import Path

from .project import ROOT, finding, read

STORE = "crates/windlass-core/src/store.rs"
BACKENDS = ("crates/windlass-sqlite/src", "crates/windlass-postgres/src")
CONFORMANCE = "crates/windlass-testkit/src/conformance"

# Folders of these rooms that are not a noun of the store: (room, folder, reason).
OTHER_FOLDERS = [
    (BACKENDS[0], "archive", "all rows of a database, which is opened for that alone"),
    (BACKENDS[1], "archive", "all rows of a database, which is opened for that alone"),
    (BACKENDS[0], "connection", "how the file is opened, written and watched"),
    (BACKENDS[1], "connection", "how the server is reached and listened to"),
    (BACKENDS[0], "question", "what people ask in SQL, on a connection that is opened for that alone"),
    (BACKENDS[1], "question", "what people ask in SQL, in a session that is opened for that alone"),
    (CONFORMANCE, "store", "what the sum of the nouns says of itself, and whom it wakes"),
]

# Files of a noun that one backend has alone: (path, reason).
ONE_BACKEND = [
    ("crates/windlass-postgres/src/condition/coalesce.rs", "SQLite's writer shares commits for every verb: connection/writer.rs"),
    ("crates/windlass-postgres/src/event/sequence.rs", "on SQLite there is one writer, and an event has its position when it is written"),
    ("crates/windlass-postgres/src/job/claim_cursor.rs", "only a snapshot of PostgreSQL leaves dead entries in front of a queue"),
    ("crates/windlass-postgres/src/job/coalesce.rs", "SQLite's writer shares commits for every verb: connection/writer.rs"),
    ("crates/windlass-postgres/src/job/columns.rs", "arrays to unnest; SQLite binds row by row"),
    ("crates/windlass-postgres/src/job/settled_before.rs", "a lost answer is looked up in three tables; on SQLite the row of the job tells"),
    ("crates/windlass-postgres/src/job/turn.rs", "claims of PostgreSQL overlap; on SQLite the write lock is the turn"),
    ("crates/windlass-postgres/src/subscription/routed.rs", "arrays to unnest; SQLite binds row by row"),
    ("crates/windlass-sqlite/src/alert/tell.rs", "tells in the writer's steps; on PostgreSQL functions of the schema: migrations/0001_alerts.sql"),
    ("crates/windlass-sqlite/src/job/cost.rs", "counts the steps of SQLite's machine; on PostgreSQL the plans are looked at"),
    ("crates/windlass-sqlite/src/job/finish.rs", "moves one row; on PostgreSQL the settling statement moves all"),
    ("crates/windlass-sqlite/src/job/gate.rs", "what a claim of lines goes by; on PostgreSQL functions of the schema: migrations/0001_limits.sql"),
    ("crates/windlass-sqlite/src/job/lane_rules.rs", "a view that any driver writes to; on PostgreSQL the function that writes jobs looks at others"),
    ("crates/windlass-sqlite/src/job/joined.rs", "binds what a trigger would read from the meta; on PostgreSQL the function that writes jobs reads it"),
    ("crates/windlass-sqlite/src/job/line.rs", "picks jobs in line; on PostgreSQL functions of the schema: migrations/0001_lines.sql"),
    ("crates/windlass-sqlite/src/worker/alive.rs", "locks on files; on PostgreSQL the session is the lock: connection/watch.rs"),
]


def queries(paths):
    """Every .sql file is a statement that some Rust file includes."""
    included = set()
    for path in paths:
        if path.endswith(".rs"):
            for name in re.findall(r'include_str!\("([^"]+\.sql)"\)', read(path)):
                included.add(str((ROOT / path).parent.joinpath(name).resolve()))
    for path in paths:
        if path.startswith("crates/") and path.endswith(".sql") and str((ROOT / path).resolve()) not in included:
            finding("queries", path, 1, "no Rust file includes it")


def headers(paths):
    """A .sql file begins with a comment that says what the statement does and names each parameter."""
    for path in paths:
        if not (path.startswith("crates/") and path.endswith(".sql")):
            continue
        lines = read(path).split("\n")
        length = next((number for number, line in enumerate(lines) if not line.startswith("--")), len(lines))
        if length == 0:
            finding("headers", path, 1, "begins without a comment that says what it does and what its parameters are")
        body = "\n".join(line.partition("--")[0] for line in lines[length:])
        named = set(re.findall(r"[$?]\d+", "\n".join(lines[:length])))
        unnamed = sorted(set(re.findall(r"[$?]\d+", body)) - named, key=lambda name: int(name[1:]))
        if length and unnamed and "/migrations/" not in path:
            finding("headers", path, 1, f"the head does not name {', '.join(unnamed)}")


def store_nouns():
    """The nouns of the store, from its traits: JobStore, QueueStore, …"""
    traits = re.search(r"pub trait Store\s*:([^{]+)\{", read(STORE))
    return [name.lower() for name in re.findall(r"\b(\w+)Store\b", traits.group(1))] if traits else []


def below(paths, room):
    """(noun, file) of what is in the room's folders."""
    for path in paths:
        inside = Path(path).relative_to(room).parts if path.startswith(f"{room}/") else ()
        if len(inside) > 1:
            yield inside[0], inside[-1]


def nouns(paths):
    """Core, both backends and the conformance suite have a room for each noun, and no others."""
    known = store_nouns()
    if not known:
        finding("nouns", STORE, 1, "Store is not the sum of a trait for each noun")
    for room in (*BACKENDS, CONFORMANCE, "crates/windlass-core/src"):
        for noun in known:
            if not any(path == f"{room}/{noun}.rs" or path.startswith(f"{room}/{noun}/") for path in paths):
                finding("nouns", room, 1, f"has no room for the noun `{noun}`")
        allowed = {folder for where, folder, _ in OTHER_FOLDERS if where == room}
        if room != "crates/windlass-core/src":
            for folder in sorted({folder for folder, _ in below(paths, room)} - set(known) - allowed):
                finding("nouns", f"{room}/{folder}", 1, "is not a noun of the store")


def verbs(paths):
    """What is done to a noun has a file of the same name in both backends."""
    files = {backend: {(noun, name) for noun, name in below(paths, backend)
                       if name.endswith(".rs") and noun in store_nouns()} for backend in BACKENDS}
    alone = {path for path, _ in ONE_BACKEND}
    for here, there in (BACKENDS, BACKENDS[::-1]):
        for noun, name in sorted(files[here] - files[there]):
            path = f"{here}/{noun}/{name}"
            if path not in alone and path in paths:
                finding("verbs", path, 1, f"{there}/{noun} has no file of that name")
    for path in sorted(alone):
        if path not in paths:
            finding("verbs", "scripts/tidying/rooms.py", 1, f"the exception {path} does not exist")
