//! How a worker is called, for people.

use crate::id::WorkerId;

/// This machine's name, for people.
pub(super) fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "host".to_owned())
}

/// Host, process id and the end of the worker's id: readable, and different at each start.
pub(super) fn label(host: &str, worker: WorkerId) -> String {
    let id = worker.to_string();
    format!("{host}:{}:{}", std::process::id(), &id[id.len() - 4..])
}
