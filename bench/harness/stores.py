"""The servers, on this machine only, and an empty store in one of them for every measurement."""

import ipaddress
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from . import machine, redis
from .process import Failed, run

DATABASE = "windlass_bench"
A_LASTING_PROCESS = "select pid from pg_stat_activity where backend_type = 'checkpointer'"
TIMEOUT_S = 60


@contextmanager
def open_all(options, ready):
    stores = Stores()
    wanted = {peer.store for peer, _ in ready}
    try:
        for name, store in _candidates(options):
            if name in wanted:
                stores.open(name, store)
        yield stores
    finally:
        stores.close()


def _candidates(options):
    return [
        ("postgres", lambda: Postgres(options.postgres)),
        ("sqlite", lambda: Sqlite(options.sqlite_dir)),
        ("redis", lambda: redis.Redis(_loopback(options.redis))),
    ]


class Stores:
    def __init__(self):
        self._opened = {}
        self._unreachable = {}

    def open(self, name, connect):
        try:
            self._opened[name] = connect()
        except (Failed, OSError) as error:
            self._unreachable[name] = f"no {name} store: {error}"

    def split(self, ready):
        """The peers whose store is there, and the reasons for the others."""
        kept = [each for each in ready if each[0].store in self._opened]
        lost = [peer for peer, _ in ready if peer.store not in self._opened]
        return kept, {peer.name: self._unreachable[peer.store] for peer in lost}

    def fresh(self, name):
        return self._opened[name].fresh()

    def environment(self, name):
        """Tells a driver whose CPU time the store's is."""
        pid = self._opened[name].server_pid
        return os.environ | ({"BENCH_SERVER_PID": pid} if pid else {})

    def describe(self):
        return {name: store.description for name, store in self._opened.items()}

    def close(self):
        for store in self._opened.values():
            try:
                store.close()
            except (Failed, OSError) as error:
                print(f"while closing a store: {error}", file=sys.stderr)


class Postgres:
    """A database is dropped and made again for every measurement."""

    def __init__(self, url):
        self._admin = _loopback(url)
        # TLS on the loopback would be measured with those peers only that ask for it by default.
        parts = urlsplit(url)._replace(path=f"/{DATABASE}", query="sslmode=disable")
        self._url = parts.geturl()
        settings = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "jit")
        values = [self._psql(f"show {name}").split()[0] for name in settings]
        self.description = dict(zip(settings, values))
        self.server_pid = machine.parent(self._psql(A_LASTING_PROCESS).strip())

    @contextmanager
    def fresh(self):
        self._psql(f"drop database if exists {DATABASE} with (force)")
        self._psql(f"create database {DATABASE}")
        self._psql("checkpoint")
        yield self._url

    def close(self):
        self._psql(f"drop database if exists {DATABASE} with (force)")

    def _psql(self, statement):
        return run(["psql", self._admin, "-qAtXc", statement], TIMEOUT_S)


class Sqlite:
    """A folder is made for every measurement and removed with all that is in it."""

    server_pid = None

    def __init__(self, directory):
        self._directory = directory
        filesystem = run(["stat", "-f", "-c", "%T", str(directory)], TIMEOUT_S).strip()
        if filesystem == "tmpfs":
            raise Failed(f"{directory} is in memory, where nothing is durable")
        self.description = {"filesystem": filesystem}

    @contextmanager
    def fresh(self):
        folder = Path(tempfile.mkdtemp(prefix="windlass-bench-", dir=self._directory))
        try:
            yield f"sqlite:{folder / 'jobs.db'}"
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def close(self):
        pass


def _loopback(url):
    host = urlsplit(url).hostname or ""
    if host != "localhost" and not _is_loopback_address(host):
        raise Failed(f"{host or 'no host'} isn't this machine: the benchmark floods its servers")
    return url


def _is_loopback_address(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
