// Every page for readers of all kinds.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { violations } from "./axe.js";
import { MISSING, flow, withBrowser } from "./browser.js";
import { every } from "./pages.js";
import { fill, fillOthersWithHarm, fillWithHarm } from "./sample.js";
import { Server } from "./server.js";

const PARTS = 2;

/** The pages of this part. */
export function testPages(part) {
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
    const paths = [...new Set([...(await every(page, server, ids)), ...more])];
    const found = [];
    for (const path of paths.filter((_, at) => at % PARTS === part)) {
      await page.goto(server.url + path);
      for (const line of await violations(page)) found.push(`${path.slice(0, 60)} ${line}`);
    }
    assert.deepEqual(found, []);
  });

  flow("axe finds nothing on the places behind More", { bypassCSP: true, viewport: { width: 390, height: 844 } }, async (context) => {
    const page = await context.newPage();
    await page.goto(`${server.url}/limits`);
    await page.click(".more > summary");
    assert.deepEqual(await violations(page), []);
  });
}
