// Every page for readers of all kinds. A file of its own: it takes the longest, and files run beside each other.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { violations } from "../lib/axe.js";
import { MISSING, flow, withBrowser } from "../lib/browser.js";
import { every } from "../lib/pages.js";
import { fill, fillOthersWithHarm, fillWithHarm } from "../lib/sample.js";
import { Server } from "../lib/server.js";

const server = new Server();
let ids, more;
withBrowser();
before(async () => {
  await server.start();
  ids = { ...(await fill(server)), ...(await fillWithHarm(server)) };
  more = await fillOthersWithHarm(server);
});
after(() => server.stop());

flow("axe finds nothing on any page, in both themes and at three widths", { bypassCSP: true, forgives: MISSING }, async (context) => {
  const page = await context.newPage();
  const found = [];
  for (const path of [...new Set([...(await every(page, server, ids)), ...more])]) {
    await page.goto(server.url + path);
    for (const line of await violations(page)) found.push(`${path} ${line}`);
  }
  assert.deepEqual(found, []);
});
