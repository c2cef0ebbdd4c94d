use serde_json::json;

use crate::measure::Measured;
use crate::{Mode, Options, Peer};

/// The one JSON line of a driver; what doesn't apply to a mode is null.
pub(crate) fn line<P: Peer>(options: &Options, measured: &Measured) -> String {
    let per_1k = |ms: Option<f64>| ms.map(|ms| round(ms * 1e3 / measured.jobs as f64));
    let per_s = measured.jobs as f64 / measured.elapsed.as_secs_f64();
    let is_latency = options.mode == Mode::Latency;
    json!({
        "peer": P::NAME,
        "version": locked_version(P::LOCK, P::NAME),
        "mode": options.mode.name(),
        "store": options.store.split_once(':').map_or("", |(scheme, _)| scheme),
        "config": options.config.name(),
        "jobs": measured.jobs,
        "slots": options.slots::<P>(),
        "batch": options.batch,
        "clients": options.clients,
        "per_s": (!is_latency).then(|| per_s.round()),
        "p50_ms": percentile(&measured.latencies, 0.50).map(round),
        "p99_ms": percentile(&measured.latencies, 0.99).map(round),
        // An idle worker's CPU over the gaps between samples says nothing per job.
        "client_cpu_ms_per_1k": if is_latency { None } else { per_1k(measured.client_cpu_ms) },
        "store_cpu_ms_per_1k": if is_latency { None } else { per_1k(measured.server_cpu_ms) },
        "rss_mb": measured.rss_mb.map(|mb| mb.round()),
    })
    .to_string()
}

fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let (_, entry) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    entry.split('"').next()
}

fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
