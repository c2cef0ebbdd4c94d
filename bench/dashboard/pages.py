#!/usr/bin/env python3
"""How long the dashboard's pages take while jobs are written and worked beside them.

    bench/dashboard/pages.py --windlass target/release/windlass --store sqlite:F [--looks 200] [--idle] [--json]

The store must have the backlog already (`windlass bench drain --jobs 1000 --ready 1000000 --store …`). Where it has no user `measurer`, it gets
one, and with that what the pages are to show: 3,000 jobs that failed in 200 ways, 200 tokens, 60 users and 2,000 entries of the audit.

One viewer, who is signed in, asks for each page in turn on one connection, from the request's first byte to the answer's last, as it
comes uncompressed, at most twice a second. Meanwhile `windlass bench mixed --jobs 900000` enqueues and works on the same store, again and again until the looks are done.
"""
import argparse, http.client, json, os, pathlib, re, subprocess, sys, tempfile, threading, time
from urllib.parse import urlencode

PAGES = ["/", "/jobs", "/errors", "/audit", "/settings/tokens", "/settings/users", "/queues", "/workers", "/limits", "/settings", "/docs/problems/unauthorized"]
NAME, PASSWORD = "measurer", "measure-what-pages-take"
# Answers are for other looks too for a moment: each look is to be one of its own.
ROUND_S = 0.5
FAILED, TOKENS, USERS, ENTRIES = 3_000, 200, 60, 2_000


class Server:
    """`windlass serve` on a free port."""

    def __init__(self, windlass, store, *words):
        self.child = subprocess.Popen(
            [windlass, "--store", store, "serve", "--listen", "127.0.0.1:0", *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=tempfile.gettempdir())
        for line in self.child.stderr:
            if found := re.search(r"serving http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                threading.Thread(target=self.child.stderr.read, daemon=True).start()
                return
        sys.exit("bench/dashboard: the server has not started")

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def stop(self):
        self.child.terminate()
        self.child.wait()


def ask(connection, method, path, body=None, headers=None):
    """The status, the headers and the body of an answer."""
    said = {"content-type": "application/json", **(headers or {})}
    connection.request(method, path, body if body is None or isinstance(body, str) else json.dumps(body), said)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def call(connection, method, path, body=None):
    status, _, text = ask(connection, method, path, body)
    if status >= 300:
        sys.exit(f"bench/dashboard: {method} {path}: {status} {text[:300]!r}")
    return json.loads(text) if text else None


def fill(windlass, store):
    """What the pages are to show."""
    server = Server(windlass, store, "--open")
    one = server.connect()
    for nth in range(TOKENS):
        call(one, "POST", "/v1/tokens", {"name": f"program-{nth}", "scopes": ["read"]})
    for nth in range(USERS):
        call(one, "POST", "/v1/users", {"name": f"person-{nth}", "role": "viewer"})
    handlers = [{"kind": "measure.fail", "queue": "measure"}]
    worker = call(one, "POST", "/v1/workers", {"name": "measurer", "handlers": handlers, "slots": 100, "protocol": 1})["worker"]
    failed = 0
    while failed < FAILED:
        call(one, "POST", "/v1/jobs/batch", {"jobs": [{"kind": "measure.fail", "queue": "measure"}] * 100})
        results = []
        for job in call(one, "POST", f"/v1/workers/{worker}/claim", {"max": 100, "wait_ms": 0})["jobs"]:
            way = f"way {'abcdefghijklmnopqrst'[failed % 20]}{'qwertzuiop'[failed // 20 % 10]}"
            error = {"type": "ValueError", "message": f"no {way} out of {failed}", "stack": "run (work.py:12)"}
            more = {"retry": "never"} if failed % 2 else {"after_ms": 86_400_000}
            results.append({"job": job["id"], "lease": job["lease"], "result": "fail", "error": error, **more})
            failed += 1
        call(one, "POST", "/v1/results", {"results": results})
    for nth in range(ENTRIES // 2):
        call(one, "POST", "/v1/queues/measure/pause", {"note": f"for the {nth}th time"})
        call(one, "POST", "/v1/queues/measure/resume", {})
    call(one, "POST", "/v1/users", {"name": NAME, "role": "admin", "password": PASSWORD})
    server.stop()


def sign_in(server, may_fail=False):
    """The cookie of a session; none where there is no such user."""
    one = server.connect()
    status, headers, text = ask(one, "POST", "/v1/session", {"user": NAME, "password": PASSWORD})
    if status < 300:
        return "; ".join(cookie.split(";")[0] for cookie in headers.get_all("set-cookie"))
    if may_fail:
        return None
    sys.exit(f"bench/dashboard: signing in: {status} {text[:300]!r}")


class Beside:
    """Jobs that are written and worked again and again."""

    def __init__(self, windlass, store):
        self.words = [windlass, "bench", "mixed", "--jobs", "900000", "--json", "--store", store]
        self.rates, self.ended = [], threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.ended.is_set():
            self.child = subprocess.Popen(self.words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            out, _ = self.child.communicate()
            if self.child.returncode == 0:
                self.rates.append(json.loads(out.strip().splitlines()[-1]).get("per_s"))
            elif not self.ended.is_set():
                sys.exit("bench/dashboard: the jobs beside it have failed")

    def stop(self):
        self.ended.set()
        self.child.terminate()
        self.thread.join()


def quantile(sorted_ms, part):
    return sorted_ms[min(len(sorted_ms) - 1, int(len(sorted_ms) * part))]


def measure(server, cookie, looks):
    one, took = server.connect(), {page: [] for page in PAGES}
    for _ in range(looks):
        round_ends = time.monotonic() + ROUND_S
        for page in PAGES:
            began = time.perf_counter()
            status, _, text = ask(one, "GET", page, headers={"cookie": cookie, "accept": "text/html"})
            took[page].append((time.perf_counter() - began) * 1000)
            if status != 200:
                sys.exit(f"bench/dashboard: {page}: {status} {text[:300]!r}")
        time.sleep(max(0, round_ends - time.monotonic()))
    return {page: sorted(times) for page, times in took.items()}


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--windlass", default="target/release/windlass")
    words.add_argument("--store", required=True)
    words.add_argument("--looks", type=int, default=200)
    words.add_argument("--idle", action="store_true", help="nothing beside it")
    words.add_argument("--json", action="store_true")
    said = words.parse_args()
    windlass = str(pathlib.Path(said.windlass).resolve())
    server = Server(windlass, said.store)
    cookie = sign_in(server, may_fail=True)
    if cookie is None:
        server.stop()
        fill(windlass, said.store)
        server = Server(windlass, said.store)
        cookie = sign_in(server)
    beside = None if said.idle else Beside(windlass, said.store)
    try:
        # Behind the start of what runs beside it.
        time.sleep(0 if said.idle else 3)
        began = time.monotonic()
        took = measure(server, cookie, said.looks)
        seconds = time.monotonic() - began
    finally:
        if beside:
            beside.stop()
        server.stop()
    rows = {page: {"p50_ms": round(quantile(ms, 0.5), 1), "p95_ms": round(quantile(ms, 0.95), 1), "max_ms": round(ms[-1], 1)} for page, ms in took.items()}
    if said.json:
        print(json.dumps({"looks": said.looks, "seconds": round(seconds, 1), "load": os.getloadavg()[0], "beside_per_s": beside and beside.rates, "pages": rows}))
        return
    print(f"{said.looks} looks at each page in {seconds:.0f} s, load {os.getloadavg()[0]:.1f}, beside them {beside and beside.rates} jobs/s")
    for page, row in rows.items():
        print(f"{page:28} p50 {row['p50_ms']:7.1f}  p95 {row['p95_ms']:7.1f}  max {row['max_ms']:7.1f} ms")


main()
