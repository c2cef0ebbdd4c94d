// Without JavaScript: reading, filters, pages, acts and colours.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { MISSING, flow, withBrowser } from "../lib/browser.js";
import { places } from "../lib/pages.js";
import { fill } from "../lib/sample.js";
import { Server } from "../lib/server.js";

const server = new Server();
let ids;
withBrowser();
before(async () => {
  await server.start();
  ids = await fill(server);
  const jobs = Array.from({ length: 60 }, (_, at) => ({ kind: "many.jobs", queue: "many", args: { at } }));
  await server.post("/v1/jobs/batch", { jobs });
});
after(() => server.stop());

const PHONE = { width: 390, height: 844 };
const plain = (name, body) => flow(name, { javaScriptEnabled: false }, body);

plain("every place can be read", async (context) => {
  const page = await context.newPage();
  const paths = await places(page, server);
  assert.ok(paths.length >= 4, paths.join(" "));
  for (const path of paths) {
    const answer = await page.goto(server.url + path);
    assert.equal(answer.status(), 200, path);
    assert.ok(await page.innerText("main h1"), path);
    assert.equal(await page.locator("button:visible[data-copy]").count(), 0, `${path}: a button that does nothing`);
  }
});

flow("on a phone every place is behind More, which is marked where one is there", { javaScriptEnabled: false, viewport: PHONE }, async (context) => {
  const page = await context.newPage();
  const paths = await places(page, server);
  await page.goto(`${server.url}/limits`);
  const more = page.locator(".more > summary");
  assert.equal(await more.getAttribute("aria-current"), "true");
  await more.click();
  const links = page.locator(".sheet li a:visible");
  const there = await links.evaluateAll((all) => all.map((link) => new URL(link.href).pathname));
  assert.deepEqual(there, paths);
  for (const link of await links.all()) assert.ok((await link.boundingBox()).height >= 44, await link.innerText());
  for (const link of await page.locator(".bar > ul a, .more > summary").all()) assert.ok((await link.boundingBox()).height >= 44);
  await page.click(".sheet a[href='schedules']");
  assert.equal(await page.innerText("main h1"), "Schedules");
  assert.equal(await page.locator(".sheet:visible").count(), 0, "it is closed on the next page");
});

plain("a limit is set by a form whose parts open", async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/limits/set`);
  await page.selectOption("[name=scope]", "kind");
  assert.ok(await page.locator("#limit-reserved").isHidden(), "of a kind nothing is kept free");
  await page.fill("#limit-name", "many.jobs");
  await page.click("text=How many per time");
  await page.fill("#limit-tokens", "7");
  await page.click("text=Set the limit");
  assert.match(await page.innerText("tr[id='limit-kind:many.jobs']"), /7 per 1s/);
});

flow("an address where nothing lies leads on", { javaScriptEnabled: false, forgives: MISSING }, async (context) => {
  const page = await context.newPage();
  const answer = await page.goto(`${server.url}/nosuch`);
  assert.equal(answer.status(), 404);
  await page.click("main a[href='docs']");
  assert.equal(await page.innerText("main h1"), "Documentation");
});

plain("a list is filtered and paged forth and back", async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/jobs`);
  await page.fill("#filter", "queue:many");
  await page.click(".search button");
  assert.equal(await page.locator(".rows.jobs tbody tr").count(), 50);
  await page.click("a[rel=next]");
  assert.equal(await page.locator(".rows.jobs tbody tr").count(), 10);
  assert.equal(await page.inputValue("#filter"), "queue:many");
  await page.click("a[rel=prev]");
  assert.equal(await page.locator(".rows.jobs tbody tr").count(), 50);
});

plain("a filter that cannot be read stays in its box with what is wrong", async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/jobs?filter=colour:red`);
  assert.equal(await page.inputValue("#filter"), "colour:red");
  assert.match(await page.innerText("#filter-fault"), /colour/);
});

plain("a queue is paused and resumed, a job is run again", async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/queues`);
  const row = page.locator("tr[id='queue-many']");
  await row.locator("summary").click();
  await row.locator("form button").click();
  assert.match(await page.innerText(".told"), /many is paused/);
  assert.match(await row.innerText(), /paused/);
  await row.locator("button").click();
  assert.doesNotMatch(await row.innerText(), /paused/);
  await page.goto(`${server.url}/jobs/${ids.dead}`);
  await page.click("main button:has-text('Run again')");
  assert.match(await page.innerText(".told"), /runs again/);
  assert.match(await page.innerText("p.lead"), /available/);
});

plain("the colours are chosen, kept and given back to the system", async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/jobs?filter=queue:many`);
  const theme = () => page.getAttribute("html", "data-theme");
  const seen = [await theme()];
  for (let times = 0; times < 3; times += 1) {
    await page.click("button[name=theme]");
    assert.ok(page.url().endsWith("/jobs?filter=queue:many"), page.url());
    seen.push(await theme());
  }
  assert.deepEqual(seen, [null, "light", "dark", null]);
});
