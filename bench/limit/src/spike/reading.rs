use std::fmt;

use super::shift::Tally;
use crate::postgres::meter::Cost;

/// What one trial showed; everything but the rescue is per job.
#[derive(Clone, Copy)]
pub struct Reading {
    pub per_s: f64,
    pub server_us: f64,
    pub client_us: f64,
    pub log_bytes: f64,
    pub page_image_bytes: f64,
    pub leases_per_settle: f64,
    pub rescue_ms: f64,
}

impl Reading {
    pub fn new(jobs: usize, cost: &Cost, tally: &Tally) -> Self {
        let jobs = jobs as f64;
        Reading {
            per_s: jobs / cost.elapsed.as_secs_f64(),
            server_us: cost.server.as_secs_f64() * 1e6 / jobs,
            client_us: cost.client.as_secs_f64() * 1e6 / jobs,
            log_bytes: cost.log.total as f64 / jobs,
            page_image_bytes: cost.log.page_images as f64 / jobs,
            leases_per_settle: tally.leases as f64 / tally.settles as f64,
            rescue_ms: tally.rescue.as_secs_f64() * 1e3,
        }
    }

    /// The median of each figure on its own. The log is the whole server's: what others
    /// wrote meanwhile is in it, so the least is nearest to the truth.
    pub fn summary(readings: &[Reading]) -> Self {
        let sorted = |figure: fn(&Reading) -> f64| {
            let mut figures: Vec<_> = readings.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures
        };
        let of = |figure| sorted(figure)[readings.len() / 2];
        Reading {
            per_s: of(|r| r.per_s),
            server_us: of(|r| r.server_us),
            client_us: of(|r| r.client_us),
            log_bytes: sorted(|r| r.log_bytes)[0],
            page_image_bytes: sorted(|r| r.page_image_bytes)[0],
            leases_per_settle: of(|r| r.leases_per_settle),
            rescue_ms: of(|r| r.rescue_ms),
        }
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "| {:>7.0} | {:>5.1} | {:>5.1} | {:>5.0} | {:>5.0} | {:>4.1} | {:>5.0} |",
            self.per_s,
            self.server_us,
            self.client_us,
            self.log_bytes,
            self.page_image_bytes,
            self.leases_per_settle,
            self.rescue_ms
        )
    }
}
