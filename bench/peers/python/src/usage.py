"""CPU time and memory from /proc; elsewhere than Linux these figures are absent."""

import os
import time
from pathlib import Path

# USER_HZ, which Linux fixes at 100 for everything it shows in /proc.
TICK_MS = 10


class Stopwatch:
    def __init__(self):
        _reset_peak_memory()
        self._server_ms = _server_cpu_ms()
        self._client_ms = time.process_time() * 1e3
        self._began = time.monotonic()

    def elapsed(self):
        return time.monotonic() - self._began

    def stop(self, jobs):
        elapsed = self.elapsed()
        server_ms = _server_cpu_ms()
        return {
            "jobs": jobs,
            "elapsed": elapsed,
            "client_ms": time.process_time() * 1e3 - self._client_ms,
            "server_ms": None if server_ms is None else server_ms - self._server_ms,
            "rss_mb": _peak_memory_mb(),
            "latencies": [],
        }


def _server_cpu_ms():
    """The CPU time of the server's first process and its children, ended ones included."""
    first = os.environ.get("BENCH_SERVER_PID")
    if not first:
        return None
    total = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue
        # The name may hold spaces and parentheses: state, parent and so on start after its last.
        fields = stat.rpartition(") ")[2].split()
        if first in (pid, fields[1]):
            total += sum(map(int, fields[11:15])) * TICK_MS
    return total


def _reset_peak_memory():
    """Makes the peak start from here, so that preloading doesn't count."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def _peak_memory_mb():
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    kb = next(line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(kb) / 1024
