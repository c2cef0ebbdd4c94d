//! The load: a caller that enqueues some jobs of every kind at a time, without pause, and those who publish.

use std::sync::Arc;
use std::time::Duration;
use windlass_core::condition::{Ends, Signal, Waits};
use windlass_core::id::{BatchId, EventId};
use windlass_core::job::{Fair, Lane, Limited, NewJob, Unique};
use windlass_core::store::Now;

use fastrand::Rng;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use windlass_core::store::Store;

use super::{QUEUES, together, writers};
use crate::draft::{Draft, job};
use crate::fault::process_fixture::ProcessFixture;

/// A pause between two calls, in milliseconds.
const PAUSE: std::ops::Range<u64> = 1..100;

/// The callers.
pub(super) struct Load {
    stop: CancellationToken,
    callers: JoinSet<Left>,
    writers: JoinSet<Option<EventId>>,
}

/// What the load has left to say.
#[derive(Default)]
pub(super) struct Left {
    /// Signals that jobs wait for.
    pub(super) signals: Vec<String>,
    /// Batches that are open.
    pub(super) batches: Vec<BatchId>,
    /// The last event that each writer has committed.
    pub(super) committed: Vec<EventId>,
}

impl Load {
    pub(super) fn start(fixture: &ProcessFixture, random: &mut Rng) -> Self {
        let (stop, mut callers) = (CancellationToken::new(), JoinSet::new());
        callers.spawn(call(Arc::clone(&fixture.store), random.fork(), stop.clone()));
        let writers = writers::start(fixture, random, &stop);
        Self { stop, callers, writers }
    }

    /// Ends the load once its last call was answered.
    pub(super) async fn stop(self) -> Left {
        self.stop.cancel();
        let mut all = Left::default();
        for left in self.callers.join_all().await {
            all.signals.extend(left.signals);
            all.batches.extend(left.batches);
        }
        all.committed.extend(self.writers.join_all().await.into_iter().flatten());
        all
    }
}

/// Calls until it is stopped.
async fn call(store: Arc<dyn Store>, mut random: Rng, stop: CancellationToken) -> Left {
    let mut left = Left::default();
    while !stop.is_cancelled() {
        // The recorded store writes down what was acknowledged, refused, and neither.
        match random.u8(..10) {
            0 => left.batches.extend(together::in_parts(&*store, &mut random).await),
            1..4 => {
                let _ = store.enqueue(&together::some(&mut random), Now::Database).await;
            }
            _ => {
                let mut jobs: Vec<_> =
                    (0..random.usize(1..=20)).map(|_| some_job(&mut random).done()).collect();
                wait(&mut jobs, &mut left.signals, &mut random);
                let _ = store.enqueue(&jobs, Now::Database).await;
            }
        }
        left.say_some(&*store, &mut random).await;
        tokio::time::sleep(Duration::from_millis(random.u64(PAUSE))).await;
    }
    left
}

impl Left {
    async fn say_some(&mut self, store: &dyn Store, random: &mut Rng) {
        for _ in 0..random.usize(..4).min(self.signals.len()) {
            let nth = random.usize(..self.signals.len());
            let signal = Signal::new(self.signals[nth].clone());
            // One in ten is sent again.
            if store.signal(&signal, Now::Database).await.is_ok() && random.u8(..10) > 0 {
                self.signals.swap_remove(nth);
            }
        }
        if !self.batches.is_empty() && random.u8(..4) == 0 {
            let nth = random.usize(..self.batches.len());
            if store.seal_batch(self.batches[nth], Now::Database).await.is_ok() {
                self.batches.swap_remove(nth);
            }
        }
    }
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
        15 => job().kind("halting").args(&random.u32(3..7).to_string()),
        16 => job().kind("steps").args(&random.u32(3..40).to_string()),
        17 => job().kind("ledger").fair(Fair::by(random.u8(..5).to_string())),
        _ => job().kind("ledger"),
    };
    placed(draft, random)
}

/// Somewhere.
pub(super) fn placed(draft: Draft, random: &mut Rng) -> Draft {
    draft.queue(QUEUES[random.usize(..QUEUES.len())]).priority(random.i16(-2..=2))
}
