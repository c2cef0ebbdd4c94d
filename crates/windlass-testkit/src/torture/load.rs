//! The load: a caller that enqueues small batches of jobs of every kind, without pause.

use std::sync::Arc;
use std::time::Duration;
use windlass_core::condition::{Ends, Signal, Waits};
use windlass_core::job::{Fair, Lane, Limited, NewJob, Unique};
use windlass_core::store::Now;

use fastrand::Rng;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use windlass_core::store::Store;

use super::QUEUES;
use crate::draft::{Draft, job};
use crate::fault::process_fixture::ProcessFixture;

/// A pause between two calls, in milliseconds.
const PAUSE: std::ops::Range<u64> = 1..60;

/// The caller.
pub(super) struct Load {
    stop: CancellationToken,
    callers: JoinSet<Vec<String>>,
}

impl Load {
    pub(super) fn start(fixture: &ProcessFixture, random: Rng) -> Self {
        let (stop, mut callers) = (CancellationToken::new(), JoinSet::new());
        callers.spawn(call(Arc::clone(&fixture.store), random, stop.clone()));
        Self { stop, callers }
    }

    /// Ends the load once its last call was answered; the signals that are left to send.
    pub(super) async fn stop(self) -> Vec<String> {
        self.stop.cancel();
        self.callers.join_all().await.concat()
    }
}

/// Calls until it is stopped; the signals that are left to send.
async fn call(store: Arc<dyn Store>, mut random: Rng, stop: CancellationToken) -> Vec<String> {
    let mut signals = Vec::new();
    while !stop.is_cancelled() {
        let mut jobs: Vec<_> =
            (0..random.usize(1..=20)).map(|_| some_job(&mut random).done()).collect();
        wait(&mut jobs, &mut signals, &mut random);
        // The recorded store writes down what was acknowledged, refused, and neither.
        let _ = store.enqueue(&jobs, Now::Database).await;
        for _ in 0..random.usize(..4).min(signals.len()) {
            let nth = random.usize(..signals.len());
            let signal = Signal::new(signals[nth].clone());
            // One in ten is sent again.
            if store.signal(&signal, Now::Database).await.is_ok() && random.u8(..10) > 0 {
                signals.swap_remove(nth);
            }
        }
        tokio::time::sleep(Duration::from_millis(random.u64(PAUSE))).await;
    }
    signals
}

/// Has some jobs wait: for others of the call, and for two signals that are sent later, or just before.
fn wait(jobs: &mut [NewJob], signals: &mut Vec<String>, random: &mut Rng) {
    for nth in 1..jobs.len() {
        let others = &jobs[..nth];
        let is_written = |job: &&NewJob| job.meta.unique.is_none();
        let waits = match random.u8(..20) {
            0 | 1 => others
                .iter()
                .rev()
                .find(is_written)
                .map(|other| Waits::all().job_ended("other", other.id, Ends::ANY)),
            2 => {
                let keys = ["a", "b"].map(|word| format!("{word}:{}", jobs[nth].id));
                signals.extend(keys.clone());
                Some(keys.iter().fold(Waits::all(), |waits, key| waits.signal(key, key)))
            }
            _ => None,
        };
        if waits.is_some() {
            jobs[nth].meta.waits = waits;
        }
    }
}

fn some_job(random: &mut Rng) -> Draft {
    let draft = match random.u8(..20) {
        0 => job().kind("fail").args("1"),
        1 => job().kind("failalways").max_attempts(2),
        2 => job().kind("panic").max_attempts(2),
        3..6 => job().kind("sleep").args(&random.u32(5..900).to_string()),
        6 => job().kind("hang").timeout(Duration::from_millis(300)).max_attempts(1),
        7 => job().kind("ok").due_in(Duration::from_millis(random.u64(10..3_000))),
        8 => {
            let key = random.u8(..4).to_string();
            job().kind("sleep").args(&random.u32(5..200).to_string()).unique(Unique::by(key))
        }
        9 => job().kind("ok").expires_in(Duration::from_millis(random.u64(1..2_000))),
        10 => job().kind("failalways").expires_in(Duration::from_millis(random.u64(1..2_000))),
        11 | 12 => {
            let (lane, runs) = (random.u8(..40).to_string(), random.u32(5..50).to_string());
            job().kind("sleep").args(&runs).lane(Lane::by(lane))
        }
        13 => {
            let (key, runs) = (random.u8(..12).to_string(), random.u32(5..50).to_string());
            job().kind("sleep").args(&runs).limited(Limited::by(key).running(2))
        }
        // What fails holds its lane for as long as it waits.
        14 => job().kind("fail").args("1").lane(Lane::by(format!("fails {}", random.u16(..400)))),
        15 => job().kind("ledger").fair(Fair::by(random.u8(..5).to_string())),
        _ => job().kind("ledger"),
    };
    draft.queue(QUEUES[random.usize(..QUEUES.len())]).priority(random.i16(-2..=2))
}
