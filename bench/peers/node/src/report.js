import { readFileSync } from 'node:fs'

// The one JSON line of a driver; what doesn't apply to a mode is null.
export function line(peer, options, measured) {
  const { mode, config, batch, clients } = options
  const isLatency = mode === 'latency'
  // An idle worker's CPU over the gaps between samples says nothing per job.
  const per1k = (ms) => (ms === null || isLatency ? null : round((ms * 1e3) / measured.jobs))
  const sorted = measured.latencies.toSorted((a, b) => a - b)
  return JSON.stringify({
    peer: peer.name,
    version: installedVersion(peer.package),
    mode,
    store: options.store.split(':', 1)[0],
    config,
    jobs: measured.jobs,
    slots: peer.slots ?? options.slots,
    batch,
    clients,
    per_s: isLatency ? null : Math.round((measured.jobs * 1e3) / measured.elapsedMs),
    p50_ms: percentile(sorted, 0.5),
    p99_ms: percentile(sorted, 0.99),
    client_cpu_ms_per_1k: per1k(measured.clientMs),
    store_cpu_ms_per_1k: per1k(measured.serverMs),
    rss_mb: measured.rssMb === null ? null : Math.round(measured.rssMb),
  })
}

function installedVersion(name) {
  const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url)
  return JSON.parse(readFileSync(manifest, 'utf8')).version
}

function percentile(sorted, share) {
  if (sorted.length === 0) return null
  return round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)])
}

function round(value) {
  return Math.round(value * 100) / 100
}
