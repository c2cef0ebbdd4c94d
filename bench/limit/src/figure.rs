use std::time::Duration;

use serde_json::{Value, json};

use crate::mode::Options;

/// What a mode showed. The store's part is absent where the store runs in this process.
pub struct Figure {
    pub jobs: usize,
    pub elapsed: Duration,
    pub latencies: Vec<Duration>,
    pub client_cpu: Duration,
    pub store_cpu: Option<Duration>,
    pub log_bytes: i64,
}

impl Figure {
    pub fn per_s(&self) -> f64 {
        self.jobs as f64 / self.elapsed.as_secs_f64()
    }

    pub fn to_json(&self, mode: &str, store: &str, batch: usize, options: &Options) -> Value {
        let ms_per_1k = |cpu: Duration| round(cpu.as_secs_f64() * 1e6 / self.jobs as f64);
        json!({
            "peer": "plain-sql",
            "mode": mode,
            "store": store,
            "jobs": self.jobs,
            "batch": batch,
            "clients": options.clients,
            "per_s": self.per_s().round(),
            "p50_ms": self.percentile(0.50),
            "p99_ms": self.percentile(0.99),
            "client_cpu_ms_per_1k": ms_per_1k(self.client_cpu),
            "store_cpu_ms_per_1k": self.store_cpu.map(ms_per_1k),
            "wal_bytes_per_job": (self.log_bytes as f64 / self.jobs as f64).round(),
        })
    }

    fn percentile(&self, part: f64) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort();
        let index = ((sorted.len() - 1) as f64 * part).round() as usize;
        round(sorted[index].as_secs_f64() * 1e3)
    }
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
