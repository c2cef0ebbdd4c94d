"""Child processes, each with a timeout that ends it and whatever it started."""

import os
import signal
import subprocess


class Failed(Exception):
    """Says in one line what went wrong."""


def run(command, timeout_s, cwd=None, env=None):
    """The standard output of a command that must succeed."""
    try:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
    except OSError as error:
        raise Failed(str(error)) from error
    try:
        out, err = child.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired as timeout:
        raise Failed(f"no end after {timeout_s} s") from timeout
    finally:
        _end_group(child)
    if child.returncode != 0:
        raise Failed(_telling_line(err) or f"exit status {child.returncode}")
    return out


def _end_group(child):
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()


def _telling_line(text):
    """The first line about an error, which tools follow with advice; otherwise the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines[-1:] or [""])[0][:200]
