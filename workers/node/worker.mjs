// A Windlass worker in Node. No dependencies; copy it, and write handlers of your own.
//     WINDLASS_URL=http://127.0.0.1:7700 WINDLASS_TOKEN=... node worker.mjs
// A handler takes the args and the job. It returns the job's output; an error is tried again, unless it is `Dead`.
import { hostname } from "node:os";
import { pathToFileURL } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";

/** The job has failed for good. */
export class Dead extends Error {}
/** The job is to run again in so many milliseconds, not counted as a failure: `new Snooze("later", { cause: 5000 })`. */
export class Snooze extends Error {}
/** The server does not know this worker any more. */
class Gone extends Error {}

/** An attempt: the fields of the claim, and what a handler does meanwhile. */
export class Job {
  #lines = 0;

  /** `told.signal` is aborted where the job was cancelled, or given to another worker. */
  constructor(worker, fields) {
    Object.assign(this, { worker, told: new AbortController() }, fields);
  }

  /** Keeps log `lines`, a `checkpoint` for a later attempt, and `progress: { percent: 40, note: "..." }`. */
  async report({ lines = [], ...said }) {
    const body = { lease: this.lease, first_line: this.#lines + 1, lines: lines.map((text) => ({ text })), ...said };
    this.#lines += lines.length;
    await this.worker.call("POST", `/v1/jobs/${this.id}/report`, body);
  }
}

export class Worker {
  #running = new Map();
  #results = [];
  #stopping = new AbortController();

  constructor(url, handlers, { slots = 10, queue = "default", token } = {}) {
    const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
    Object.assign(this, { url: url.replace(/\/$/, ""), handlers, slots, queue, headers });
  }

  /** One request, sent again until the server answers: every request may be repeated. */
  async call(method, path, body) {
    const text = JSON.stringify(body);
    for (let wait = 100; ; wait = Math.min(wait * 2, 5000)) {
      try {
        const answer = await fetch(this.url + path, { method, headers: this.headers, body: text });
        const said = await answer.json();
        if (said.state === "terminate") this.#stopping.abort();
        if (answer.ok) return said;
        if (answer.status === 410) throw new Gone(said.detail);
        if (answer.status < 500) throw new Error(said.detail);
        wait = Math.max(wait, 1000 * answer.headers.get("retry-after"));
      } catch (error) {
        if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error; // the network's
      }
      await sleep(wait);
    }
  }

  async #register() {
    const handlers = Object.keys(this.handlers).map((kind) => ({ kind, queue: this.queue }));
    const me = { name: "node", host: hostname(), pid: process.pid, build: "worker.mjs 1" };
    const said = await this.call("POST", "/v1/workers", { ...me, handlers, slots: this.slots, protocol: 1 });
    [this.path, this.heartbeatMs] = [`/v1/workers/${said.worker}`, said.heartbeat_ms];
  }

  /** Runs jobs until a signal asks it to stop; then those that run may end. */
  async run() {
    for (const name of ["SIGTERM", "SIGINT"]) process.on(name, () => this.#stopping.abort());
    await this.#register();
    const heart = setInterval(() => this.#beat(), this.heartbeatMs);
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#claim();
      } catch (error) {
        if (!(error instanceof Gone)) throw error; // refused, as where the token was removed
        await this.#register(this.#end([...this.#running.keys()]));
      }
    }
    while (this.#running.size > 0) await this.#oneEnds();
    clearInterval(heart);
    await this.call("DELETE", this.path);
  }

  async #claim() {
    while (this.#running.size >= this.slots) await this.#oneEnds();
    const room = { max: Math.min(this.slots - this.#running.size, 500), wait_ms: 2000 };
    const { jobs } = await this.call("POST", `${this.path}/claim`, room);
    for (const fields of jobs) {
      const job = new Job(this, fields);
      const done = this.#attempt(job).then((result) => this.#settle(job, result));
      this.#running.set(job.lease, { job, done: done.finally(() => this.#running.delete(job.lease)) });
    }
  }

  #oneEnds() {
    return Promise.race([...this.#running.values()].map((one) => one.done));
  }

  async #attempt(job) {
    try {
      const output = (await this.handlers[job.kind](job.args, job)) ?? null;
      return { result: "complete", output: JSON.parse(JSON.stringify(output)) };
    } catch (error) {
      if (job.told.signal.aborted) return { result: "cancel" };
      if (error instanceof Snooze) return { result: "snooze", after_ms: error.cause };
      const said = { message: String(error.message ?? error), type: error.name, stack: error.stack };
      return { result: "fail", error: said, retry: error instanceof Dead ? "never" : "default" };
    }
  }

  /** Results of one turn of the loop are one request; what is locked right now is sent again. */
  #settle({ id, lease }, result) {
    if (this.#results.length === 0) setImmediate(() => this.#send());
    return new Promise((resolve) => this.#results.push({ body: { job: id, lease, ...result }, resolve }));
  }

  async #send() {
    const sent = this.#results.splice(0, 50);
    const { results } = await this.call("POST", "/v1/results", { results: sent.map((one) => one.body) });
    for (const [nth, { status, detail }] of results.entries()) {
      const { job, lease } = sent[nth].body;
      const failed = { job, lease, result: "fail", error: { message: detail } };
      if (status === "busy") this.#results.push(sent[nth]);
      else if (status === "refused") this.#results.push({ ...sent[nth], body: failed });
      else sent[nth].resolve();
    }
    if (this.#results.length > 0) setTimeout(() => this.#send(), results.some((one) => one.status === "busy") ? 10 : 0);
  }

  async #beat() {
    const leases = [...this.#running.keys()];
    const refused = () => ({ lost: leases, cancel: [] }); // the next claim registers again, or tells what is wrong
    const beat = await this.call("POST", `${this.path}/heartbeat`, { leases }).catch(refused);
    this.#end([...beat.lost, ...beat.cancel.map((one) => one.lease)]);
  }

  #end(leases) {
    for (const lease of leases) this.#running.get(lease)?.job.told.abort();
  }
}
if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const hello = async ({ name }, job) => {
    await job.report({ lines: [`hello ${name}`], progress: { percent: 50 } });
    return { greeted: name };
  };
  const { WINDLASS_URL: url = "http://127.0.0.1:7700", WINDLASS_TOKEN: token } = process.env;
  await new Worker(url, { hello }, { token }).run();
}
