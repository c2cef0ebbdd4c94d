"""The four measurements, each from an empty store."""

import asyncio
import random
import subprocess
import time

from job import batches, job
from tally import Tally
from usage import Stopwatch

# How long latency goes on for peers that pick up in seconds; the report says how many samples.
LATENCY_BUDGET_S = 45


async def drain(peer, options):
    """Works off a backlog with one worker, until the store has every job as finished."""
    for batch in batches(options.jobs, options.batch):
        await peer.enqueue_batch(batch)
    _settle(options)
    tally = Tally(options.jobs)
    stopwatch = Stopwatch()
    await peer.start_worker(tally.ran)
    await tally.wait_for_runs(options.jobs)
    while await peer.unfinished() > 0:
        await asyncio.sleep(0.002)
    measured = stopwatch.stop(options.jobs)
    tally.check_each_ran_once()
    return measured


async def bulk(peer, options):
    stopwatch = Stopwatch()
    for batch in batches(options.jobs, options.batch):
        await peer.enqueue_batch(batch)
    measured = stopwatch.stop(options.jobs)
    await _check_stored(peer, options)
    return measured


async def enqueue(peer, options):
    ids = iter(range(options.jobs))
    latencies = []

    async def client():
        for id in ids:
            began = time.monotonic()
            await peer.enqueue(job(id))
            latencies.append(time.monotonic() - began)

    stopwatch = Stopwatch()
    await asyncio.gather(*(client() for _ in range(options.clients)))
    measured = stopwatch.stop(options.jobs)
    await _check_stored(peer, options)
    return measured | {"latencies": latencies}


async def latency(peer, options):
    """From the call that enqueues to the start of the handler, with the worker otherwise idle."""
    tally = Tally(options.jobs)
    await peer.start_worker(tally.ran)
    await asyncio.sleep(2)
    latencies = []
    stopwatch = Stopwatch()
    while len(latencies) < options.jobs and stopwatch.elapsed() < LATENCY_BUDGET_S:
        id = len(latencies)
        called_at = time.monotonic()
        await peer.enqueue(job(id))
        await tally.wait_for_runs(id + 1)
        latencies.append(tally.started_at(id) - called_at)
        await asyncio.sleep(random.uniform(0.005, 0.030))
    return stopwatch.stop(len(latencies)) | {"latencies": latencies}


async def _check_stored(peer, options):
    stored = await peer.unfinished()
    if stored != options.jobs:
        raise RuntimeError(f"{options.jobs} jobs enqueued, {stored} stored")


def _settle(options):
    """Gives a PostgreSQL that has just taken in a backlog the statistics that autovacuum would
    within a minute; without them some peers' plans, and so their figures, are a matter of luck."""
    if options.store.startswith("postgres"):
        subprocess.run(
            ["psql", options.store, "-qc", "vacuum analyze", "-qc", "checkpoint"], check=True
        )
