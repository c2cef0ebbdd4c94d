"""A worker that does nothing, as fast as it can: what `windlass bench worker-protocol` measures.

    windlass bench worker-protocol --slots 50 -- python3 workers/python/bench.py
"""
import os
from worker import Worker

slots, queue = int(os.environ["WINDLASS_SLOTS"]), os.environ["WINDLASS_QUEUE"]
Worker(os.environ["WINDLASS_URL"], {"windlass.bench.noop": lambda args, job: None}, slots, queue).run()
