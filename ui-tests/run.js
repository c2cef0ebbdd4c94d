// Runs the tests in tests/, or those files that are given. Where there is no browser or nothing is installed, it says so and
// leaves: who works on something else needs neither.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
/** The browser and the server have a core each. */
const FILES_AT_ONCE = 2;

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

const given = process.argv.slice(2);
const all = readdirSync(`${here}tests`).filter((name) => name.endsWith(".test.js"));
const files = given.length > 0 ? given : all.map((name) => `${here}tests/${name}`);
const { status } = spawnSync(process.execPath, ["--test", `--test-concurrency=${FILES_AT_ONCE}`, ...files], { stdio: "inherit" });
process.exit(status ?? 1);
