import { clientCpuMs, peakMemoryMb, resetPeakMemory, serverCpuMs } from './usage.js'

export class Stopwatch {
  constructor() {
    resetPeakMemory()
    this.serverCpuMs = serverCpuMs()
    this.clientCpuMs = clientCpuMs()
    this.began = performance.now()
  }

  stop(jobs) {
    const elapsedMs = performance.now() - this.began
    const clientMs = clientCpuMs() - this.clientCpuMs
    const serverMs = this.serverCpuMs === null ? null : serverCpuMs() - this.serverCpuMs
    return { jobs, elapsedMs, clientMs, serverMs, rssMb: peakMemoryMb(), latencies: [] }
  }
}
