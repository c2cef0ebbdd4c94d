// Runs the tests in tests/, or those files that are given. Where there is no browser or nothing is installed, it says so and
// leaves: who works on something else needs neither.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = fileURLToPath(new URL(".", import.meta.url));
/** The browser and the server have a core each. */
const FILES_AT_ONCE = 2;
/** Pictures of all pages, of those whose name fits, of a fresh store; those that pages are compared with, and the README's, again. */
const OPTIONS = { screenshots: { type: "string" }, only: { type: "string" }, empty: { type: "boolean" }, accept: { type: "boolean" } };

function skip(why) {
  console.error(`\nSKIPPED: the tests of the dashboard in a browser: ${why}\n`);
  process.exit(0);
}

if (Number(process.versions.node.split(".")[0]) < 20) skip(`Node ${process.versions.node} is older than 20`);
if (!existsSync(`${here}node_modules/playwright-core`)) skip("npm --prefix ui-tests ci has not been run");
const { program } = await import("./lib/browser.js");
if (!program()) skip("no chromium, chromium-browser or google-chrome on the PATH, and CHROMIUM is not set");
const { WINDLASS } = await import("./lib/server.js");
if (!existsSync(WINDLASS)) {
  console.error(`${WINDLASS} is missing: cargo build -p windlass-cli`);
  process.exit(1);
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: OPTIONS });
if (values.accept) {
  await (await import("./lib/shots.js")).accept();
  process.exit(0);
}
if (values.screenshots) {
  const { take } = await import("./lib/shots.js");
  const only = values.only && new RegExp(values.only);
  console.error(`${await take(values.screenshots, { only, empty: values.empty })} pages are in ${values.screenshots}`);
  process.exit(0);
}
const all = readdirSync(`${here}tests`).filter((name) => name.endsWith(".test.js"));
const files = positionals.length > 0 ? positionals : all.map((name) => `${here}tests/${name}`);
const { status } = spawnSync(process.execPath, ["--test", `--test-concurrency=${FILES_AT_ONCE}`, ...files], { stdio: "inherit" });
process.exit(status ?? 1);
