"""As much of the Redis protocol as preparing a Redis takes."""

import socket
from contextlib import contextmanager
from urllib.parse import urlsplit

from .process import Failed

TIMEOUT_S = 30


class Redis:
    """One numbered database, emptied for every measurement, with the append-only file on.

    The file is flushed every second: that is the most durable setting its queues are run with, and
    still less than the SQL stores give, which flush before they answer.
    """

    def __init__(self, url):
        self._url = url
        parts = urlsplit(url)
        address = (parts.hostname, parts.port or 6379)
        self._connection = socket.create_connection(address, timeout=TIMEOUT_S)
        self._replies = self._connection.makefile("rb")
        self._command("SELECT", parts.path.strip("/") or "0")
        if self._command("DBSIZE") != 0:
            raise Failed(f"{parts.path} isn't empty, and the benchmark would flush it")
        self._before = {name: self._config(name) for name in ("appendonly", "appendfsync")}
        self._command("CONFIG", "SET", "appendfsync", "everysec")
        self._command("CONFIG", "SET", "appendonly", "yes")
        self.server_pid = self._info("process_id")
        self.description = {
            "version": self._info("redis_version"),
            "appendonly": "yes",
            "appendfsync": "everysec",
        }

    @contextmanager
    def fresh(self):
        self._command("FLUSHDB")
        yield self._url

    def close(self):
        self._command("FLUSHDB")
        for name, value in self._before.items():
            self._command("CONFIG", "SET", name, value)
        self._connection.close()

    def _info(self, name):
        return self._command("INFO", "server").split(f"{name}:")[1].split()[0]

    def _config(self, name):
        return self._command("CONFIG", "GET", name)[1]

    def _command(self, *words):
        parts = [f"*{len(words)}\r\n"] + [f"${len(word)}\r\n{word}\r\n" for word in words]
        self._connection.sendall("".join(parts).encode())
        return self._reply()

    def _reply(self):
        line = self._replies.readline().decode().rstrip("\r\n")
        kind, rest = line[:1], line[1:]
        if kind == "-":
            raise Failed(rest)
        if kind == "$":
            return self._replies.read(int(rest) + 2)[:-2].decode()
        if kind == "*":
            return [self._reply() for _ in range(int(rest))]
        return int(rest) if kind == ":" else rest
