#!/usr/bin/env node
// How long after its commit a change stands on open pages, in headless Chromium.
//
//     node bench/dashboard/visible.mjs --windlass target/release/windlass --store sqlite:F [--rounds 30] [--beside] [--json]
//
// The overview, the list of jobs and a job's page stay open over `windlass serve --open`. A round waits for up to 1.5 s, so that it
// begins anywhere between two looks of the pages, commits one change, by the command line and by the API in turn, and notes the time
// from the command's end, or from the answer, until the change stands in the document. With --beside `windlass bench mixed --jobs
// 900000` runs meanwhile, again and again, and the list of jobs is that of the changed jobs' queue: the newest fifty of all are
// others at once. Needs the packages of ui-tests/ and a Chromium.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { loadavg, tmpdir } from "node:os";
import { createInterface } from "node:readline";
import { resolve } from "node:path";
import { parseArgs } from "node:util";

const { chromium } = createRequire(new URL("../../ui-tests/package.json", import.meta.url))("playwright-core");
const { ARGUMENTS, program } = await import("../../ui-tests/lib/browser.js");

const QUEUE = "measure";
const KIND = "measure.change";
const PATIENCE_MS = 30_000;

const { values: said } = parseArgs({
  options: {
    windlass: { type: "string", default: "target/release/windlass" },
    store: { type: "string" },
    rounds: { type: "string", default: "30" },
    beside: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const WINDLASS = resolve(said.windlass);
/** What was started ends with this process, however that ends. */
const children = new Set();
process.on("exit", () => children.forEach((child) => child.kill()));
const words = (...more) => ["--store", said.store, ...more];

async function serve() {
  const child = spawn(WINDLASS, words("serve", "--open", "--listen", "127.0.0.1:0"), { cwd: tmpdir(), stdio: ["ignore", "ignore", "pipe"] });
  children.add(child);
  for await (const line of createInterface({ input: child.stderr })) {
    const port = /serving (http:\/\/127\.0\.0\.1:\d+)/.exec(line);
    if (port) return { child: (child.stderr.resume(), child), url: port[1] };
  }
  throw new Error("the server has not started");
}

/** Jobs that are written and worked again and again. */
function beside() {
  let child;
  let hasEnded = false;
  const rates = [];
  const run = async () => {
    while (!hasEnded) {
      child = spawn(WINDLASS, words("bench", "mixed", "--jobs", "900000", "--json"), { cwd: tmpdir(), stdio: ["ignore", "pipe", "ignore"] });
      children.add(child);
      let out = "";
      child.stdout.on("data", (part) => { out += part; });
      const [code] = await once(child, "exit");
      children.delete(child);
      if (code === 0) rates.push(JSON.parse(out.trim().split("\n").at(-1)).per_s);
      else if (!hasEnded) throw new Error("the jobs beside it have failed");
    }
  };
  const running = run();
  return { rates, end: async () => { hasEnded = true; child.kill(); await running; } };
}

async function command(...more) {
  const child = spawn(WINDLASS, words(...more), { cwd: tmpdir(), stdio: ["ignore", "pipe", "pipe"] });
  let out = "", err = "";
  child.stdout.on("data", (part) => { out += part; });
  child.stderr.on("data", (part) => { err += part; });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`windlass ${more.join(" ")}: ${err}`);
  return out.trim();
}

const { child: server, url } = await serve();

async function post(path, body) {
  const answer = await fetch(url + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body ?? {}) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

const handlers = [{ kind: KIND, queue: QUEUE }];

/** What is committed, each by the command line and by the API: the job that is then changed. */
const enqueue = {
  command: async (...more) => /job_\w+/.exec(await command("enqueue", KIND, "--queue", QUEUE, ...more))[0],
  api: async (more = {}) => (await post("/v1/jobs", { kind: KIND, queue: QUEUE, ...more })).id,
};
const later = { command: () => enqueue.command("--delay", "1h"), api: () => enqueue.api({ delay_ms: 3_600_000 }) };
const cancel = { command: (id) => command("job", "cancel", id), api: (id) => post(`/v1/jobs/${id}/cancel`) };
const retry = { command: (id) => command("job", "retry", id), api: (id) => post(`/v1/jobs/${id}/retry`) };

async function complete(id) {
  const { worker } = await post("/v1/workers", { name: "measurer", handlers, slots: 50, protocol: 1 });
  for (;;) {
    const { jobs } = await post(`/v1/workers/${worker}/claim`, { max: 50, wait_ms: 5_000 });
    if (jobs.length === 0) throw new Error(`${id} cannot be claimed`);
    const results = jobs.map(({ id: job, lease }) => ({ job, lease, result: "complete" }));
    await post("/v1/results", { results });
    if (jobs.some(({ id: job }) => job === id)) return;
  }
}

/** When something is true in the page, by the clock that this process has too. It is looked for with every change of the document. */
const since = (page, what, argument) =>
  page.evaluate(
    ([body, given, patience]) =>
      new Promise((done, fail) => {
        const holds = new Function("given", `return (${body})(given)`);
        const look = () => {
          if (!holds(given)) return;
          watcher.disconnect();
          done(Date.now());
        };
        const watcher = new MutationObserver(look);
        watcher.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
        setTimeout(() => fail(new Error("it is never shown")), patience);
        look();
      }),
    [what.toString(), argument, PATIENCE_MS],
  );

const scheduled = () => document.querySelector("#queue-measure td[data-name=scheduled]")?.textContent?.trim() ?? "";
const isOther = (before) => (document.querySelector("#queue-measure td[data-name=scheduled]")?.textContent?.trim() ?? "") !== before;
const hasRow = (id) => document.getElementById(`row-${id}`) !== null;
const says = (picture) => document.querySelector("#live p.lead use")?.getAttribute("href")?.endsWith(`#${picture}`) ?? false;

const browser = await chromium.launch({ executablePath: program(), args: ARGUMENTS });

async function open(path) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.goto(url + path);
  return page;
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** The time from a commit until a page shows it.. */
async function round(took, commit, page, what, argument) {
  await pause(500 + Math.random() * 1_500);
  const given = await commit();
  const committed = Date.now();
  took.push(Math.max(0, (await since(page, what, argument ?? given)) - committed));
  return given;
}

const took = { overview: [], jobs: [], "a job": [] };
const id = await later.api();
const running = said.beside ? beside() : undefined;
if (running) await pause(3_000);
const overview = await open("/");
const list = await open(said.beside ? `/jobs?filter=queue:${QUEUE}` : "/jobs");
const job = await open(`/jobs/${id}`);
await pause(2_000);
const began = Date.now();
for (let nth = 0; nth < Number(said.rounds); nth += 1) {
  const by = nth % 2 === 0 ? "command" : "api";
  const before = await overview.evaluate(scheduled);
  await round(took.overview, () => later[by](), overview, isOther, before);
  await round(took.jobs, () => enqueue[by](), list, hasRow);
  // The job: called off, run again, completed, and again.
  if (nth % 3 === 0) await round(took["a job"], () => cancel[by](id), job, says, "slash");
  if (nth % 3 === 1) await round(took["a job"], () => retry[by](id), job, says, "dot");
  if (nth % 3 === 2) {
    await round(took["a job"], () => complete(id), job, says, "check");
    await retry.api(id);
    await since(job, says, "dot");
  }
}
const seconds = Math.round((Date.now() - began) / 1000);
await browser.close();
await running?.end();
server.kill();

const rows = Object.entries(took).map(([page, times]) => {
  times.sort((one, other) => one - other);
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))];
  return [page, { rounds: times.length, p50_ms: at(0.5), p95_ms: at(0.95), max_ms: times.at(-1) }];
});
if (said.json) {
  console.log(JSON.stringify({ seconds, load: loadavg()[0], beside_per_s: running?.rates, pages: Object.fromEntries(rows) }));
} else {
  console.log(`${seconds} s, load ${loadavg()[0].toFixed(1)}, beside them ${running ? JSON.stringify(running.rates) : "no"} jobs/s`);
  for (const [page, row] of rows) console.log(page.padEnd(10), JSON.stringify(row));
}
