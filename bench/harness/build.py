"""Builds every driver; what can't be built is named with the reason and left out."""

import os
import shutil
import sys
from pathlib import Path

from .process import Failed, run

BENCH = Path(__file__).resolve().parent.parent
ROOT = BENCH.parent
NODE = BENCH / "peers/node"
PYTHON = BENCH / "peers/python"
TIMEOUT_S = 1_800


def prepare(peers, options):
    """The peers that can run, as (peer, command) pairs, and the reasons why the others can't."""
    ready, missing, tried = [], {}, {}
    for peer in peers:
        try:
            if not options.skip_build:
                _once(tried, _build_key(peer), lambda peer=peer: _build(peer, options))
            ready.append((peer, _command(peer, options)))
        except Failed as failed:
            missing[peer.name] = str(failed)
    return ready, missing


def _once(tried, key, build):
    """Peers that share a build share its failure too."""
    if key not in tried:
        print(f"building {' '.join(key)}", file=sys.stderr)
        try:
            tried[key] = build()
        except Failed as failed:
            tried[key] = failed
    if isinstance(tried[key], Failed):
        raise tried[key]


def _build_key(peer):
    return (peer.kind, peer.driver) if peer.kind == "rust" else (peer.kind,)


def _build(peer, options):
    if peer.kind == "windlass" and not options.windlass:
        _cargo(ROOT, _target(ROOT))
    elif peer.kind == "rust":
        _cargo(BENCH / "peers" / peer.driver, _target(BENCH))
    elif peer.kind == "limit":
        _cargo(BENCH / "limit", _target(BENCH))
    elif peer.kind == "node":
        _require("node", "npm")
        run(["npm", "ci", "--loglevel=error"], TIMEOUT_S, cwd=NODE)
    elif peer.kind == "python":
        run([sys.executable, "-m", "venv", ".venv"], TIMEOUT_S, cwd=PYTHON)
        pip = [".venv/bin/pip", "install", "--quiet", "-r", "requirements.txt"]
        run(pip, TIMEOUT_S, cwd=PYTHON)


def _cargo(crate, target):
    if not (crate / "Cargo.toml").exists():
        raise Failed(f"{crate.relative_to(ROOT)} doesn't exist")
    _require("cargo")
    environment = os.environ | {"CARGO_TARGET_DIR": str(target)}
    run(["cargo", "build", "--release", "--locked", "--quiet"], TIMEOUT_S, crate, environment)


def _command(peer, options):
    if peer.kind == "windlass":
        return [_existing(options.windlass or _target(ROOT) / "release/windlass"), "bench"]
    if peer.kind == "limit":
        return [_existing(_target(BENCH) / "release/limit")]
    if peer.kind == "rust":
        return [_existing(_target(BENCH) / f"release/bench-{peer.driver}")]
    if peer.kind == "node":
        _existing(NODE / "node_modules")
        return ["node", str(NODE / "src/main.js"), peer.driver]
    return [_existing(PYTHON / ".venv/bin/python"), str(PYTHON / "src/main.py"), peer.driver]


def _target(workspace):
    return Path(os.environ.get("CARGO_TARGET_DIR", workspace / "target"))


def _existing(path):
    if not path.exists():
        raise Failed(f"not built: no {path.name} at the expected place")
    return str(path)


def _require(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Failed(f"{program} isn't installed")
