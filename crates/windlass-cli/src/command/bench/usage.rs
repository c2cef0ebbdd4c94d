//! What a measurement used: processor time here and in the database's processes, log, memory.

use std::fs;
use std::sync::Arc;
use windlass::store::Store;

/// Readings at one moment; what cannot be told is absent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Usage {
    pub(crate) client_cpu_ms: Option<f64>,
    pub(crate) store_cpu_ms: Option<f64>,
    pub(crate) log_bytes: Option<u64>,
    pub(crate) rss_mb: Option<f64>,
}

impl Usage {
    /// Of this process and of these, which it started.
    pub(crate) async fn now(store: &Arc<dyn Store>, children: &[u32]) -> anyhow::Result<Self> {
        let facts = store.facts().await?;
        let is_postgres = facts.server.starts_with("PostgreSQL");
        Ok(Self {
            client_cpu_ms: sum(children, cpu_ms),
            store_cpu_ms: is_postgres.then(postgres_cpu_ms).flatten(),
            log_bytes: facts.log_bytes,
            rss_mb: sum(children, rss_mb),
        })
    }

    /// What was used since an earlier reading; memory is the highest so far.
    pub(crate) fn since(&self, before: &Self) -> Self {
        let difference = |now: Option<f64>, before: Option<f64>| Some(now? - before?);
        Self {
            client_cpu_ms: difference(self.client_cpu_ms, before.client_cpu_ms),
            store_cpu_ms: difference(self.store_cpu_ms, before.store_cpu_ms),
            log_bytes: self
                .log_bytes
                .zip(before.log_bytes)
                .map(|(now, then)| now.saturating_sub(then)),
            rss_mb: self.rss_mb,
        }
    }
}

/// A reading of this process and of its children, added up.
fn sum(children: &[u32], read: fn(&str) -> Option<f64>) -> Option<f64> {
    children.iter().try_fold(read("self")?, |sum, pid| Some(sum + read(&pid.to_string())?))
}

/// User and system time of a process and of its children that ended, in milliseconds: a server's
/// sessions end before anybody reads theirs.
fn cpu_ms(process: &str) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The command's name may contain anything, so fields are counted from its closing bracket.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields
        .get(11..15)?
        .iter()
        .map(|field| field.parse::<f64>())
        .sum::<Result<f64, _>>()
        .ok()?;
    // SAFETY: asks the C library for a constant of the system.
    let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
    Some(ticks * 1e3 / per_second)
}

/// The time of every PostgreSQL process of this machine; nothing where the server is elsewhere.
fn postgres_cpu_ms() -> Option<f64> {
    let mut total = None;
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().filter(|name| name.bytes().all(|b| b.is_ascii_digit()))
        else {
            continue;
        };
        let is_postgres = fs::read_to_string(format!("/proc/{pid}/comm"))
            .is_ok_and(|comm| comm.trim_end() == "postgres");
        if is_postgres {
            total = Some(total.unwrap_or(0.0) + cpu_ms(pid).unwrap_or(0.0));
        }
    }
    total
}

/// The most memory a process has had resident, in MB.
fn rss_mb(process: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}
