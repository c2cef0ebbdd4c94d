"""The kinds that `windlass conformance` asks of a worker: copy them to a worker of your own.

    windlass conformance http://127.0.0.1:7701 -- python3 workers/python/conformance.py
"""
import itertools, os, time
from worker import Dead, Snooze, Worker

def echo(args, job):
    return args

def fail(args, job):
    raise (Dead if args.get("retry") == "never" else RuntimeError)(args["message"])

def snooze(args, job):
    if job["attempt"] == 1:
        raise Snooze(args["ms"] / 1000)

def sleep(args, job):
    until = time.monotonic() + args["ms"] / 1000
    while (left := until - time.monotonic()) > 0:
        job.report(progress={"percent": 100 - left * 100_000 / args["ms"]})
        if job.told_to_end.wait(min(left, 0.1)):
            raise RuntimeError("told to end")

def count(args, job, runs=itertools.count(1)):
    return {"run": next(runs)}

def step(args, job):
    output = job.step("once", lambda: count(args, job))
    snooze(args, job)
    return output

handlers = {f"conformance.{handler.__name__}": handler for handler in (echo, fail, snooze, sleep, count, step)}
Worker(os.environ["WINDLASS_URL"], handlers, token=os.environ.get("WINDLASS_TOKEN")).run()
