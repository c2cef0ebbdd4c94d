use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// CPU time a process has used so far, user and system.
pub fn of_process(pid: i32) -> Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).with_context(|| path.clone())?;
    // The name in parentheses may hold spaces: count fields from behind it.
    let fields = stat.rsplit_once(')').context("no name in stat")?.1;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<u64>)
        .sum::<Result<u64, _>>()?;
    Ok(Duration::from_secs_f64(ticks as f64 / ticks_per_second()))
}

pub fn of_processes(pids: &[i32]) -> Result<Duration> {
    pids.iter().map(|pid| of_process(*pid)).sum()
}

pub fn of_this_process() -> Result<Duration> {
    of_process(std::process::id() as i32)
}

fn ticks_per_second() -> f64 {
    // SAFETY: sysconf reads a constant and touches no memory of ours.
    (unsafe { libc::sysconf(libc::_SC_CLK_TCK) }) as f64
}
