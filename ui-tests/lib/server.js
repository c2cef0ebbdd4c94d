// A server of the tests' own over a SQLite file in a temporary folder.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The binary that is tested. */
export const WINDLASS =
  process.env.WINDLASS ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug", "windlass");
const STOP_MS = 10_000;

export class Server {
  #child;

  /** `open`: nobody is asked who they are. `dev`: it has a worker that leads. `sample`: it has the data of a shop, too. */
  constructor({ open = true, dev = false, sample = false } = {}) {
    this.open = open;
    this.words = sample ? ["dev", "--sample"] : dev ? ["dev"] : undefined;
    this.folder = mkdtempSync(join(tmpdir(), "windlass-ui-"));
    this.store = `sqlite:${join(this.folder, "app.db")}`;
    this.port = 0;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts it, on the same port as before where it has had one. */
  async start() {
    const listen = `127.0.0.1:${this.port}`;
    const serve = this.words ?? ["serve", ...(this.open ? ["--open"] : [])];
    const words = ["--store", this.store, ...serve, "--listen", listen];
    const child = spawn(WINDLASS, words, { cwd: this.folder, env: this.#env(), stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    const lines = [];
    for await (const line of createInterface({ input: child.stderr })) {
      lines.push(line);
      const port = /serving http:\/\/127\.0\.0\.1:(\d+)/.exec(line);
      if (port) {
        this.port = Number(port[1]);
        child.stderr.resume();
        return this;
      }
    }
    throw new Error(`the server has not started: ${lines.join("\n")}`);
  }

  /** Ends it as a crash does. */
  async kill() {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  /** Ends it in order, or otherwise if that takes too long, and removes its folder. */
  async stop() {
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      child.kill("SIGTERM");
      await gone;
      clearTimeout(late);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Runs a command on the store, whether it is served or not. */
  command(words, input = "") {
    const options = { cwd: this.folder, env: this.#env(), input, encoding: "utf8" };
    const ran = spawnSync(WINDLASS, ["--store", this.store, ...words], options);
    if (ran.status !== 0) throw new Error(`windlass ${words.join(" ")}: ${ran.stderr}`);
    return ran.stdout;
  }

  /** A request of the API; the answer's document. */
  async call(method, path, body) {
    const answer = await fetch(this.url + path, {
      method,
      headers: { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const said = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${said.detail}`);
    return said;
  }

  get = (path) => this.call("GET", path);
  post = (path, body) => this.call("POST", path, body);
  put = (path, body) => this.call("PUT", path, body);

  /** Enqueues a job; its id. */
  enqueue = async (kind, more = {}) => (await this.post("/v1/jobs", { kind, ...more })).id;

  #env() {
    const { PATH, HOME, TMPDIR } = process.env;
    return { PATH, HOME, ...(TMPDIR && { TMPDIR }) };
  }
}
