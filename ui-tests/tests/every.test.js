// What holds on every page: on all screens, whatever strangers have written.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { HEIGHT, WIDTHS } from "../lib/axe.js";
import { MISSING, flow, withBrowser } from "../lib/browser.js";
import { every, overflow } from "../lib/pages.js";
import { fill, fillOthersWithHarm, fillWithHarm } from "../lib/sample.js";
import { Server } from "../lib/server.js";

const server = new Server();
let ids, harm, more;
withBrowser();
before(async () => {
  await server.start();
  ids = await fill(server);
  harm = await fillWithHarm(server);
  more = await fillOthersWithHarm(server);
});
after(() => server.stop());

flow("no page is wider than its window", { forgives: MISSING }, async (context) => {
  const page = await context.newPage();
  const wide = [];
  for (const path of [...(await every(page, server, { ...ids, ...harm })), ...more]) {
    await page.goto(server.url + path);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: HEIGHT });
      const pixels = await overflow(page);
      if (pixels > 0) wide.push(`${path} at ${width}: ${pixels} px`);
    }
  }
  assert.deepEqual(wide, []);
});

flow("what strangers write is shown and does nothing", {}, async (context) => {
  const page = await context.newPage();
  const script = "<script>window.isHacked = true</script>";
  const asked = [`error:"${script}"`, script].map((text) => `/jobs?filter=${encodeURIComponent(text)}`);
  // What the page before has done comes by a cookie, which another page of the host may have set.
  await context.addCookies([{ name: "windlass-told", value: encodeURIComponent(script), url: server.url }]);
  const shown = ["/", "/queues", "/jobs", "/jobs?filter=queue:harm", ...asked, `/sign-in?back=${encodeURIComponent(script)}`];
  shown.push(...Object.values(harm).map((id) => `/jobs/${id}`));
  shown.push(...more);
  for (const path of shown) {
    await page.goto(server.url + path);
    const found = await page.evaluate(() => ({
      isHacked: window.isHacked === true,
      made: document.querySelectorAll("main script, main img, main [onerror]").length,
      ends: document.body.lastElementChild?.tagName,
    }));
    assert.deepEqual(found, { isHacked: false, made: 0, ends: "MAIN" }, path);
    const outside = await page.evaluate(() => {
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const found = [];
      for (let node = texts.nextNode(); node; node = texts.nextNode()) {
        if (/[\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff]/.test(node.data)) {
          found.push(node.parentElement.outerHTML.slice(0, 200));
        }
      }
      return found;
    });
    assert.deepEqual(outside, [], `${path} has marks that nobody sees`);
  }
  await page.goto(`${server.url}/jobs/${harm.completed}`);
  const text = await page.innerText("main");
  assert.match(text, /left\\u202eright\\u2066isolate\\u200bzero/, "an escape that means the same");
  assert.match(text, /<script>window\.isHacked = true; alert\(1\)<\/script>/);
});
