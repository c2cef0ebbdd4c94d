"""A Windlass worker in Python. Standard library only; copy it, and write handlers of your own, as in hello.py.
A handler takes the args and the job. It returns the job's output; an exception is tried again, unless it is `Dead`."""
import http.client, itertools, json, os, queue, signal, socket, threading, time, traceback
from urllib.parse import urlsplit

class Dead(Exception): """The job has failed for good."""
class Snooze(Exception): """The job is to run again in so many seconds, not counted as a failure."""
class Gone(Exception): """The server does not know this worker any more."""

class Job(dict):
    """An attempt: the fields of the claim, as `job["attempt"]`. It is to end once `told_to_end` is set."""
    def __init__(self, worker, fields):
        super().__init__(fields)
        self.worker, self.lines, self.told_to_end = worker, 0, threading.Event()

    def report(self, *lines, **said):
        """Keeps log lines, `checkpoint=...` for a later attempt, and `progress={"percent": 40, "note": "..."}`."""
        body = {"lease": self["lease"], "first_line": self.lines + 1, "lines": [{"text": t} for t in lines], **said}
        self.lines += len(lines)
        self.worker.call("POST", f"/v1/jobs/{self['id']}/report", body)

    def step(self, name, work):
        """What `work()` returns, done once: it is kept with the job, and a later attempt gets it from there."""
        if name not in (steps := self.setdefault("steps", {})):
            self.report(steps=[{"name": name, "output": (output := work())}])
            steps[name] = output
        return steps[name]

class Worker:
    """`slots` jobs at once, and of a kind that `kind_slots` names as many as it says; `grace` seconds for them at a stop."""
    def __init__(self, url, handlers, slots=10, queue_name="default", token=None, kind_slots={}, grace=25):
        self.url, self.handlers, self.slots = urlsplit(url), handlers, slots
        self.kinds = [{"kind": kind, "queue": queue_name, "slots": kind_slots.get(kind)} for kind in handlers]
        self.headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        self.jobs, self.stopping, self.thread, self.grace = {}, threading.Event(), threading.local(), grace
        self.ready, self.results, self.room = queue.SimpleQueue(), queue.SimpleQueue(), threading.Semaphore(slots)

    def call(self, method, path, body=None):
        """One request, sent again until the server answers: every request may be repeated."""
        text = json.dumps(body, ensure_ascii=False).encode()
        for wait in itertools.chain((0.1, 0.2, 0.5, 1, 2), itertools.repeat(5)):
            try:
                if getattr(self.thread, "connection", None) is None:
                    kind = http.client.HTTPSConnection if self.url.scheme == "https" else http.client.HTTPConnection
                    self.thread.connection = kind(self.url.netloc, timeout=15)
                self.thread.connection.request(method, self.url.path + path, text, self.headers)
                answer = self.thread.connection.getresponse()
                said = json.loads(answer.read())
                if answer.status < 400:
                    if said.get("state") == "terminate":
                        self.stopping.set()
                    return said
                if answer.status < 500:
                    raise Gone if answer.status == 410 else RuntimeError(said["detail"])
                wait = max(wait, float(answer.headers.get("retry-after", 0)))
            except (OSError, http.client.HTTPException, json.JSONDecodeError):
                self.thread.connection = None
            time.sleep(wait)

    def register(self):
        me = {"name": "python", "host": socket.gethostname(), "pid": os.getpid(), "build": "worker.py 1"}
        said = self.call("POST", "/v1/workers", {**me, "handlers": self.kinds, "slots": self.slots, "protocol": 1})
        self.path, self.heartbeat_s = f"/v1/workers/{said['worker']}", said["heartbeat_ms"] / 1000

    def run(self):
        """Runs jobs until a signal or the server asks it to stop; those that run have the grace to end."""
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, lambda *_: self.stopping.set())
        self.register()
        threads = [self.runner] * self.slots + [self.settler, self.heart]
        *runners, settler, heart = [threading.Thread(target=one, daemon=True) for one in threads]
        for one in [*runners, settler, heart]:
            one.start()
        while not self.stopping.is_set():
            try:
                if self.room.acquire(timeout=0.5):
                    self.claim()
            except Gone:
                self.end(list(self.jobs))
                self.register()
        for _ in runners:
            self.ready.put(None)
        for until in (time.monotonic() + self.grace, time.monotonic() + self.grace + 2):
            for one in runners:
                one.join(max(0, until - time.monotonic()))
            self.end(list(self.jobs))  # what does not end then either is handed back by leaving
        self.results.put(None)
        settler.join()
        self.call("DELETE", self.path)

    def claim(self):
        free, jobs = 1 + sum(iter(lambda: self.room.acquire(blocking=False), False)), []  # one is taken already
        try:
            jobs = self.call("POST", f"{self.path}/claim", {"max": min(free, 500), "wait_ms": 2000})["jobs"]
        finally:
            for _ in range(free - len(jobs)):
                self.room.release()
        for fields in jobs:
            self.ready.put(self.jobs.setdefault(fields["lease"], Job(self, fields)))

    def runner(self):
        while (job := self.ready.get()) is not None:
            result = {"result": "release"} if self.stopping.is_set() or job.told_to_end.is_set() else self.attempt(job)
            self.results.put({"job": job["id"], "lease": job["lease"], **result})
            self.room.release()

    def attempt(self, job):
        try:
            output = self.handlers[job["kind"]](job["args"], job)
            return {"result": "complete", "output": json.loads(json.dumps(output, allow_nan=False))}
        except Snooze as wish:
            return {"result": "snooze", "after_ms": int(1000 * (*wish.args, 60)[0])}
        except Exception as error:  # whatever a handler raises ends the attempt, not the worker
            if job.told_to_end.is_set():
                return {"result": "release" if self.stopping.is_set() else "cancel"}
            said = {"message": str(error), "type": type(error).__name__, "stack": traceback.format_exc(limit=-3)}
            return {"result": "fail", "error": said, "retry": "never" if isinstance(error, Dead) else "default"}

    def settler(self):
        """Sends results, many at a time; what is locked right now is sent again."""
        batch = []
        while (batch := batch or [self.results.get()]) != [None]:
            while len(batch) < 50 and not self.results.empty():
                batch.append(self.results.get())
            sent = list(filter(None, batch))
            answers = self.call("POST", "/v1/results", {"results": sent})["results"]
            batch = [None] if None in batch else []
            for result, answer in zip(sent, answers):
                if answer["status"] == "busy":
                    batch.insert(0, result)
                    time.sleep(0.01)
                elif answer["status"] == "refused":  # what is to follow cannot be written: the attempt has failed
                    said = {"result": "fail", "error": {"message": answer["detail"]}}
                    batch.insert(0, {"job": result["job"], "lease": result["lease"], **said})
                else:
                    self.jobs.pop(result["lease"], None)

    def heart(self):
        while True:
            time.sleep(self.heartbeat_s)
            leases = list(self.jobs)
            try:
                beat = self.call("POST", f"{self.path}/heartbeat", {"leases": leases})
                self.end(beat["lost"] + [one["lease"] for one in beat["cancel"]])
            except (Gone, RuntimeError):
                self.end(leases)  # the next claim registers again, or tells what is wrong

    def end(self, leases):
        for job in filter(None, map(self.jobs.get, leases)):
            job.told_to_end.set()
