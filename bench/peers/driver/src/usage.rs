//! CPU time and memory from /proc; elsewhere than Linux these figures are absent.

use std::{env, fs};

/// Names the server's first process; without it, as for a store in process, there is no figure.
const SERVER_PID: &str = "BENCH_SERVER_PID";
/// USER_HZ, which Linux fixes at 100 for everything it shows in /proc.
const TICK_MS: f64 = 10.0;

#[derive(Clone, Copy)]
pub(crate) struct CpuTime {
    client_ms: Option<f64>,
    server_ms: Option<f64>,
}

impl CpuTime {
    pub(crate) fn now() -> Self {
        Self { client_ms: Process::read("self").map(|own| own.cpu_ms), server_ms: server_ms() }
    }

    pub(crate) fn client_ms_since(self, start: Self) -> Option<f64> {
        Some(self.client_ms? - start.client_ms?)
    }

    pub(crate) fn server_ms_since(self, start: Self) -> Option<f64> {
        Some(self.server_ms? - start.server_ms?)
    }
}

/// Makes the peak start from here, so that preloading doesn't count.
pub(crate) fn reset_peak_memory() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

pub(crate) fn peak_memory_mb() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kb: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kb / 1024.0)
}

/// The CPU time of the server's first process and its children, ended ones included.
fn server_ms() -> Option<f64> {
    let first = env::var(SERVER_PID).ok()?;
    let children: f64 = fs::read_dir("/proc")
        .ok()?
        .filter_map(|entry| Process::read(entry.ok()?.file_name().to_str()?))
        .filter(|process| process.parent == first)
        .map(|process| process.cpu_ms)
        .sum();
    Some(Process::read(&first)?.cpu_ms + children)
}

struct Process {
    parent: String,
    /// Ended children included.
    cpu_ms: f64,
}

impl Process {
    fn read(pid: &str) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name may hold spaces and parentheses: state, parent and so on start after its last.
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        // utime, stime, cutime and cstime.
        let ticks: f64 = fields.get(11..15)?.iter().filter_map(|n| n.parse::<f64>().ok()).sum();
        Some(Self { parent: fields[1].to_owned(), cpu_ms: ticks * TICK_MS })
    }
}
