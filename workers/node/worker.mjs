// A Windlass worker in Node. No dependencies; copy it, and write handlers of your own, as in hello.mjs.
// A handler takes the args and the job. It returns the job's output; an error is tried again, unless it is `Dead`.
import { once } from "node:events";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** The job has failed for good. */
export class Dead extends Error {}
/** The job is to run again in so many milliseconds, not counted as a failure: `new Snooze("later", { cause: 5000 })`. */
export class Snooze extends Error {}
class Gone extends Error {} // the server does not know this worker any more

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

  /** What `work()` returns, done once: it is kept with the job, and a later attempt gets it from there. */
  async step(name, work) {
    const steps = (this.steps ??= {});
    if (Object.hasOwn(steps, name)) return steps[name];
    const output = (await work()) ?? null;
    await this.report({ steps: [{ name, output }] });
    return (steps[name] = output);
  }
}

export class Worker {
  #running = new Map();
  #results = [];
  #stopping = new AbortController();
  #stopped = once(this.#stopping.signal, "abort");

  /** `slots` jobs at once, and of a kind that `kindSlots` names as many as it says; `grace` ms for them at a stop. */
  constructor(url, handlers, { slots = 10, kindSlots = {}, queue = "default", token, grace = 25_000 } = {}) {
    const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
    Object.assign(this, { url: url.replace(/\/$/, ""), handlers, slots, kindSlots, queue, headers, grace });
  }

  /** One request, sent again until the server answers: every request may be repeated. */
  async call(method, path, body) {
    for (let wait = 100; ; wait = Math.min(wait * 2, 5000)) {
      try {
        const answer = await fetch(this.url + path, { method, headers: this.headers, body: JSON.stringify(body) });
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
    const handlers = Object.keys(this.handlers).map((kind) => ({ kind, queue: this.queue, slots: this.kindSlots[kind] }));
    const me = { name: "node", host: hostname(), pid: process.pid, build: "worker.mjs 1" };
    const said = await this.call("POST", "/v1/workers", { ...me, handlers, slots: this.slots, protocol: 1 });
    [this.path, this.heartbeatMs] = [`/v1/workers/${said.worker}`, said.heartbeat_ms];
  }

  /** Runs jobs until a signal or the server asks it to stop; those that run have the grace to end. */
  async run() {
    for (const name of ["SIGTERM", "SIGINT"]) process.on(name, () => this.#stopping.abort());
    await this.#register();
    const oneEnds = () => Promise.race([...this.#running.values()].map((one) => one.done));
    const heart = setInterval(() => this.#beat(), this.heartbeatMs);
    while (!this.#stopping.signal.aborted) {
      try {
        if (this.#running.size < this.slots) await this.#claim();
        else await Promise.race([oneEnds(), this.#stopped]);
      } catch (error) {
        if (!(error instanceof Gone)) throw error; // refused, as where the token was removed
        await this.#register(this.#end([...this.#running.keys()]));
      }
    }
    for (const until of [Date.now() + this.grace, Date.now() + this.grace + 2000]) {
      const left = () => sleep(until - Date.now(), null, { ref: false });
      while (this.#running.size > 0 && Date.now() < until) await Promise.race([oneEnds(), left()]);
      this.#end([...this.#running.keys()]); // what does not end then either is handed back by leaving
    }
    clearInterval(heart);
    await this.call("DELETE", this.path);
  }

  async #claim() {
    const room = { max: Math.min(this.slots - this.#running.size, 500), wait_ms: 2000 };
    const { jobs } = await this.call("POST", `${this.path}/claim`, room);
    for (const fields of jobs) {
      const job = new Job(this, fields);
      const done = this.#attempt(job).then((result) => this.#settle(job, result));
      this.#running.set(job.lease, { job, done: done.finally(() => this.#running.delete(job.lease)) });
    }
  }

  async #attempt(job) {
    try {
      const output = (await this.handlers[job.kind](job.args, job)) ?? null;
      return { result: "complete", output: JSON.parse(JSON.stringify(output)) };
    } catch (error) {
      if (job.told.signal.aborted) return { result: this.#stopping.signal.aborted ? "release" : "cancel" };
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
      const body = { job, lease, result: "fail", error: { message: detail } };
      if (status === "busy") this.#results.push(sent[nth]);
      else if (status === "refused") this.#results.push({ ...sent[nth], body });
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
