// Pages that are open follow what happens elsewhere.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { flow, isMarked, mark, until, withBrowser } from "../lib/browser.js";
import { fill } from "../lib/sample.js";
import { Server } from "../lib/server.js";

const server = new Server();
let ids;
withBrowser();
before(async () => {
  await server.start();
  ids = await fill(server);
});
after(() => server.stop());

const states = (word) => {
  const lead = document.querySelector("p.lead");
  return lead?.textContent.includes(word);
};

flow("a job is found by its subject, explained, cancelled and run again, and an open page follows", {}, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/`);
  await page.click(".side a[href='jobs']");
  await page.fill("#filter", "subject:customer=42 state:scheduled");
  await page.press("#filter", "Enter");
  await page.click(`tr[id='row-${ids.scheduled}'] a.name`);
  await page.waitForURL(`**/jobs/${ids.scheduled}`);
  const gates = await page.locator(".gates li").allInnerTexts();
  assert.ok(gates.some((gate) => gate.startsWith("due in ")), gates.join("\n"));
  assert.match(await page.innerText("p.lead"), /scheduled, .*next: it becomes available in /);
  assert.match(await page.innerText(".gates .command code"), /windlass job retry job_/);

  const watched = await context.newPage();
  await watched.goto(`${server.url}/jobs/${ids.scheduled}`);
  await mark(watched);
  await page.click("main button:has-text('Cancel')");
  await page.waitForSelector(".told");
  assert.match(await page.innerText(".told"), /is cancelled/);
  await until(watched, states, "cancelled");
  await page.click("main button:has-text('Run again')");
  await until(watched, states, "available");
  assert.ok(await isMarked(watched), "it was not loaded again");
});

flow("what is done through the API is shown by an open list", {}, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/jobs?filter=queue:fresh`);
  await page.waitForSelector("main .empty");
  await mark(page);
  const id = await server.enqueue("fresh.one", { queue: "fresh" });
  await page.waitForSelector(`tr[id='row-${id}']`);
  assert.ok(await isMarked(page));
});

flow("a queue that is paused in one tab is shown as paused in both", {}, async (context) => {
  const [here, there] = [await context.newPage(), await context.newPage()];
  for (const page of [here, there]) await page.goto(`${server.url}/queues`);
  await mark(there);
  const row = "tr[id='queue-default']";
  await here.click(`${row} details.ask > summary`);
  await here.click(`${row} details.ask button:has-text("Pause")`);
  await here.waitForSelector(`${row} .badge.warning`);
  await there.waitForSelector(`${row} .badge.warning`);
  assert.match(await there.innerText(`${row} .badge.warning`), /paused/);
  await there.click(`${row} button:has-text("Resume")`);
  await there.waitForSelector(`${row} .badge.warning`, { state: "detached" });
  await here.waitForSelector(`${row} .badge.warning`, { state: "detached" });
});

flow("what somebody writes into a field stays there while the page follows", {}, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/jobs`);
  await page.fill("#filter", "kind:half-writ");
  const id = await server.enqueue("follows.one");
  await page.waitForSelector(`tr[id='row-${id}']`);
  assert.equal(await page.inputValue("#filter"), "kind:half-writ");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "filter");
});

flow("what is unfolded stays so, and a page has one stream however often it is shown again", {}, async (context) => {
  const page = await context.newPage();
  const streams = [];
  page.on("request", (request) => {
    if (request.url().includes("/v1/stream")) streams.push(request.url());
  });
  await page.goto(`${server.url}/jobs/${ids.retryable}`);
  await page.click(".attempts summary");
  await server.post(`/v1/jobs/${ids.retryable}/cancel`, { reason: "no more" });
  await until(page, states, "cancelled");
  assert.ok(await page.locator(".attempts details[open]").count(), "it was folded");
  await page.waitForSelector("button[data-copy]:visible");
  await server.post(`/v1/jobs/${ids.retryable}/retry`);
  await until(page, states, "available");
  assert.equal(streams.length, 1, streams.join("\n"));
});

flow("a command that is copied is for the store of the page", {}, async (context) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  const copied = async (name) => {
    await page.getByRole("button", { name, exact: true }).first().click();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  await page.goto(`${server.url}/jobs/${ids.retryable}`);
  assert.equal(await copied("Copy as command"), `windlass job show ${ids.retryable} --store ${server.store}`);
  await page.goto(`${server.url}/jobs?filter=queue:mail`);
  assert.equal(await copied("Copy as command"), `windlass job list 'queue:mail' --store ${server.store}`);
  assert.match(await copied("Copy as curl"), /^curl /, "what is no command stays as it is");
});

const REFUSED = /502|htmx:/;
flow("a proxy that answers for a server that is away does not replace an open page", { forgives: REFUSED }, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/jobs?filter=queue:proxied`);
  await mark(page);
  const isAway = (url) => url.pathname === "/jobs";
  await page.route(isAway, (route) => route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad Gateway</h1>" }));
  await page.waitForSelector("#stale", { state: "visible" });
  assert.ok(await isMarked(page), "it was loaded again");
  await page.unroute(isAway);
  await page.waitForSelector("#stale", { state: "hidden" });
  assert.ok(await isMarked(page), "it was loaded again");
});

flow("a page stands still while rows are marked, and says so", {}, async (context) => {
  const page = await context.newPage();
  await server.enqueue("held.one", { queue: "held" });
  await page.goto(`${server.url}/jobs?filter=queue:held`);
  await page.check(".pick input");
  const id = await server.enqueue("held.two", { queue: "held" });
  await page.waitForSelector("#held", { state: "visible" });
  assert.equal(await page.locator(`tr[id='row-${id}']`).count(), 0, "it was shown again under who marks rows");
  await page.setViewportSize({ width: 390, height: 760 });
  const isSeen = await page.$eval("#held", (line) => {
    const { left, bottom } = line.getBoundingClientRect();
    return document.elementFromPoint(left + 16, bottom - 4) === line;
  });
  assert.ok(isSeen, "something lies above the line");
  await page.uncheck(".pick input");
  await page.waitForSelector(`tr[id='row-${id}']`);
  await page.waitForSelector("#held", { state: "hidden" });
});

// The requests of a page to a server that is away are errors of the console, and htmx repeats each.
const AWAY = /net::ERR|htmx:|\[object Event\]/;
flow("a page says that it is stale while its server is away, and recovers by itself", { forgives: AWAY }, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/jobs?filter=queue:away`);
  await mark(page);
  await server.kill();
  await page.waitForSelector("#stale", { state: "visible" });
  assert.match(await page.innerText("#stale"), /Disconnected.* \d+ s/);
  const [id] = server.command(["enqueue", "away.one", "--queue", "away", "-o", "plain"]).split("\t");
  await server.start();
  await page.waitForSelector("#stale", { state: "hidden" });
  await page.waitForSelector(`tr[id='row-${id}']`);
  assert.ok(await isMarked(page), "it was not loaded again");
});
