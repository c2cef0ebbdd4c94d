import { readFileSync, readdirSync, writeFileSync } from 'node:fs'

// USER_HZ, which Linux fixes at 100 for everything it shows in /proc.
const TICK_MS = 10

export function clientCpuMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e3
}

// The CPU time of all processes with this name, ended children included; null when there are none.
export function serverCpuMs(name) {
  let total = 0
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const stat = readStat(pid)
    // The name may hold spaces and parentheses: the fields start after its last one.
    const end = stat.lastIndexOf(')')
    if (stat.slice(stat.indexOf('(') + 1, end) !== name) continue
    const ticks = stat.slice(end + 2).split(' ').slice(11, 15).map(Number)
    total += ticks.reduce((sum, each) => sum + each, 0) * TICK_MS
  }
  return total > 0 ? total : null
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

function readStat(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return ''
  }
}
