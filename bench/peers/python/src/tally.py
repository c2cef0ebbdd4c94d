"""Counts the handler's runs by job, so that a job that ran twice or never fails the measurement."""

import asyncio
import time


class Tally:
    def __init__(self, jobs):
        self._started_at = [None] * jobs
        self._runs = 0

    def ran(self, id):
        self._started_at[id] = time.monotonic()
        self._runs += 1

    def started_at(self, id):
        return self._started_at[id]

    async def wait_for_runs(self, runs):
        while self._runs < runs:
            await asyncio.sleep(0.001)

    def check_each_ran_once(self):
        never = self._started_at.count(None)
        if self._runs != len(self._started_at) or never:
            raise RuntimeError(
                f"{self._runs} runs of {len(self._started_at)} jobs, {never} never ran"
            )
