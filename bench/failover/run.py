#!/usr/bin/env python3
"""Kills the primary of a PostgreSQL cluster under Patroni and etcd while Windlass works, and counts.

    bench/failover/run.py --windlass target/release/windlass [--mode asynchronous|synchronous] [--rounds 3] [--json]

Needs Debian's packages patroni, etcd-server, python3-etcd and python3-psycopg2, and PostgreSQL's server programs. All runs on the
loopback interface in a temporary folder that is removed at the end; as root, the servers run as the user `postgres`.

A round: a server of the API takes enqueues from `--clients`, a worker in Python works them, both with one URL of all nodes
(`target_session_attrs=read-write`). The primary and its Patroni are killed with SIGKILL, as by a power cut; the killed node comes
back as a standby before the next round. Counted is what was acknowledged, what of it is kept, and how often each ran.
"""
import argparse, http.client, json, os, pathlib, pwd, shutil, signal, socket, subprocess, sys, tempfile, threading, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
NODES = 3


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def postgres_bin():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    if not found:
        sys.exit("bench/failover: no server programs of PostgreSQL below /usr/lib/postgresql: apt-get install postgresql")
    return found[-1].parent


class Cluster:
    """etcd, and nodes of Patroni with a PostgreSQL each."""

    def __init__(self, folder, mode):
        self.folder, self.mode, self.bin = folder, mode, postgres_bin()
        self.account = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        self.etcd_port = free_port()
        self.ports = [free_port() for _ in range(NODES)]
        self.rest_ports = [free_port() for _ in range(NODES)]
        self.processes = {}
        if self.account:
            os.chown(folder, self.account.pw_uid, self.account.pw_gid)

    def start(self):
        client, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{free_port()}"
        self.run("etcd", [
            "etcd", "--name", "one", "--data-dir", f"{self.folder}/etcd", "--enable-v2", "--listen-client-urls", client,
            "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", f"one={peer}"])
        until("etcd answers", lambda: answers(self.etcd_port, "/health"))
        for node in range(NODES):
            self.start_node(node)
            until(f"node {node} runs", lambda: self.said(node).get("state") == "running", 120)
        until("all stream", lambda: self.standbys() == NODES - 1, 120)

    def start_node(self, node):
        path = pathlib.Path(self.folder, f"node{node}.json")
        path.write_text(json.dumps(self.settings(node)))
        path.chmod(0o644)
        self.run(f"node{node}", ["patroni", str(path)])

    def settings(self, node):
        # A node that has not renewed its key for `ttl` is not the leader any more. These are the smallest Patroni allows.
        dcs = {"ttl": 20, "loop_wait": 2, "retry_timeout": 3, "maximum_lag_on_failover": 1 << 20,
               "synchronous_mode": self.mode == "synchronous", "synchronous_mode_strict": self.mode == "synchronous",
               "postgresql": {"use_pg_rewind": True, "parameters": {"max_connections": 100, "wal_log_hints": "on"}}}
        here = f"127.0.0.1:{self.ports[node]}"
        rest = f"127.0.0.1:{self.rest_ports[node]}"
        return {
            "scope": "windlass", "name": f"node{node}", "restapi": {"listen": rest, "connect_address": rest},
            "etcd": {"hosts": f"127.0.0.1:{self.etcd_port}"},
            "bootstrap": {"dcs": dcs, "initdb": [{"encoding": "UTF8"}, "data-checksums"],
                          "pg_hba": ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]},
            "postgresql": {"listen": here, "connect_address": here, "data_dir": f"{self.folder}/data{node}",
                           "bin_dir": str(self.bin), "pgpass": f"{self.folder}/pgpass{node}",
                           "authentication": {"superuser": {"username": "postgres", "password": "unused"},
                                              "replication": {"username": "replicator", "password": "unused"},
                                              "rewind": {"username": "postgres", "password": "unused"}},
                           "parameters": {"unix_socket_directories": str(self.folder)}},
        }

    def run(self, name, command):
        account = {}
        if self.account:
            account = {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        log = open(f"{self.folder}/{name}.log", "ab")
        self.processes[name] = subprocess.Popen(
            command, cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, **account)

    def said(self, node):
        return answers(self.rest_ports[node], "/patroni") or {}

    def primary(self):
        leading = [node for node in range(NODES) if self.said(node).get("role") in ("master", "primary")]
        return leading[0] if len(leading) == 1 else None

    def standbys(self):
        node = self.primary()
        streams = [] if node is None else self.said(node).get("replication", [])
        states = [one.get("sync_state") for one in streams if one.get("state") == "streaming"]
        is_ready = self.mode != "synchronous" or "sync" in states
        return len(states) if is_ready else 0

    def kill_primary(self):
        """As by a power cut: Patroni first, which would start the server again, then the server."""
        node = self.primary()
        self.processes[f"node{node}"].kill()
        self.processes[f"node{node}"].wait()
        pid = int(pathlib.Path(self.folder, f"data{node}/postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        return node

    def url(self):
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        return f"postgres://postgres@{hosts}/postgres?target_session_attrs=read-write"

    def stop(self):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


class Windlass:
    """A server of the API and a worker, each a process of its own."""

    def __init__(self, folder, program, url):
        self.folder, self.program, self.port = folder, program, free_port()
        self.environment = {**os.environ, "WINDLASS_STORE": url, "WINDLASS_URL": f"http://127.0.0.1:{self.port}"}
        subprocess.run([program, "migrate"], env=self.environment, check=True, stdout=subprocess.DEVNULL)
        self.processes = [self.run("serve", [program, "serve", "--open", "--listen", f"127.0.0.1:{self.port}"])]
        until("the server answers", lambda: answers(self.port, "/healthz") is not None)
        self.processes.append(self.run("worker", [sys.executable, str(ROOT / "bench/failover/worker.py")]))

    def run(self, name, command):
        log = open(f"{self.folder}/{name}.log", "ab")
        environment = {**self.environment, "RAN": f"{self.folder}/ran"}
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def ids(self, asked, most=None):
        """The ids of jobs that match, all of them unless so many are enough."""
        ids, cursor = [], ""
        while cursor is not None and (most is None or len(ids) < most):
            page = answers(self.port, f"/v1/jobs?limit=500&filter={asked}" + (f"&cursor={cursor}" if cursor else ""))
            ids += [job["id"] for job in page["items"]]
            cursor = page["next"]
        return ids

    def kept(self, acknowledged):
        return set(self.ids("kind:failover.note")) & set(acknowledged)

    def unfinished(self):
        return len(self.ids("kind:failover.note+state:available,running,retryable,scheduled", 1))

    def stop(self):
        """The worker first: it tells the server that it leaves."""
        for process in reversed(self.processes):
            process.terminate()
            process.wait(60)


class Load(threading.Thread):
    """Enqueues one job after the other, and remembers which were acknowledged and when."""

    def __init__(self, port, name):
        super().__init__(daemon=True)
        self.port, self.name, self.acknowledged, self.is_over, self.refused = port, name, [], False, 0

    def run(self):
        connection, nth = None, 0
        while not self.is_over:
            nth += 1
            # One key for all tries: what was committed before its answer was lost is not written twice.
            headers = {"content-type": "application/json", "idempotency-key": f"{self.name}-{nth}"}
            body = json.dumps({"kind": "failover.note", "args": {"by": self.name, "nth": nth}})
            while not self.is_over:
                try:
                    connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                    connection.request("POST", "/v1/jobs", body, headers)
                    answer = connection.getresponse()
                    said = json.loads(answer.read())
                    if answer.status < 300:
                        self.acknowledged.append((time.monotonic(), said["id"]))
                        break
                    self.refused += 1
                except (OSError, http.client.HTTPException, json.JSONDecodeError):
                    connection = None
                time.sleep(0.05)


def answers(port, path):
    """What this says, or none."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", path)
        return json.loads(connection.getresponse().read() or b"{}")
    except json.JSONDecodeError:
        return {}
    except (OSError, http.client.HTTPException):
        return None


def until(what, holds, seconds=60):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds} s not yet: {what}")
        time.sleep(0.2)


def ran(folder):
    """When each job ran, in the order of its runs."""
    times = {}
    path = pathlib.Path(folder, "ran")
    for line in path.read_text().splitlines() if path.exists() else []:
        moment, job = line.split()
        times.setdefault(job, []).append(float(moment))
    return times


def longest_gap(moments):
    return round(max((after - before for before, after in zip(moments, moments[1:])), default=0), 1)


def round_of(cluster, windlass, folder, nth, options):
    loads = [Load(windlass.port, f"{nth}-{client}") for client in range(options.clients)]
    for load in loads:
        load.start()
    time.sleep(options.seconds)
    killed_at = time.monotonic()
    node = cluster.kill_primary()
    until("another node leads", lambda: cluster.primary() not in (None, node), 120)
    led_at = time.monotonic()
    until("enqueues are acknowledged", lambda: any(load.acknowledged[-1:] and load.acknowledged[-1][0] > led_at for load in loads), 120)
    time.sleep(options.seconds)
    for load in loads:
        load.is_over = True
    for load in loads:
        load.join(60)
    acknowledged = {job: moment for load in loads for moment, job in load.acknowledged}
    kept = windlass.kept(acknowledged)
    until("what is kept has run", lambda: windlass.unfinished() == 0, 180)
    times = ran(folder)
    moments = sorted(acknowledged.values())
    runs = sorted(one for many in times.values() for one in many if one > killed_at - options.seconds)
    found = {
        "mode": cluster.mode, "acknowledged": len(acknowledged), "lost": len(acknowledged) - len(kept),
        "never_ran": sum(job not in times for job in kept),
        "ran_more_than_once": sum(len(times.get(job, [])) > 1 for job in kept),
        "leader_s": round(led_at - killed_at, 1),
        "silence_of_enqueues_s": longest_gap(moments), "silence_of_runs_s": longest_gap(runs),
    }
    cluster.start_node(node)
    until("the killed node streams again", lambda: cluster.standbys() == NODES - 1, 180)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windlass", required=True, type=lambda path: str(pathlib.Path(path).resolve()))
    parser.add_argument("--mode", choices=("asynchronous", "synchronous"), action="append")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5, help="of load before a kill, and after it is over")
    parser.add_argument("--json", action="store_true", help="a line for each round")
    parser.add_argument("--keep", action="store_true", help="leave the folder with its logs")
    options = parser.parse_args()
    for program in ("etcd", "patroni"):
        if not shutil.which(program):
            sys.exit(f"bench/failover: {program} is not installed: apt-get install patroni etcd-server python3-etcd python3-psycopg2")
    for mode in options.mode or ("asynchronous", "synchronous"):
        measure(mode, options)


def measure(mode, options):
    folder = tempfile.mkdtemp(prefix="windlass-failover-")
    cluster, windlass = Cluster(folder, mode), None
    try:
        cluster.start()
        windlass = Windlass(folder, options.windlass, cluster.url())
        for nth in range(options.rounds):
            found = round_of(cluster, windlass, folder, nth, options)
            line = "  ".join(f"{name} {value}" for name, value in found.items())
            print(json.dumps(found) if options.json else line, flush=True)
    finally:
        if windlass:
            windlass.stop()
        cluster.stop()
        if options.keep:
            print(f"kept: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
