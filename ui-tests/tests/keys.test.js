// Everything by keys alone.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { flow, isMarked, mark, withBrowser } from "../lib/browser.js";
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

const focused = (page) =>
  page.evaluate(() => {
    const { id, className, textContent } = document.activeElement ?? {};
    return { id, className, text: textContent?.trim() };
  });

/** Presses Tab until something with this text has the focus. */
async function tabTo(page, text) {
  for (let times = 0; times < 60; times += 1) {
    await page.keyboard.press("Tab");
    if ((await focused(page)).text === text) return;
  }
  assert.fail(`Tab does not lead to ${text}`);
}

flow("on a phone More opens and closes by keys", { viewport: { width: 390, height: 844 } }, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/jobs`);
  await page.focus(".more > summary");
  await page.keyboard.press("Enter");
  assert.ok(await page.isVisible(".sheet"));
  await page.keyboard.press("Tab");
  assert.equal((await focused(page)).text, "Overview");
  await page.keyboard.press("Escape");
  assert.ok(await page.isHidden(".sheet"));
  assert.equal((await focused(page)).text, "More");
});

flow("keys lead to pages, into the search, along the rows and into an object", {}, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/`);
  await page.keyboard.press("g");
  await page.keyboard.press("j");
  await page.waitForURL("**/jobs");
  await page.keyboard.press("/");
  assert.equal((await focused(page)).id, "filter");
  await page.keyboard.type("state:dead");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/jobs?filter=state*");
  await page.goto(`${server.url}/jobs`);
  const names = await page.locator(".rows a.name").allInnerTexts();
  await page.keyboard.press("j");
  assert.deepEqual([(await focused(page)).className, (await focused(page)).text], ["name", names[0]]);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  const href = await page.locator(".rows a.name").nth(1).evaluate((link) => link.href);
  assert.equal(await page.evaluate(() => document.activeElement.href), href);
  await page.keyboard.press("Enter");
  await page.waitForURL(href);
  await page.keyboard.press("g");
  await page.keyboard.press("q");
  await page.waitForURL("**/queues");
});

flow("buttons are reached and pressed by keys", {}, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/jobs/${ids.scheduled}`);
  await page.keyboard.press("Tab");
  assert.equal((await focused(page)).text, "Skip to the content");
  await page.keyboard.press("Enter");
  await tabTo(page, "Cancel");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".told");
  assert.equal((await server.get(`/v1/jobs/${ids.scheduled}`)).state, "cancelled");
});

flow("no key acts inside a field, nor with a modifier", {}, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/jobs`);
  await mark(page);
  await page.focus("#filter");
  await page.keyboard.type("gq/jk gj");
  assert.equal(await page.inputValue("#filter"), "gq/jk gj");
  assert.equal((await focused(page)).id, "filter");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("g");
  await page.keyboard.press("Alt+q");
  await page.keyboard.press("Control+j");
  assert.ok(await isMarked(page));
  assert.equal(new URL(page.url()).pathname, "/jobs");
});

flow("a row keeps the focus while others come in before it, and keys go on from there", {}, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/jobs`);
  const links = () => page.$$eval(".rows a.name", (links) => links.map((link) => link.href));
  const before = await links();
  for (let times = 0; times < 3; times += 1) await page.keyboard.press("j");
  const id = await server.enqueue("keys.one");
  await page.waitForSelector(`tr[id='row-${id}']`);
  assert.equal(await page.evaluate(() => document.activeElement.href), before[2]);
  await page.keyboard.press("j");
  assert.equal(await page.evaluate(() => document.activeElement.href), before[3]);
  assert.equal((await links()).length, before.length + 1);
});
