"""The worker of workers/python with one thing wrong, which BROKEN names. For the tests of `windlass conformance` alone."""
import datetime, http.client, itertools, json, os, signal, sys, time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), *[".."] * 5, "workers", "python"))
from worker import Dead, Gone, Snooze, Worker  # noqa: E402

BROKEN = os.environ["BROKEN"]

def is_broken(*names):
    return BROKEN in names

class Broken(Worker):
    def call(self, method, path, body=None):
        body = self.spoilt(path, body)
        if is_broken("gives-up", "forgets-results", "runs-again", "hurries", "stops-claiming"):
            said = self.once(method, path, body)
        else:
            said = super().call(method, path, body)
        return self.misread(path, said)

    def spoilt(self, path, body):
        what = path.rsplit("/", 1)[-1]
        if what == "workers":
            body["protocol"] = 2 if is_broken("protocol") else 1
            if is_broken("kinds"):
                body["handlers"] = body["handlers"][1:]
            if is_broken("token"):
                self.headers.pop("authorization")
        if what == "claim":
            body["wait_ms"] = 0 if is_broken("busy-loop") else 500
            body["max"] += 5 if is_broken("greedy") else 0
        if what == "report" and is_broken("keeps-steps-to-itself"):
            body.pop("steps", None)
        if what == "heartbeat" and is_broken("nameless"):
            body["leases"] = []
        for result in body["results"] if what == "results" else []:
            self.spoil(result)
        return body

    def spoil(self, result):
        if is_broken("no-output"):
            result.pop("output", None)
        if is_broken("no-message") and "error" in result:
            result["error"]["message"] = "something went wrong"
        if is_broken("no-type") and "error" in result:
            result["error"].pop("type")
        if is_broken("always-retried") and "retry" in result:
            result["retry"] = "default"
        if is_broken("cancel-fails") and result["result"] == "cancel":
            result.update(result="fail", error={"message": "cancelled"})

    def once(self, method, path, body):
        """Reads an answer as a worker does that has not thought of what may go wrong."""
        url = self.url
        for wait in itertools.repeat(0.05):
            try:
                connection = http.client.HTTPConnection(url.netloc, timeout=15)
                connection.request(method, path, json.dumps(body).encode(), self.headers)
                answer = connection.getresponse()
                said = json.loads(answer.read())
                if answer.status < 400:
                    return said
                if answer.status < 500:
                    raise Gone if answer.status == 410 else RuntimeError(said["detail"])
            except (OSError, http.client.HTTPException):
                if is_broken("gives-up"):
                    os._exit(1)
                if is_broken("stops-claiming") and path.endswith("claim"):
                    time.sleep(3600)
                for result in body["results"] if is_broken("runs-again") and path.endswith("results") else []:
                    result["output"] = count(None, None)
                if is_broken("forgets-results") and path.endswith("results"):
                    return {"results": [{"status": "done"} for _ in body["results"]]}
            time.sleep(wait)

    def misread(self, path, said):
        what = path.rsplit("/", 1)[-1]
        if is_broken("strict") and "of_a_later_version" in said:
            os._exit(1)
        if what == "heartbeat":
            if is_broken("deaf-to-cancel"):
                said["cancel"] = []
            if is_broken("deaf-to-lost"):
                said["lost"] = []
            if is_broken("quits-when-quiet") and said["state"] == "quiet":
                self.end(list(self.jobs))
        for job in said["jobs"] if what == "claim" and is_broken("forgets-steps") else []:
            job.pop("steps", None)
        if what == "results":
            for answer in said["results"]:
                if is_broken("storms") and answer["status"] == "lost":
                    answer["status"] = "busy"
                if is_broken("drops-busy") and answer["status"] == "busy":
                    answer["status"] = "done"
        return said

    def register(self):
        if is_broken("stays-gone") and hasattr(self, "path"):
            time.sleep(3600)
        super().register()
        if is_broken("slow-heart"):
            self.heartbeat_s = 5

    def end(self, leases):
        if not is_broken("runs-on"):
            super().end(leases)

    def attempt(self, job):
        if is_broken("own-clock"):
            deadline = datetime.datetime.fromisoformat(job["deadline"].replace("Z", "+00:00"))
            if deadline < datetime.datetime.now(datetime.timezone.utc):
                return {"result": "fail", "error": {"message": "too late"}, "retry": "never"}
        return super().attempt(job)

    def run(self):
        if is_broken("ignores-terminate"):
            self.stopping.set = lambda: None
        if is_broken("never-leaves"):
            call = self.call
            self.call = lambda method, *rest: call(method, *rest) if method != "DELETE" else None
        super().run()

def echo(args, job):
    if is_broken("ascii"):
        return json.loads(json.dumps(args, ensure_ascii=False).encode("ascii", "replace"))
    return args

def fail(args, job):
    raise (Dead if args.get("retry") == "never" else RuntimeError)(args["message"])

def snooze(args, job):
    if job["attempt"] == 1:
        raise Snooze(args["ms"] / 1000)

def sleep(args, job):
    until = time.monotonic() + args["ms"] / 1000
    while (left := until - time.monotonic()) > 0:
        job.report(progress={"percent": 100 - left * 100_000 / args["ms"]})
        if job.told_to_end.wait(min(left, 0.1)):
            raise RuntimeError("told to end")

def count(args, job, runs=itertools.count(1)):
    return {"run": next(runs)}

def step(args, job):
    output = job.step("once", lambda: count(args, job))
    snooze(args, job)
    return output

if is_broken("drops-dead"):
    signal.signal = lambda *_: None
handlers = {f"conformance.{handler.__name__}": handler for handler in (echo, fail, snooze, sleep, count, step)}
Broken(os.environ["WINDLASS_URL"], handlers, token=os.environ.get("WINDLASS_TOKEN")).run()
