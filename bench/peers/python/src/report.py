"""The one JSON line of a driver; what doesn't apply to a mode is null."""

import json
import math
from importlib.metadata import version


def line(peer, options, measured):
    is_latency = options.mode == "latency"
    jobs = measured["jobs"]
    latencies = sorted(measured["latencies"])

    def per_1k(ms):
        # An idle worker's CPU over the gaps between samples says nothing per job.
        return None if ms is None or is_latency else round(ms * 1e3 / jobs, 2)

    return json.dumps(
        {
            "peer": peer.name,
            "version": version(peer.name),
            "mode": options.mode,
            "store": options.store.partition(":")[0],
            "config": options.config,
            "jobs": jobs,
            "slots": options.slots,
            "batch": options.batch,
            "clients": options.clients,
            "per_s": None if is_latency else round(jobs / measured["elapsed"]),
            "p50_ms": _percentile_ms(latencies, 0.50),
            "p99_ms": _percentile_ms(latencies, 0.99),
            "client_cpu_ms_per_1k": per_1k(measured["client_ms"]),
            "store_cpu_ms_per_1k": per_1k(measured["server_ms"]),
            "rss_mb": measured["rss_mb"] and round(measured["rss_mb"]),
        }
    )


def _percentile_ms(latencies, share):
    if not latencies:
        return None
    return round(latencies[max(0, math.ceil(len(latencies) * share) - 1)] * 1e3, 2)
