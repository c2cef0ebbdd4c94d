// How pages look, with the data of a shop: beside pictures that somebody has looked at and accepted. After a change that is meant,
// `node ui-tests/run.js --accept` takes them again; look at them before you commit them.
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { flow, withBrowser } from "../lib/browser.js";
import { difference, fonts, small } from "../lib/picture.js";
import { ACCEPTED, ACCEPTED_NAMES, FONTS, README, chosen, shoot, still } from "../lib/shots.js";
import { Server } from "../lib/server.js";

const server = new Server({ sample: true });
withBrowser();
before(() => server.start());
after(() => server.stop());

flow("pages look as they were accepted", {}, async (context) => {
  if (!process.env.WINDLASS_LOOK) {
    // Schedules of the shop run by the clock of this machine: at another time of day there may be another row.
    console.error("\nSKIPPED: how pages look beside the accepted pictures; WINDLASS_LOOK=1 compares them\n");
    return;
  }
  const [page, scratch] = [await context.newPage(), await context.newPage()];
  await still(page);
  await page.goto(`${server.url}/jobs`);
  const here = await fonts(page);
  if (here !== readFileSync(FONTS, "utf8").trim()) {
    console.error(`\nSKIPPED: how pages look, since the fonts here are others than those of the accepted pictures (${here})\n`);
    return;
  }
  const others = [];
  for (const sight of await chosen(page, server)) {
    const file = `${ACCEPTED}/${sight.name}.png`;
    const now = await small(scratch, await shoot(page, server, sight));
    const differs = existsSync(file) ? await difference(scratch, readFileSync(file), now) : "there is none";
    if (differs) others.push(`${sight.name}: ${differs}`);
  }
  assert.deepEqual(others, [], "node ui-tests/run.js --accept, where that is meant");
});

test("the README shows a picture of the overview that loads quickly", () => {
  const png = readFileSync(README);
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  assert.equal(png.toString("latin1", 1, 4), "PNG");
  assert.deepEqual([width, height], [1280, 1080]);
  assert.ok(png.length <= 150_000, `${png.length} bytes`);
  const readme = readFileSync(fileURLToPath(new URL("../../README.md", import.meta.url)), "utf8");
  assert.match(readme.slice(0, 4_000), /!\[[^\]]{20,}\]\(docs\/images\/dashboard\.png\)/, "near its top, with words for those who do not see it");
});

test("the accepted pictures are few and small", () => {
  assert.ok(existsSync(FONTS));
  for (const name of ACCEPTED_NAMES) {
    const { size } = statSync(`${ACCEPTED}/${name}.png`);
    assert.ok(size <= 60_000, `${name}: ${size} bytes`);
  }
});
