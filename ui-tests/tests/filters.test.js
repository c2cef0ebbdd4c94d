// The box of a filter: completed by keys and by the mouse, and kept under a name.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { violations } from "../lib/axe.js";
import { flow, isMarked, mark, until, withBrowser } from "../lib/browser.js";
import { fill } from "../lib/sample.js";
import { Server } from "../lib/server.js";

const server = new Server();
const HOSTILE = `<img/src=x/onerror="window.isHacked=true">`;
withBrowser();
before(async () => {
  await server.start();
  await fill(server);
  for (const id of [`my"old"one`, HOSTILE]) await server.enqueue("filter.one", { subjects: [{ type: "box", id }] });
});
after(() => server.stop());

const BOX = "#filter";
const OPTIONS = "[role=option]";
const shown = (page) => page.locator(OPTIONS).allInnerTexts();
const opened = (page) => page.waitForSelector(`${OPTIONS}:visible`);
/** All letters at once: between two of them the list may be open for the first, or closed until the server has answered to both. */
const write = async (page, text) => {
  await page.keyboard.insertText(text);
  await opened(page);
};
const closed = (page) => page.waitForSelector("[role=listbox]", { state: "hidden" });
const state = (page) => page.$eval(BOX, (box) => [box.getAttribute("role"), box.ariaExpanded, box.getAttribute("aria-activedescendant")]);

flow("a filter is completed by keys alone", {}, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/jobs`);
  await page.keyboard.press("/");
  assert.deepEqual(await state(page), ["combobox", "false", null]);
  await write(page, "sta");
  assert.deepEqual(await state(page), ["combobox", "true", null]);
  await page.keyboard.press("ArrowDown");
  const id = (await state(page))[2];
  assert.equal(await page.getAttribute(`#${id}`, "aria-selected"), "true");
  await page.keyboard.press("Tab");
  // Behind a name its values are shown at once.
  await page.waitForSelector(`${OPTIONS}:has-text("dead")`);
  assert.equal(await page.inputValue(BOX), "state:");
  await page.keyboard.type("de");
  await until(page, () => document.querySelectorAll("[role=option]").length === 1);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  assert.equal((await state(page))[2], null, "behind the last one is none");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await closed(page);
  assert.equal(await page.inputValue(BOX), "state:dead");
  assert.equal(new URL(page.url()).search, "", "nothing was searched for yet");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/jobs?filter=state*");
});

flow("what needs quotes gets them, in the middle of a filter, by the mouse", {}, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/jobs`);
  await page.fill(BOX, "subject:box=my kind:filter.*");
  await page.$eval(BOX, (box) => box.setSelectionRange(14, 14));
  await page.focus(BOX);
  await page.keyboard.press("ArrowDown");
  await opened(page);
  await page.click(`${OPTIONS}:has-text("old")`);
  assert.equal(await page.inputValue(BOX), String.raw`subject:"box=my\"old\"one" kind:filter.*`);
  assert.equal(await page.evaluate(() => document.activeElement.id), "filter");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/jobs?filter=subject*");
  assert.equal(await page.locator(".rows.jobs tbody tr").count(), 1);
});

flow("no key is taken away where nothing is chosen, and Escape closes the list alone", {}, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/jobs`);
  await page.click(BOX);
  await opened(page);
  await page.keyboard.press("Escape");
  await closed(page);
  await write(page, "kind");
  await page.keyboard.press("Escape");
  assert.equal(await page.inputValue(BOX), "kind");
  await page.keyboard.type(":filter.one");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/jobs?filter=kind*");
  await page.focus(BOX);
  await page.keyboard.press("Tab");
  assert.notEqual(await page.evaluate(() => document.activeElement.id), "filter");
});

flow("a list stays open while the page is shown again, and names of strangers do nothing", {}, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/jobs`);
  await mark(page);
  await page.focus(BOX);
  await write(page, "subject:box=<");
  assert.deepEqual(await shown(page), [`box=${HOSTILE}`]);
  const id = await server.enqueue("filter.two");
  await page.waitForSelector(`tr[id='row-${id}']`);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await closed(page);
  assert.equal(await page.inputValue(BOX), `subject:"box=${HOSTILE.replaceAll('"', '\\"')}"`);
  assert.equal(await page.evaluate(() => window.isHacked), undefined);
  assert.ok(await isMarked(page));
});

flow("events are completed by their own names", {}, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/events`);
  await page.focus(BOX);
  await write(page, "type:order");
  assert.deepEqual(await shown(page), ["order.paid"]);
});

flow("an open list passes axe", { bypassCSP: true }, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/jobs?filter=state:dead`);
  await page.click(".saved summary");
  await page.click("summary:has-text('Columns')");
  await page.focus(BOX);
  await page.keyboard.press("End");
  await page.keyboard.type(" ");
  await opened(page);
  await page.keyboard.press("ArrowDown");
  assert.deepEqual(await violations(page), []);
});

for (const javaScriptEnabled of [true, false]) {
  flow(`a filter is saved and removed ${javaScriptEnabled ? "with" : "without"} JavaScript`, { javaScriptEnabled }, async (context) => {
    const page = await context.newPage();
    await page.goto(`${server.url}/jobs?filter=state:dead`);
    await page.click(".saved summary");
    await page.fill(".saved [name=name]", "Dead ones");
    await page.click(".saved form button");
    assert.match(await page.innerText(".told"), /Dead ones is saved/);
    const cookie = (await context.cookies()).find((one) => one.name === "windlass-filters");
    assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, "Lax", "/"]);
    await page.goto(`${server.url}/jobs`);
    await page.click(".saved a:has-text('Dead ones')");
    assert.ok(page.url().endsWith("/jobs?filter=state:dead"), page.url());
    assert.equal(await page.inputValue(BOX), "state:dead");
    await page.click(".saved button[value=remove]");
    assert.match(await page.innerText(".told"), /is removed/);
    assert.equal(await page.locator(".saved a").count(), 0);
  });
}

flow("columns are chosen, kept and given back without JavaScript", { javaScriptEnabled: false }, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/jobs`);
  const heads = () => page.locator(".rows.jobs th").allInnerTexts();
  const usual = await heads();
  await page.click("summary:has-text('Columns')");
  await page.check("[name=column][value=worker]");
  await page.uncheck("[name=column][value=queue]");
  await page.check("[name=rows][value=compact]");
  await page.click("button:has-text('Show these')");
  assert.ok((await heads()).includes("Worker") && !(await heads()).includes("Queue"));
  const heights = await page.$$eval(".rows.jobs tbody tr", (rows) => rows.map((row) => Math.round(row.getBoundingClientRect().height)));
  assert.ok(heights.every((height) => height >= 28 && height <= 29), heights.join(" "));
  await page.click("summary:has-text('Columns')");
  await page.click("button:has-text('Reset')");
  assert.deepEqual(await heads(), usual);
});

flow("what matches is downloaded", { acceptDownloads: true }, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/jobs?filter=state:dead`);
  await page.click("summary:has-text('Download')");
  const coming = page.waitForEvent("download");
  await page.click("a:has-text('NDJSON')");
  const download = await coming;
  assert.equal(download.suggestedFilename(), "jobs.ndjson");
  assert.equal(await download.failure(), null);
});
