// One Chromium for the tests of a file, and pages that tell of everything that goes wrong in them.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
export const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** A wait that takes longer has failed: machines that build meanwhile are slow. */
export const PATIENCE_MS = 15_000;

/** The browser's program; undefined where there is none. */
export function program() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = (process.env.PATH ?? "").split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A page that is not there is an error of the console. */
export const MISSING = /status of 404/;

let browser;

/** Starts the browser before the tests of a file and ends it behind them. */
export function withBrowser() {
  before(async () => {
    browser = await chromium.launch({ executablePath: program(), args: ARGUMENTS });
  });
  after(async () => browser?.close());
}

/**
 * A test in a context of its own, that fails too where the console has an error, the policy was broken or a script threw.
 * `options` are those of the context; `forgives` is what the console may say, where the test provokes it.
 */
export function flow(name, { forgives, ...options }, body) {
  test(name, async () => {
    const noise = [];
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    try {
      await watch(context, noise);
      await body(context);
    } finally {
      await context.close();
    }
    const unforgiven = noise.filter((line) => !forgives?.test(line));
    assert.deepEqual(unforgiven, [], "what the browser complained of");
  });
}

async function watch(context, noise) {
  context.setDefaultTimeout(PATIENCE_MS);
  context.on("page", (page) => {
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") noise.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => noise.push(`script: ${error.message}`));
    page.on("dialog", (dialog) => {
      noise.push(`dialog: ${dialog.message()}`);
      return dialog.dismiss();
    });
  });
  // Reports come to the page itself; the console has them as errors.
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
    });
  });
}

/** Marks the document of a page, so that `isMarked` tells whether it was loaded again since. */
export const mark = (page) => page.evaluate(() => void (window.isMarked = true));
export const isMarked = (page) => page.evaluate(() => window.isMarked === true);

/** Waits until something is true in the page. */
export const until = (page, what, argument) =>
  page.waitForFunction(what, argument, { timeout: PATIENCE_MS });
