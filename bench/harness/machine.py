"""What the figures were taken on."""

import os
import platform
from pathlib import Path

from .process import Failed, run


def describe():
    return {
        "cpus": os.cpu_count(),
        "cpu": _field("/proc/cpuinfo", "model name"),
        "memory": _field("/proc/meminfo", "MemTotal"),
        "kernel": platform.release(),
        "rustc": _version("rustc"),
        "node": _version("node"),
        "python": platform.python_version(),
    }


def parent(pid):
    """The process that started this one, as text, or None where there is no /proc to tell."""
    try:
        # PostgreSQL shows no process to a role without privileges.
        stat = Path(f"/proc/{int(pid)}/stat").read_text()
    except (OSError, ValueError):
        return None
    return stat.rpartition(") ")[2].split()[1]


def load_average():
    return [round(each, 2) for each in os.getloadavg()]


def _field(path, name):
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), None)


def _version(program):
    try:
        return run([program, "--version"], 30).strip()
    except Failed:
        return None
