//! Counts the handler's runs by job, so that a job that ran twice or never fails the measurement.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::Result;

static TALLY: OnceLock<Tally> = OnceLock::new();

pub(crate) struct Tally {
    epoch: Instant,
    /// Nanoseconds from the epoch to the handler's start, 0 while the job hasn't run.
    started: Vec<AtomicU64>,
    runs: AtomicUsize,
    changed: Notify,
}

/// What every peer's handler calls first, and does nothing after.
pub fn ran(id: u64) {
    let tally = tally();
    tally.started[id as usize].store(tally.now(), Ordering::Relaxed);
    let runs = tally.runs.fetch_add(1, Ordering::AcqRel) + 1;
    // Waking the waiter on each of 100,000 runs would be measured too; latency samples are few.
    if runs >= tally.started.len() || tally.started.len() <= 1_000 {
        tally.changed.notify_one();
    }
}

pub(crate) fn prepare(jobs: usize) {
    TALLY.get_or_init(|| Tally {
        epoch: Instant::now(),
        started: (0..jobs).map(|_| AtomicU64::new(0)).collect(),
        runs: AtomicUsize::new(0),
        changed: Notify::new(),
    });
}

pub(crate) fn tally() -> &'static Tally {
    TALLY.get().expect("drive() prepares the tally before any worker starts")
}

impl Tally {
    pub(crate) fn now(&self) -> u64 {
        self.epoch.elapsed().as_nanos() as u64
    }

    pub(crate) fn started_at(&self, id: usize) -> u64 {
        self.started[id].load(Ordering::Relaxed)
    }

    pub(crate) async fn wait_for_runs(&self, runs: usize) {
        while self.runs.load(Ordering::Acquire) < runs {
            // The timeout covers a notification that an earlier wait has consumed.
            let _ = tokio::time::timeout(Duration::from_millis(50), self.changed.notified()).await;
        }
    }

    pub(crate) fn check_each_ran_once(&self) -> Result<()> {
        let runs = self.runs.load(Ordering::Acquire);
        let never = self.started.iter().filter(|at| at.load(Ordering::Relaxed) == 0).count();
        match (runs, never) {
            (runs, 0) if runs == self.started.len() => Ok(()),
            _ => {
                Err(format!("{runs} runs of {} jobs, {never} never ran", self.started.len()).into())
            }
        }
    }
}
