// What people do about what went wrong, from the page that shows it to the end.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { flow, isMarked, mark, until, withBrowser } from "../lib/browser.js";
import { Hand } from "../lib/sample.js";
import { Server } from "../lib/server.js";

const server = new Server({ dev: true });
let hand;
withBrowser();
before(async () => {
  await server.start();
  hand = await Hand.of(server, ["bulk.one", "flow.step"]);
});
after(() => server.stop());

const FAILED = { type: "HttpError", message: "503 from the other side" };

/** Fails what there is, for good. */
async function fail(kind) {
  for (const job of await hand.claim()) {
    await hand.settle(job, job.kind === kind ? { result: "fail", error: FAILED, retry: "never" } : { result: "complete" });
  }
}

/** Asks the API until it says so. */
async function eventually(ask, is) {
  const late = Date.now() + 15_000;
  for (;;) {
    const said = await ask();
    if (is(said)) return said;
    assert.ok(Date.now() < late, `it never came: ${JSON.stringify(said).slice(0, 300)}`);
    await new Promise((go) => setTimeout(go, 50));
  }
}

const found = async (filter) => (await server.get(`/v1/jobs?filter=${encodeURIComponent(filter)}`)).items;
const contains = ([selector, word]) => document.querySelector(selector)?.textContent.includes(word);

flow("all dead jobs of a kind are retried, with a preview that says how many, and that is undone", {}, async (context) => {
  const [page, watched] = [await context.newPage(), await context.newPage()];
  for (const at of [1, 2, 3]) await server.enqueue("bulk.one", { args: { at } });
  await fail("bulk.one");
  await watched.goto(`${server.url}/jobs?filter=kind:bulk.one state:dead`);
  await watched.waitForSelector(".rows.jobs tbody tr");
  await mark(watched);
  await page.goto(`${server.url}/operations/new?filter=kind:bulk.one`);
  await page.click("main button:has-text('Preview')");
  await page.click("main button:has-text('Retry 3 jobs')");
  await page.waitForURL("**/operations/op_*");
  await until(page, contains, ["p.lead", "3 jobs changed"]);
  assert.equal((await found("kind:bulk.one state:available")).length, 3);
  await watched.waitForSelector("main .empty");
  await page.click("main button:has-text('Undo')");
  await until(page, contains, ["p.lead", "undone"]);
  await eventually(() => found("kind:bulk.one state:dead"), (jobs) => jobs.length === 3);
  await watched.waitForSelector(".rows.jobs tbody tr:nth-child(3)");
  assert.ok(await isMarked(watched), "it was not loaded again");
});

flow("a subscription's events are fed once more after a preview, and that is undone", {}, async (context) => {
  const page = await context.newPage();
  await server.put("/v1/subscriptions/letters", { types: ["order.paid"], kind: "letter.send" });
  for (const at of [1, 2, 3]) await server.post("/v1/events", { type: "order.paid", subject: `order/${at}` });
  await eventually(() => found("kind:letter.send"), (jobs) => jobs.length === 3);
  await page.goto(`${server.url}/subscriptions/letters`);
  await page.click("main a:has-text('Replay')");
  await page.fill("[name=from]", "beginning");
  await page.click("button:has-text('Show what it would feed')");
  await page.click("button:has-text('Replay 3 events to letters')");
  assert.match(await page.innerText(".told"), /A replay of 3 events to letters has begun/);
  await eventually(() => found("kind:letter.send tag:replay"), (jobs) => jobs.length === 3);
  await page.click("main a:has-text('Undo replays')");
  assert.match(await page.innerText("main h2"), /3 jobs would be cancelled/);
  await page.click("button:has-text('Undo the replays of letters')");
  await page.waitForURL("**/operations/op_*");
  await until(page, contains, ["p.lead", "3 jobs changed"]);
  const states = (await found("kind:letter.send")).map(({ state }) => state).sort();
  assert.deepEqual(states, [...Array(3).fill("available"), ...Array(3).fill("cancelled")], "those of before stay");
});

flow("a workflow goes on from the step that failed, and its page follows to the end", {}, async (context) => {
  const page = await context.newPage();
  const step = (name, after = []) => ({ name, after, job: { kind: "flow.step", args: { name } } });
  const { id } = await server.post("/v1/workflows", { name: "vm.provision", steps: [step("disk"), step("boot", ["disk"]), step("tell", ["boot"])] });
  const [disk] = await hand.claim();
  await hand.settle(disk, { result: "complete" });
  await fail("flow.step");
  await page.goto(`${server.url}/workflows/${id}`);
  assert.match(await page.innerText(".problems"), /boot is dead, and 1 step waits for it/);
  await page.click("main button:has-text('Retry 1 dead job')");
  await page.waitForSelector(".told");
  for (const name of ["boot", "tell"]) {
    const [job] = await eventually(() => hand.claim(), (jobs) => jobs.length > 0);
    assert.equal(job.args.name, name);
    await hand.settle(job, { result: "complete" });
  }
  await until(page, contains, ["p.lead", "3 of 3 jobs have ended"]);
  assert.equal(await page.locator(".problems").count(), 0);
});

const AWAY = /net::ERR|htmx:|\[object Event\]/;
flow("a page that was open overnight, its machine asleep and without a network, is right again", { forgives: AWAY }, async (context) => {
  const page = await context.newPage();
  await page.clock.install();
  await page.goto(`${server.url}/jobs?filter=queue:night`);
  await page.waitForSelector("main .empty");
  await mark(page);
  await context.setOffline(true);
  await page.clock.fastForward("10:00:00");
  await page.waitForSelector("#stale", { state: "visible" });
  const id = await server.enqueue("night.one", { queue: "night" });
  await page.clock.fastForward("30:00");
  await context.setOffline(false);
  await page.clock.fastForward("01:00");
  await page.waitForSelector(`tr[id='row-${id}']`);
  await page.waitForSelector("#stale", { state: "hidden" });
  assert.ok(await isMarked(page), "it was not loaded again");
  const later = await server.enqueue("night.two", { queue: "night" });
  await page.waitForSelector(`tr[id='row-${later}']`);
});
