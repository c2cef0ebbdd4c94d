// A worker with a handler of its own.
//
//     WINDLASS_URL=http://127.0.0.1:7700 WINDLASS_TOKEN=... node hello.mjs
import { Worker } from "./worker.mjs";

const hello = async ({ name }, job) => {
  await job.report({ lines: [`hello ${name}`], progress: { percent: 50 } });
  const greeting = await job.step("greet", () => `good day, ${name}`); // done once, whatever happens behind it
  return { greeted: name, with: greeting };
};
const { WINDLASS_URL: url = "http://127.0.0.1:7700", WINDLASS_TOKEN: token } = process.env;
await new Worker(url, { hello }, { token }).run();
process.exit(); // a handler that did not end keeps nothing alive
