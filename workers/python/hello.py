"""A worker with a handler of its own.

    WINDLASS_URL=http://127.0.0.1:7700 WINDLASS_TOKEN=... python3 hello.py
"""
import os
from worker import Worker

def hello(args, job):
    job.report(f"hello {args['name']}", progress={"percent": 50})
    greeting = job.step("greet", lambda: f"good day, {args['name']}")  # done once, whatever happens behind it
    return {"greeted": args["name"], "with": greeting}

Worker(os.environ["WINDLASS_URL"], {"hello": hello}, token=os.environ.get("WINDLASS_TOKEN")).run()
