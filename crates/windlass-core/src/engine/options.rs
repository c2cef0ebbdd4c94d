//! What can be set of a worker, each with the default of `limits`.

use std::time::Duration;

use crate::limits;

/// Times and sizes of a worker. The defaults are made to be kept; tests scale the times.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long the worker's lease lasts without renewal.
    pub lease: Duration,
    /// How often it is renewed.
    pub heartbeat: Duration,
    /// How often due jobs are promoted and dead workers looked for; where many workers are
    /// registered, those that do not lead look less often.
    pub sweep: Duration,
    /// How often parked kinds are looked at and finished jobs pruned.
    pub tidy: Duration,
    /// How often the leader looks for alerts, where a subscription wants some.
    pub alert: Duration,
    /// How often the leader makes rows of stats, and looks how long queues are.
    pub stats: Duration,
    /// How long it keeps the rows of an hour. While this worker leads it counts for all, so give it to all workers alike.
    pub keep_stats: Duration,
    /// How long a handler that was told to end may take before it is abandoned.
    pub abandon_after: Duration,
    /// The longest wait between two looks at an empty queue.
    pub poll: Duration,
    /// Jobs claimed ahead of free slots: at most so many, and only while jobs are short. Zero
    /// claims exactly what can start.
    pub prefetch: usize,
    /// Jobs of one claim.
    pub claim_jobs: usize,
    /// Bytes of args in one claim.
    pub claim_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lease: limits::LEASE,
            heartbeat: limits::HEARTBEAT,
            sweep: limits::SWEEP,
            tidy: limits::TIDY,
            alert: limits::ALERT,
            stats: limits::STATS_EVERY,
            keep_stats: limits::KEEP_STATS,
            abandon_after: limits::ABANDON_AFTER,
            poll: limits::POLL_WAITS[limits::POLL_WAITS.len() - 1],
            prefetch: 2 * limits::CLAIM_JOBS,
            claim_jobs: limits::CLAIM_JOBS,
            claim_bytes: limits::CLAIM_BYTES,
        }
    }
}
