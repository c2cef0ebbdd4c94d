// A worker that does nothing, as fast as it can: what `windlass bench worker-protocol` measures.
//
//     windlass bench worker-protocol --slots 50 -- node workers/node/bench.mjs
import { Worker } from "./worker.mjs";

const { WINDLASS_URL: url, WINDLASS_QUEUE: queue, WINDLASS_SLOTS: slots } = process.env;
await new Worker(url, { "windlass.bench.noop": () => null }, { queue, slots: Number(slots) }).run();
