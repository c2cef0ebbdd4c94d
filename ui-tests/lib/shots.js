// Pictures of every page, with the data of a shop.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { ARGUMENTS, program } from "./browser.js";
import { firstObject, places } from "./pages.js";
import { fonts, small } from "./picture.js";
import { Server } from "./server.js";

const THEMES = ["light", "dark"];
const SIZES = [{ width: 1280, height: 900 }, { width: 390, height: 844 }];

/** Pictures that pages are compared with, and in which fonts they were taken. */
export const ACCEPTED = fileURLToPath(new URL("../accepted", import.meta.url));
export const FONTS = join(ACCEPTED, "fonts.txt");
export const README = fileURLToPath(new URL("../../docs/images/dashboard.png", import.meta.url));

const [SCREEN, PHONE] = SIZES;
/** What each of them is of. */
const CHOSEN = {
  "overview-light": ["overview-day", "light", SCREEN],
  "overview-dark-phone": ["overview-day", "dark", PHONE],
  "jobs-dark": ["jobs", "dark", SCREEN],
  "jobs-light-phone": ["jobs", "light", PHONE],
  "job-dead-light": ["job-dead", "light", SCREEN],
  "queues-light-phone": ["queues", "light", PHONE],
  "workflow-failed-dark": ["workflow-failed", "dark", SCREEN],
  "errors-light": ["errors", "light", SCREEN],
  "operations-new-light": ["operations-new", "light", SCREEN],
};
/** Their bars move with the time of day. */
const CHARTS = "figure svg:not(.icon)";
export const ACCEPTED_NAMES = Object.keys(CHOSEN);

/** Those of the accepted pictures, as they are here. */
export async function chosen(page, server) {
  const known = new Map(await others(server)).set("jobs", "/jobs").set("queues", "/queues").set("errors", "/errors");
  return Object.entries(CHOSEN).map(([name, [of, theme, size]]) => ({ name, path: known.get(of), theme, size, covered: CHARTS }));
}

/** The part of a page that is seen first; what is drawn by the clock is covered where pictures are compared. */
export async function shoot(page, server, { path, theme, size, covered }) {
  await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
  await page.setViewportSize(size);
  await page.goto(server.url + path);
  const mask = covered ? [page.locator(covered)] : [];
  return page.screenshot({ mask, maskColor: "#808080" });
}

/** A page that stands still: nothing turns, and nothing is asked for again. */
export async function still(page) {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.addInitScript(() => {
    // The page is as it was loaded.
    document.addEventListener("htmx:beforeRequest", (event) => event.preventDefault(), true);
  });
}

/** A window as high as the page, but for long lists: what stands at its lower edge is where it is then. */
async function whole(page, { width, height }) {
  const needed = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width, height: Math.min(Math.max(needed, height), 2 * height) });
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
  const first = async (filter) => (await server.get(`/v1/jobs?filter=${encodeURIComponent(filter)}&limit=1`)).items?.[0]?.id;
  const jobs = { dead: "state:dead kind:invoice.create", running: "state:running kind:catalog.import", waiting: "state:waiting", retryable: "state:retryable" };
  const found = [];
  for (const [name, filter] of Object.entries(jobs)) {
    const id = await first(filter);
    if (id) found.push([`job-${name}`, `/jobs/${id}`]);
  }
  found.push(["jobs-dead", "/jobs?filter=state:dead"], ["jobs-none", "/jobs?filter=queue:nothing"], ["missing", "/jobs/job_01KAHT5V3X5W9GNQ6D4R3ZCE7M"]);
  found.push(["overview-day", "/?since=24h"]);
  found.push(["kinds", "/kinds"], ["operations-new", "/operations/new?filter=state:dead"], ["replay", "/subscriptions/receipts/replay"]);
  const flows = (await server.get("/v1/batches?limit=10")).items ?? [];
  const order = flows.find(({ name }) => name === "order.fulfil")?.key?.replace("order-", "");
  if (order) found.push(["subject", `/subjects/order%3D${order}`]);
  const failed = flows.find(({ name }) => name === "supplier.onboard");
  if (failed) found.push(["workflow-failed", `/workflows/${failed.id}`]);
  return found;
}

/** A page over a server with the data of a shop. */
async function withPage(options, body) {
  const server = await new Server(options).start();
  const browser = await chromium.launch({ executablePath: program(), args: ARGUMENTS });
  try {
    const page = await (await browser.newContext()).newPage();
    await still(page);
    return await body(page, server);
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** Takes the accepted pictures again, and the README's. */
export function accept() {
  return withPage({ sample: true }, async (page, server) => {
    for (const file of [FONTS, README]) mkdirSync(dirname(file), { recursive: true });
    const readme = { path: "/?since=24h", theme: "light", size: { width: 1280, height: 1080 } };
    const scratch = await page.context().newPage();
    writeFileSync(README, await small(scratch, await shoot(page, server, readme), 1));
    for (const sight of await chosen(page, server)) {
      writeFileSync(join(ACCEPTED, `${sight.name}.png`), await small(scratch, await shoot(page, server, sight)));
    }
    await page.goto(`${server.url}/jobs`);
    writeFileSync(FONTS, `${await fonts(page)}\n`);
  });
}

/** Every page in both themes and at two widths, below this folder. */
export function take(folder, { only, empty } = {}) {
  mkdirSync(folder, { recursive: true });
  return withPage(empty ? {} : { sample: true }, async (page, server) => {
    const all = [...(await sights(page, server))].filter(([name]) => !only || only.test(name));
    for (const [name, path] of all) {
      for (const theme of THEMES) {
        for (const size of SIZES) {
          await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
          await page.setViewportSize(size);
          await page.goto(server.url + path);
          await whole(page, size);
          await page.screenshot({ path: join(folder, `${name.replaceAll("/", "-")}-${theme}-${size.width}.png`) });
        }
      }
    }
    return all.length;
  });
}
