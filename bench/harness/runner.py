"""Runs the measurements round by round and keeps what every driver printed."""

import json
import sys
import time

from .process import Failed, run

TIMEOUT_S = 300
# Lets the servers write back what the last measurement left behind.
PAUSE_S = 1


def run_interleaved(measurements, stores, rounds):
    samples = []
    for round in range(1, rounds + 1):
        for index, measurement in enumerate(measurements):
            sample = {"index": index, "round": round} | _run(measurement, stores)
            samples.append(sample)
            print(_progress(measurement, sample, rounds), file=sys.stderr, flush=True)
            time.sleep(PAUSE_S)
    return samples


def _run(measurement, stores):
    try:
        with stores.fresh(measurement.peer.store) as url:
            environment = stores.environment(measurement.peer.store)
            return parse(run(measurement.arguments(url), TIMEOUT_S, env=environment))
    except (Failed, ValueError) as failed:
        return {"failed": str(failed)}


def parse(output):
    """A driver's last line, or the whole output where the document spans lines."""
    try:
        return json.loads(output)
    except ValueError:
        lines = output.strip().splitlines()
        if not lines:
            raise Failed("printed nothing") from None
        return json.loads(lines[-1])


def _progress(measurement, sample, rounds):
    rate = sample.get("per_s")
    figure = f"{rate:,.0f}/s" if rate else f"{sample.get('p50_ms')} ms"
    outcome = sample.get("failed") or figure
    name = f"{measurement.title}, {measurement.config}"
    return f"[{sample['round']}/{rounds}] {measurement.peer.name}: {name}: {outcome}"
