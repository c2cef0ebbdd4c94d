#!/usr/bin/env python3
"""Runs the same work through windlass, its peers and plain SQL, and prints one table of medians."""

import argparse
import json
import sys
from pathlib import Path

from harness import build, machine, plan, runner, stores, table
from harness.peers import PEERS

BENCH = Path(__file__).resolve().parent


def main():
    options = parse_options()
    peers = [peer for peer in PEERS if not options.peers or peer.name in options.peers]
    before = machine.load_average()
    print(machine.describe(), file=sys.stderr)

    ready, missing = build.prepare(peers, options)
    with stores.open_all(options, ready) as opened:
        ready, unreachable = opened.split(ready)
        measurements = plan.measurements(ready, options)
        samples = runner.run_interleaved(measurements, opened, options.rounds)

    rows = table.medians(measurements, samples)
    report = {
        "machine": machine.describe(),
        "stores": opened.describe(),
        "load_average": {"before": before, "after": machine.load_average()},
        "rounds": options.rounds,
        "not_measured": missing | unreachable,
        "medians": rows,
        "samples": samples,
    }
    print(table.markdown(report))
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", default="postgres://postgres@127.0.0.1:5432/postgres")
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/15")
    parser.add_argument("--sqlite-dir", type=Path, default=Path("/tmp"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--slots", type=int, default=50)
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--peers", type=names(peer.name for peer in PEERS), default=[])
    parser.add_argument("--modes", type=names(plan.MODES), default=plan.MODES)
    parser.add_argument("--skip-build", action="store_true")
    parser.add_argument("--windlass", type=Path)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def names(known):
    known = list(known)

    def parse(text):
        chosen = text.split(",")
        unknown = [name for name in chosen if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]} is not one of {', '.join(known)}")
        return chosen

    return parse


if __name__ == "__main__":
    main()
