// The four measurements, each from an empty store.
import { setTimeout as sleep } from 'node:timers/promises'

import { batches, job } from './job.js'
import { settle } from './server.js'
import { Stopwatch } from './stopwatch.js'
import { Tally } from './tally.js'

// How long latency goes on for peers that pick up in seconds; the report says how many samples.
const LATENCY_BUDGET_MS = 45_000

export const measurements = { drain, bulk, enqueue, latency }

// Works off a backlog with one worker, until the store has every job as finished.
async function drain(peer, options) {
  for (const batch of batches(options.jobs, options.batch)) await peer.enqueueBatch(batch)
  settle(options)
  const tally = new Tally(options.jobs)
  const stopwatch = new Stopwatch()
  await peer.startWorker(tally.ran)
  await tally.waitForRuns(options.jobs)
  while ((await peer.unfinished()) > 0) await sleep(2)
  const measured = stopwatch.stop(options.jobs)
  tally.checkEachRanOnce()
  return measured
}

async function bulk(peer, options) {
  const stopwatch = new Stopwatch()
  for (const batch of batches(options.jobs, options.batch)) await peer.enqueueBatch(batch)
  const measured = stopwatch.stop(options.jobs)
  await checkStored(peer, options)
  return measured
}

async function enqueue(peer, options) {
  const latencies = []
  let next = 0
  const client = async () => {
    while (next < options.jobs) {
      const id = next++
      const began = performance.now()
      await peer.enqueue(job(id))
      latencies.push(performance.now() - began)
    }
  }
  const stopwatch = new Stopwatch()
  await Promise.all(Array.from({ length: options.clients }, client))
  const measured = stopwatch.stop(options.jobs)
  await checkStored(peer, options)
  return { ...measured, latencies }
}

// From the call that enqueues to the start of the handler, with the worker otherwise idle.
async function latency(peer, options) {
  const tally = new Tally(options.jobs)
  await peer.startWorker(tally.ran)
  await sleep(2_000)
  const latencies = []
  const stopwatch = new Stopwatch()
  const deadline = performance.now() + LATENCY_BUDGET_MS
  while (latencies.length < options.jobs && performance.now() < deadline) {
    const id = latencies.length
    const calledAt = performance.now()
    await peer.enqueue(job(id))
    await tally.waitForRuns(id + 1)
    latencies.push(tally.startedAt(id) - calledAt)
    await sleep(5 + Math.random() * 25)
  }
  return { ...stopwatch.stop(latencies.length), latencies }
}

async function checkStored(peer, options) {
  const stored = await peer.unfinished()
  if (stored !== options.jobs) throw new Error(`${options.jobs} jobs enqueued, ${stored} stored`)
}
