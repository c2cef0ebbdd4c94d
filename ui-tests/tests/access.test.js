// Who may see and do what.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { HEIGHT, WIDTHS, violations } from "../lib/axe.js";
import { flow, withBrowser } from "../lib/browser.js";
import { all } from "../lib/pages.js";
import { fill } from "../lib/sample.js";
import { Server } from "../lib/server.js";

const PASSWORD = "a long enough password";
// It is filled while nobody is asked for a token, and served to those who sign in afterwards.
const server = new Server();
let ids;
withBrowser();
before(async () => {
  await server.start();
  ids = await fill(server);
  await server.kill();
  for (const [name, role] of [["eve", "viewer"], ["ben", "operator"]]) {
    server.command(["user", "create", name, "--role", role], `${PASSWORD}\n`);
  }
  server.open = false;
  await server.start();
});
after(() => server.stop());

async function signIn(page, user, password = PASSWORD) {
  await page.fill("#user", user);
  await page.fill("#password", password);
  await page.click(".sign-in button");
}

const REFUSED = /status of 40[13]/;
// A stream that ends is an error of the console, too.
const REFUSED_OR_AWAY = /status of 40[13]|net::ERR|htmx:|\[object Event\]/;
flow("who has not signed in is led to the form and back, and signs out again", { forgives: REFUSED }, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/jobs?filter=state:dead`);
  assert.equal(new URL(page.url()).pathname, "/sign-in");
  await signIn(page, "ben", "something else");
  assert.match(await page.innerText("[role=alert]"), /password/);
  assert.equal(await page.inputValue("#user"), "ben");
  assert.equal(await page.inputValue("#password"), "");
  await signIn(page, "nobody");
  assert.match(await page.innerText("[role=alert]"), /password/);
  await signIn(page, "ben");
  await page.waitForURL("**/jobs?filter=state:dead");
  const cookies = await context.cookies();
  const session = cookies.find((cookie) => cookie.value.startsWith("wls_"));
  assert.deepEqual([session?.httpOnly, session?.sameSite], [true, "Lax"]);
  await page.click("button:has-text('Sign out')");
  await page.waitForURL("**/sign-in");
  await page.goto(`${server.url}/jobs`);
  assert.equal(new URL(page.url()).pathname, "/sign-in");
});

flow("a viewer sees all pages, no button that acts, and is refused", { forgives: REFUSED }, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/sign-in`);
  await signIn(page, "eve");
  await page.waitForURL(`${server.url}/`);
  const paths = [...(await all(page, server)), `/jobs/${ids.dead}`, `/jobs/${ids.scheduled}`];
  for (const path of paths) {
    const answer = await page.goto(server.url + path);
    assert.ok([200, 403].includes(answer.status()), `${path}: ${answer.status()}`);
    const actions = await page.$$eval("form[method=post]", (forms) => forms.map((form) => form.getAttribute("action")));
    // What is their own they may change, and what their browser keeps.
    const own = ["theme", "/sign-out", "settings/password", "jobs/columns", "jobs/filters"];
    const others = actions.filter((action) => !own.includes(action));
    assert.deepEqual(others, [], `${path} has buttons for a viewer`);
  }
  for (const path of [`/jobs/${ids.dead}/retry`, "/queues/default/pause"]) {
    const status = await page.evaluate(async (path) => {
      const body = new URLSearchParams({ back: "/" });
      return (await fetch(path, { method: "POST", body })).status;
    }, path);
    assert.equal(status, 403, path);
  }
});

flow("no path behind the form leads to another server", {}, async (context) => {
  const page = await context.newPage();
  for (const back of ["//evil.test/", "/\\evil.test", "https://evil.test/", "javascript:alert(1)"]) {
    await page.goto(`${server.url}/sign-in?back=${encodeURIComponent(back)}`);
    await signIn(page, "ben");
    await page.waitForURL(`${server.url}/`);
  }
});

flow("the form and the bar of somebody who is signed in pass axe", { bypassCSP: true }, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/sign-in`);
  await signIn(page, "ben");
  await page.waitForURL(`${server.url}/`);
  assert.deepEqual(await violations(page), []);
  await page.setViewportSize({ width: WIDTHS[0], height: HEIGHT });
  await page.click(".more > summary");
  await page.click(".sheet button:has-text('Sign out')");
  await page.waitForURL("**/sign-in");
});

flow("a page that is open follows its session to the end", { forgives: REFUSED_OR_AWAY }, async (context) => {
  const [page, other] = [await context.newPage(), await context.newPage()];
  await page.goto(`${server.url}/sign-in?back=/queues`);
  await signIn(page, "ben");
  await page.waitForURL("**/queues");
  await other.goto(`${server.url}/jobs/${ids.dead}`);
  await other.click("button:has-text('Sign out')");
  await other.waitForURL("**/sign-in");
  await page.waitForURL("**/sign-in?back=*");
});

flow("another site's form does nothing", { forgives: REFUSED }, async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/sign-in`);
  await signIn(page, "ben");
  await page.waitForURL(`${server.url}/`);
  const evil = await context.newPage();
  await evil.route("http://evil.test/", (route) =>
    route.fulfill({
      contentType: "text/html",
      body: `<form method="post" action="${server.url}/queues/default/pause"><button>win</button></form>`,
    }));
  await evil.goto("http://evil.test/");
  const [answer] = await Promise.all([evil.waitForResponse("**/pause"), evil.click("button")]);
  assert.ok([401, 403].includes(answer.status()), `${answer.status()}`);
  await page.goto(`${server.url}/queues`);
  assert.doesNotMatch(await page.innerText("tr[id='queue-default']"), /paused/);
});
