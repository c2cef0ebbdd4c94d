"""Notes when each job ran. For `run.py`."""
import os, pathlib, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "workers/python"))
from worker import Worker

def note(args, job, ran=open(os.environ["RAN"], "a", buffering=1)):
    ran.write(f"{time.monotonic()} {job['id']}\n")

Worker(os.environ["WINDLASS_URL"], {"failover.note": note}, slots=20).run()
