"""The command line that every driver has."""

import argparse


def from_command_line():
    parser = argparse.ArgumentParser()
    parser.add_argument("peer")
    parser.add_argument("mode", choices=["drain", "bulk", "enqueue", "latency"])
    parser.add_argument("--store", required=True)
    parser.add_argument("--config", choices=["default", "fastest"], default="fastest")
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--slots", type=int, default=50)
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--clients", type=int, default=1)
    return parser.parse_args()
