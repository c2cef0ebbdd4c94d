//! CPU time and memory from /proc; elsewhere than Linux these figures are absent.

use std::fs;

/// USER_HZ, which Linux fixes at 100 for everything it shows in /proc.
const TICK_MS: f64 = 10.0;

#[derive(Clone, Copy)]
pub(crate) struct CpuTime {
    client_ms: Option<f64>,
    server_ms: Option<f64>,
}

impl CpuTime {
    pub(crate) fn now(server: Option<&str>) -> Self {
        Self { client_ms: stat_ms("self", |_| true), server_ms: server.and_then(server_ms) }
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

/// The CPU time of all processes with this name, ended children included.
fn server_ms(name: &str) -> Option<f64> {
    let total: f64 = fs::read_dir("/proc")
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|pid| pid.bytes().all(|byte| byte.is_ascii_digit()))
        .filter_map(|pid| stat_ms(&pid, |comm| comm == name))
        .sum();
    // No such process here means a server on another machine, not a server without work.
    (total > 0.0).then_some(total)
}

fn stat_ms(pid: &str, wanted: impl Fn(&str) -> bool) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold spaces and parentheses: the fields start after its last one.
    let (head, fields) = stat.rsplit_once(") ")?;
    if !wanted(head.split_once('(')?.1) {
        return None;
    }
    // utime, stime, cutime, cstime: fields 14 to 17 of the line.
    let ticks: f64 = fields.split(' ').skip(11).take(4).filter_map(|n| n.parse::<f64>().ok()).sum();
    Some(ticks * TICK_MS)
}
