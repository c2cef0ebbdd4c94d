// Pictures of every page, with the data of a shop.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { ARGUMENTS, program } from "./browser.js";
import { firstObject, places } from "./pages.js";
import { Server } from "./server.js";

const THEMES = ["light", "dark"];
const SIZES = [{ width: 1280, height: 900 }, { width: 390, height: 844 }];

/** A page that stands still: nothing turns, and nothing is asked for again. */
export async function still(page) {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.addInitScript(() => {
    // The page is as it was loaded.
    document.addEventListener("htmx:beforeRequest", (event) => event.preventDefault(), true);
  });
}

/** What there is to see, by name. */
export async function sights(page, server) {
  const found = new Map();
  for (const path of await places(page, server)) {
    found.set(path === "/" ? "overview" : path.slice(1), path);
    const object = path === "/" ? undefined : await firstObject(page, server, path);
    if (object) found.set(`${path.slice(1)}-one`, object);
  }
  for (const [name, path] of await others(server)) found.set(name, path);
  return found;
}

async function others(server) {
  const first = async (filter) => (await server.get(`/v1/jobs?filter=${encodeURIComponent(filter)}&limit=1`)).jobs?.[0]?.id;
  const jobs = { dead: "state:dead kind:invoice.create", running: "state:running kind:catalog.import", waiting: "state:waiting", retryable: "state:retryable" };
  const found = [];
  for (const [name, filter] of Object.entries(jobs)) {
    const id = await first(filter);
    if (id) found.push([`job-${name}`, `/jobs/${id}`]);
  }
  found.push(["jobs-dead", "/jobs?filter=state:dead"], ["jobs-none", "/jobs?filter=queue:nothing"], ["missing", "/jobs/job_01KAHT5V3X5W9GNQ6D4R3ZCE7M"]);
  found.push(["subject", "/subjects/order/11168"], ["overview-day", "/?since=24h"]);
  return found;
}

/** Every page in both themes and at two widths, below this folder. */
export async function take(folder, { only, empty } = {}) {
  mkdirSync(folder, { recursive: true });
  const server = await new Server(empty ? {} : { sample: true }).start();
  const browser = await chromium.launch({ executablePath: program(), args: ARGUMENTS });
  try {
    const page = await (await browser.newContext()).newPage();
    await still(page);
    if (process.env.STYLE) await page.route(/style[^/]*\.css/, (route) => route.fulfill({ path: process.env.STYLE, contentType: "text/css" }));
    const all = [...(await sights(page, server))].filter(([name]) => !only || only.test(name));
    for (const [name, path] of all) {
      for (const colorScheme of THEMES) {
        for (const size of SIZES) {
          await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
          await page.setViewportSize(size);
          await page.goto(server.url + path);
          const file = `${name.replaceAll("/", "-")}-${colorScheme}-${size.width}.png`;
          await page.screenshot({ path: join(folder, file), fullPage: true });
        }
      }
    }
    return all.length;
  } finally {
    await browser.close();
    await server.stop();
  }
}
