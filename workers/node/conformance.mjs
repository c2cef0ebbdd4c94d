// The kinds that `windlass conformance` asks of a worker: copy them to a worker of your own.
//
//     windlass conformance http://127.0.0.1:7701 -- node workers/node/conformance.mjs
import { setTimeout as sleep } from "node:timers/promises";
import { Dead, Snooze, Worker } from "./worker.mjs";

let runs = 0;

const handlers = {
  "conformance.echo": (args) => args,
  "conformance.fail": ({ message, retry }) => {
    throw retry === "never" ? new Dead(message) : new Error(message);
  },
  "conformance.snooze": ({ ms }, job) => {
    if (job.attempt === 1) throw new Snooze("later", { cause: ms });
  },
  "conformance.sleep": async ({ ms }, job) => {
    for (const began = Date.now(); Date.now() < began + ms; ) {
      await job.report({ progress: { percent: Math.min(100, (100 * (Date.now() - began)) / ms) } });
      await sleep(100, null, { signal: job.told.signal });
    }
  },
  "conformance.count": () => ({ run: ++runs }),
  "conformance.step": async (args, job) => {
    const output = await job.step("once", () => ({ run: ++runs }));
    handlers["conformance.snooze"](args, job);
    return output;
  },
};
const { WINDLASS_URL: url, WINDLASS_TOKEN: token } = process.env;
await new Worker(url, handlers, { token }).run();
process.exit();
