// Something of everything that pages show, made through the API.

const BEAT_MS = 8_000;

/** A worker that does what it is told. It lives until the test ends. */
export class Hand {
  #leases = new Map();

  static async of(server, kinds, { queue = "default", name = "hand" } = {}) {
    const hand = new Hand();
    hand.server = server;
    const handlers = kinds.map((kind) => ({ kind, queue }));
    const me = { name, host: "test", pid: process.pid, build: "shop 2.14.0", handlers, slots: 50, protocol: 1 };
    hand.path = `/v1/workers/${(await server.post("/v1/workers", me)).worker}`;
    const beat = () => server.post(`${hand.path}/heartbeat`, { leases: [...hand.#leases.values()] }).catch(() => {});
    setInterval(beat, BEAT_MS).unref();
    return hand;
  }

  /** Claims up to so many jobs. */
  async claim(max = 50) {
    const { jobs } = await this.server.post(`${this.path}/claim`, { max, wait_ms: 0 });
    for (const { id, lease } of jobs) this.#leases.set(id, lease);
    return jobs;
  }

  /** Ends an attempt. */
  async settle({ id, lease }, result) {
    this.#leases.delete(id);
    const said = await this.server.post("/v1/results", { results: [{ job: id, lease, ...result }] });
    if (said.results[0].status !== "done") throw new Error(JSON.stringify(said.results[0]));
  }
}

const LONG_ERROR = {
  type: "TimeoutError",
  message: "timed out after 30 s\nwhile it sent the mail",
  stack: "send (mail.py:12)\nrun (worker.py:80)",
};

/** Jobs in every state, two queues of which one is paused, and one of each other noun. The ids of some jobs. */
export async function fill(server) {
  const ids = {};
  const hand = await Hand.of(server, ["mail.send", "mail.digest"]);
  const subjects = [{ type: "customer", id: "42" }];
  ids.completed = await server.enqueue("mail.send", { args: { to: "ana@example.com" }, subjects, tags: ["signup"] });
  for (const job of await hand.claim()) await hand.settle(job, { result: "complete", output: { message: "m-17" } });
  ids.dead = await server.enqueue("mail.send", { subjects });
  for (const job of await hand.claim()) await hand.settle(job, { result: "fail", error: LONG_ERROR, retry: "never" });
  ids.retryable = await server.enqueue("mail.send", { subjects });
  const later = { result: "fail", error: LONG_ERROR, after_ms: 3_600_000 };
  for (const job of await hand.claim()) await hand.settle(job, later);
  ids.running = await server.enqueue("mail.digest", { subjects, timeout_ms: 600_000 });
  for (const job of await hand.claim()) {
    const said = { percent: 40, note: "sending" };
    const lines = [{ text: "connected" }, { text: "slow answer", level: "warn" }, { text: "gone", level: "error" }];
    const steps = [{ name: "collect", output: 7 }];
    await server.post(`/v1/jobs/${job.id}/report`, { lease: job.lease, progress: said, lines, first_line: 1, steps });
  }
  ids.scheduled = await server.enqueue("mail.send", { delay_ms: 3_600_000, subjects });
  ids.cancelled = await server.enqueue("mail.send", { delay_ms: 3_600_000 });
  await server.post(`/v1/jobs/${ids.cancelled}/cancel`, { reason: "the customer has left" });
  ids.waiting = await server.enqueue("mail.send", { waits: { signals: ["go"] } });
  ids.available = await server.enqueue("img.thumb", { queue: "media", unique: { key: "991" }, expires_ms: 3_600_000 });
  ids.inLane = [];
  for (const at of [1, 2]) ids.inLane.push(await server.enqueue("server.setup", { lane: { key: "server=42" }, args: { at } }));
  await server.post("/v1/queues/media/pause", { note: "the disk is full" });
  await others(server);
  return ids;
}

async function others(server) {
  await server.put("/v1/limits/kind:server.setup", { running: 4, note: "the vendor asked" });
  await server.put("/v1/schedules/nightly", { rule: "0 3 * * *", kind: "report.nightly" });
  await server.put("/v1/subscriptions/welcome", { types: ["order.paid"], kind: "mail.send" });
  await server.post("/v1/events", { type: "order.paid", subject: "order/42", data: { total: 17 } });
  const step = (name, after = []) => ({ name, after, job: { kind: "vm.step", args: { name } } });
  const steps = [step("disk"), step("network"), step("boot", ["disk", "network"])];
  await server.post("/v1/workflows", { name: "vm.provision", steps });
  await server.post("/v1/batches", { name: "import", jobs: [{ kind: "row.import" }, { kind: "row.import" }] });
  await server.post("/v1/operations", { action: "cancel", filter: "kind:row.import", note: "twice" });
  await server.post("/v1/kinds/report.nightly/pause", { note: "the printer is away" });
}

const MARKS = "left\u202eright\u2066isolate\u200bzero\u200fmark\ufeff";
const SCRIPT = `<script>window.isHacked = true; alert(1)</script><img src=x onerror="window.isHacked = true">`;

/** Jobs whose texts are written by somebody who means harm; their ids. */
export async function fillWithHarm(server) {
  const hand = await Hand.of(server, ["harm"], { queue: "harm", name: "harm" });
  // Tags have letters, digits and a few signs alone: there are as many as one job may have, each as long as it may be.
  const tags = Array.from({ length: 28 }, (_, at) => `tag-${at}-${"w".repeat(120)}`);
  const subjects = [{ type: "customer", id: `<script>alert(1)</script><img/src=x/onerror="isHacked=true">` }, { type: "order", id: MARKS }];
  const many = Array.from({ length: 10_000 }, (_, at) => `tag-${at}`);
  const args = { [SCRIPT]: MARKS, long: "x".repeat(100_000), many, close: "</script></pre></main>" };
  const job = { queue: "harm", tags, subjects, args };
  const failing = await server.enqueue("harm", job);
  const completed = await server.enqueue("harm", job);
  for (const claimed of await hand.claim()) {
    const text = `${SCRIPT} ${MARKS} ${"y".repeat(4_000)}`;
    const lines = [{ text }, { text: "\u001b[31mred\u001b[0m" }];
    const said = { lease: claimed.lease, lines, first_line: 1, progress: { percent: 10, note: text.slice(0, 200) } };
    await server.post(`/v1/jobs/${claimed.id}/report`, said);
    const error = { type: SCRIPT.slice(0, 100), message: text, stack: SCRIPT };
    await hand.settle(claimed, claimed.id === failing
      ? { result: "fail", error, retry: "never" }
      : { result: "complete", output: { [SCRIPT]: MARKS, long: "z".repeat(100_000) } });
  }
  const lane = { key: `${SCRIPT}${MARKS}` };
  const waiting = await server.enqueue("harm", { queue: "harm", lane, waits: { signals: [SCRIPT] } });
  await server.post("/v1/queues/harm/pause", { note: `${SCRIPT} ${MARKS}`.slice(0, 200) });
  return { failing, completed, waiting };
}

/** The same in events, workflows, schedules, subscriptions, limits and operations, whose names are as long as they may be; their pages. */
export async function fillOthersWithHarm(server) {
  const long = "n".repeat(128);
  const note = `${SCRIPT} ${MARKS} ${"y".repeat(200)}`;
  const step = (name, after = []) => ({ name, after, job: { kind: long, args: { name } } });
  const { id } = await server.post("/v1/workflows", { name: SCRIPT, key: MARKS, steps: [step(SCRIPT), step(MARKS, [SCRIPT]), step(long, [MARKS])] });
  await server.put(`/v1/schedules/${long}`, { rule: "0 3 * * *", kind: long });
  await server.post(`/v1/schedules/${long}/pause`, { note });
  const name = "s".repeat(100);
  await server.put(`/v1/subscriptions/${name}`, { types: [`${"t".repeat(60)}.*`], kind: long, queue: long });
  const data = { [SCRIPT]: MARKS, long: "x".repeat(100_000) };
  const event = await server.post("/v1/events", { type: `${"t".repeat(60)}.happened`, subject: `${SCRIPT}${MARKS}`, source: `/${"z".repeat(200)}`, data });
  await server.put(`/v1/limits/kind:${long}`, { running: 4, note });
  const operation = await server.post("/v1/operations", { action: "cancel", filter: `kind:${long}`, note });
  const paths = ["/workflows", `/workflows/${id}`, "/schedules", `/schedules/${long}`, "/subscriptions", `/subscriptions/${name}`];
  return [...paths, "/events", `/events/${event.id}`, "/limits", "/operations", `/operations/${operation.id}`, `/jobs?filter=kind:${long}`];
}
