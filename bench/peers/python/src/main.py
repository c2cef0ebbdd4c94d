"""main.py PEER MODE --store URL [--config C] [--jobs N] …

A peer module has open(options), which returns an object with: name, as it is installed;
enqueue(job); enqueue_batch(jobs); start_worker(ran), whose handler only calls ran(id);
and unfinished(), the number of jobs that the store doesn't yet have as finished.
"""

import asyncio
import importlib
import os
import sys

import measure
import options
import report


async def main():
    wanted = options.from_command_line()
    peer = await importlib.import_module(f"peers.{wanted.peer}_peer").open(wanted)
    measured = await getattr(measure, wanted.mode)(peer, wanted)
    print(report.line(peer, wanted, measured))
    sys.stdout.flush()
    # Some peers' workers have no stop that returns promptly, and nothing is left to save.
    os._exit(0)


asyncio.run(main())
