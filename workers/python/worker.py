"""A Windlass worker in Python. Standard library only; copy it, and write handlers of your own.

    WINDLASS_URL=http://127.0.0.1:7700 WINDLASS_TOKEN=... python3 worker.py

A handler takes the args and the job. What it returns is the job's output; an exception fails the
attempt, which is tried again unless it is `Dead`.
"""
import http.client, json, os, queue, signal, socket, threading, time, traceback
from urllib.parse import urlsplit

class Dead(Exception): """The job has failed for good."""
class Snooze(Exception): """The job is to run again in so many seconds, which is no failure."""
class Ended(Exception): """The attempt ends since it was told to."""
class Gone(Exception): """The server does not know this worker any more."""

class Job:
    """An attempt: `job["id"]`, `job["attempt"]`, `job["checkpoint"]`, and what a handler does meanwhile."""
    def __init__(self, worker, fields):
        self.worker, self.fields, self.lines, self.told_to_end = worker, fields, 0, threading.Event()

    def __getitem__(self, name):
        return self.fields.get(name)

    def safe_point(self):
        """Ends the attempt here where it was cancelled, or the job was given to another worker."""
        if self.told_to_end.is_set():
            raise Ended()

    def report(self, checkpoint=None, percent=None, note=None, lines=()):
        """Keeps where a later attempt goes on, how far this one is, and log lines."""
        body = {"lease": self["lease"], "first_line": self.lines + 1, "lines": [{"text": line} for line in lines]}
        if checkpoint is not None:
            body["checkpoint"] = checkpoint
        if percent is not None or note is not None:
            body["progress"] = {"percent": percent, "note": note}
        self.lines += len(lines)
        self.worker.call("POST", f"/v1/jobs/{self['id']}/report", body)

class Worker:
    def __init__(self, url, handlers, slots=10, queue_name="default", token=None):
        self.url, self.handlers, self.slots, self.queue_name = urlsplit(url), handlers, slots, queue_name
        self.headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
        self.jobs, self.stopping, self.thread = {}, threading.Event(), threading.local()
        self.ready, self.results, self.room = queue.SimpleQueue(), queue.SimpleQueue(), threading.Semaphore(slots)

    def call(self, method, path, body=None):
        """One request, sent again until the server answers: every request may be repeated."""
        text, wait = None if body is None else json.dumps(body), 0.1
        while True:
            try:
                if getattr(self.thread, "connection", None) is None:
                    kind = http.client.HTTPSConnection if self.url.scheme == "https" else http.client.HTTPConnection
                    self.thread.connection = kind(self.url.netloc, timeout=90)
                self.thread.connection.request(method, self.url.path.rstrip("/") + path, text, self.headers)
                answer = self.thread.connection.getresponse()
                said = json.loads(answer.read() or "null")
                if answer.status < 400:
                    return said
                if answer.status == 410:
                    raise Gone()
                if answer.status < 500:
                    raise RuntimeError(said["detail"])
            except (OSError, http.client.HTTPException):
                self.thread.connection = None
            time.sleep(wait)
            wait = min(wait * 2, 5)

    def register(self):
        handlers = [{"kind": kind, "queue": self.queue_name} for kind in self.handlers]
        me = {"name": "python", "host": socket.gethostname(), "pid": os.getpid(), "build": "worker.py 1"}
        said = self.call("POST", "/v1/workers", {**me, "handlers": handlers, "slots": self.slots, "protocol": 1})
        self.path, self.heartbeat_s = f"/v1/workers/{said['worker']}", said["heartbeat_ms"] / 1000

    def run(self):
        """Runs jobs until a signal asks it to stop; then those that run may end, and the others are handed back."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopping.set())
        self.register()
        runners = [threading.Thread(target=self.runner) for _ in range(self.slots)]
        settler = threading.Thread(target=self.settler)
        for thread in [*runners, settler, threading.Thread(target=self.heart, daemon=True)]:
            thread.start()
        while not self.stopping.is_set():
            try:
                self.claim()
            except Gone:
                self.end(list(self.jobs))
                self.register()
        for thread in runners:
            self.ready.put(None)
        for thread in runners:
            thread.join()
        self.results.put(None)
        settler.join()
        self.call("DELETE", self.path)

    def claim(self):
        free = int(self.room.acquire())  # one place at least, and as many more as are free
        while free < 500 and self.room.acquire(blocking=False):
            free += 1
        jobs = self.call("POST", f"{self.path}/claim", {"max": free, "wait_ms": 2000})["jobs"]
        for fields in jobs:
            self.jobs[fields["lease"]] = job = Job(self, fields)
            self.ready.put(job)
        for _ in range(free - len(jobs)):
            self.room.release()

    def runner(self):
        while (job := self.ready.get()) is not None:
            result = {"result": "release"} if self.stopping.is_set() else self.attempt(job)
            self.results.put({"job": job["id"], "lease": job["lease"], **result})
            self.room.release()

    def attempt(self, job):
        try:
            job.safe_point()
            return {"result": "complete", "output": self.handlers[job["kind"]](job["args"], job)}
        except Ended:
            return {"result": "cancel"}
        except Snooze as wish:
            return {"result": "snooze", "after_ms": int(wish.args[0] * 1000)}
        except Exception as error:  # whatever a handler raises ends the attempt, not the worker
            said = {"message": str(error), "type": type(error).__name__, "stack": traceback.format_exc(limit=-3)}
            return {"result": "fail", "error": said, "retry": "never" if isinstance(error, Dead) else "default"}

    def settler(self):
        """Sends results, many at a time; what is locked right now is sent again."""
        batch, ended = [], False
        while batch or not ended:
            if not batch:
                batch, ended = self.more([self.results.get()])
            answers = self.call("POST", "/v1/results", {"results": batch})["results"] if batch else []
            told = list(zip(batch, answers))
            batch = [result for result, answer in told if answer["status"] == "busy"]
            for result, answer in told:
                if answer["status"] == "refused":  # what followed cannot be written: the attempt failed
                    failed = {"result": "fail", "error": {"message": answer["detail"]}}
                    batch.append({"job": result["job"], "lease": result["lease"], **failed})
                elif answer["status"] != "busy":
                    self.jobs.pop(result["lease"], None)

    def more(self, batch):
        while len(batch) < 500 and not self.results.empty():
            batch.append(self.results.get())
        return [result for result in batch if result], None in batch

    def heart(self):
        while True:
            time.sleep(self.heartbeat_s)
            try:
                beat = self.call("POST", f"{self.path}/heartbeat", {"leases": list(self.jobs)})
                self.end(beat["lost"] + [one["lease"] for one in beat["cancel"]])
            except Gone:
                pass  # the next claim registers again

    def end(self, leases):
        for job in filter(None, map(self.jobs.get, leases)):
            job.told_to_end.set()

def hello(args, job):
    job.report(percent=50, lines=[f"hello {args['name']}"])
    return {"greeted": args["name"]}

if __name__ == "__main__":
    server = os.environ.get("WINDLASS_URL", "http://127.0.0.1:7700")
    Worker(server, {"hello": hello}, token=os.environ.get("WINDLASS_TOKEN")).run()
