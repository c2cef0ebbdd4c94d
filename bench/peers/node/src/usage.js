import { readFileSync, readdirSync, writeFileSync } from 'node:fs'

// USER_HZ, which Linux fixes at 100 for everything it shows in /proc.
const TICK_MS = 10

export function clientCpuMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e3
}

// The CPU time of the server's first process and its children, ended ones included; null when the
// process isn't named, as for a store on another machine.
export function serverCpuMs() {
  const first = process.env.BENCH_SERVER_PID
  if (!first) return null
  const children = readdirSync('/proc')
    .map(readProcess)
    .filter((each) => each?.parent === first)
  return [readProcess(first), ...children].reduce((sum, each) => sum + each.cpuMs, 0)
}

// Makes the peak start from here, so that preloading doesn't count.
export function resetPeakMemory() {
  try {
    writeFileSync('/proc/self/clear_refs', '5')
  } catch {
    // Not on Linux, where peakMemoryMb is null as well.
  }
}

export function peakMemoryMb() {
  try {
    const kb = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]
    return Number(kb) / 1024
  } catch {
    return null
  }
}

function readProcess(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name may hold spaces and parentheses: state, parent and so on start after its last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // utime, stime, cutime and cstime.
    const ticks = fields.slice(11, 15).map(Number)
    return { parent: fields[1], cpuMs: ticks.reduce((sum, each) => sum + each, 0) * TICK_MS }
  } catch {
    return null
  }
}
