//! Writing ends of attempts, and what becomes of those that could not be written.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::events::Event;
use super::outbox::{Parcel, outcome_of, unstorable};
use super::pulse::Call;
use super::run::Engine;
use crate::error::StoreError;
use crate::id::WorkerId;
use crate::store::{Settled, Settlement, Store, Verdict};

/// How soon a lease that somebody's transaction held is tried again.
const BUSY_AGAIN: Duration = Duration::from_millis(20);

/// Writes settlements. When the store refuses a batch for what is in it, each is written alone,
/// so that one that cannot be stored keeps no other from being settled.
pub(super) async fn write(
    store: &dyn Store,
    worker: WorkerId,
    mut settlements: Vec<Settlement>,
) -> Result<Vec<Settled>, StoreError> {
    match store.settle(worker, &settlements, None).await {
        Err(error) if !error.is_passing() => {
            tracing::warn!(%error, "a batch of settlements was refused; writing them one by one");
        }
        answered => return answered,
    }
    let mut answers = Vec::with_capacity(settlements.len());
    for settlement in &mut settlements {
        answers.push(write_alone(store, worker, settlement).await?);
    }
    Ok(answers)
}

async fn write_alone(
    store: &dyn Store,
    worker: WorkerId,
    settlement: &mut Settlement,
) -> Result<Settled, StoreError> {
    let one = std::slice::from_ref(settlement);
    let first = match store.settle(worker, one, None).await {
        Err(error) if !error.is_passing() => error,
        answered => return Ok(single(answered?)),
    };
    unstorable(&mut settlement.verdict, &first.to_string());
    Ok(single(store.settle(worker, std::slice::from_ref(settlement), None).await?))
}

fn single(answers: Vec<Settled>) -> Settled {
    answers.into_iter().next().unwrap_or(Settled::Lost)
}

impl Engine {
    pub(super) fn on_settled(
        &mut self,
        parcels: Vec<Parcel>,
        result: Result<Vec<Settled>, StoreError>,
    ) {
        self.settling = false;
        self.settling_leases.clear();
        let answers = match result {
            Ok(answers) => answers,
            Err(error) => {
                self.settle_after = self.pulse.failed(Call::Settle, &error);
                return self.outbox.put_back(parcels);
            }
        };
        self.note_success(Call::Settle);
        let mut busy = Vec::new();
        for (parcel, answer) in parcels.into_iter().zip(answers) {
            match answer {
                Settled::Busy => busy.push(parcel),
                Settled::Done | Settled::Already => self.on_written(&parcel),
                Settled::Lost => self.on_refused(&parcel),
            }
        }
        if !busy.is_empty() {
            self.settle_after = Instant::now() + BUSY_AGAIN;
            self.outbox.put_back(busy);
        }
    }

    fn on_written(&mut self, parcel: &Parcel) {
        self.outbox.done(parcel);
        self.stats.settled.fetch_add(1, Ordering::Relaxed);
        let verdict = &parcel.settlement.verdict;
        if matches!(verdict, Verdict::Complete { .. } | Verdict::Confirm { .. }) {
            self.stats.completed.fetch_add(1, Ordering::Relaxed);
        }
        self.tell(|| {
            let (outcome, error) = outcome_of(verdict);
            Event::Settled {
                job: parcel.settlement.job.id,
                kind: parcel.settlement.job.kind.clone(),
                outcome,
                ran: parcel.settlement.ran.unwrap_or_default(),
                error: error.map(str::to_owned),
            }
        });
    }

    fn on_refused(&mut self, parcel: &Parcel) {
        self.outbox.done(parcel);
        self.stats.refused.fetch_add(1, Ordering::Relaxed);
        let job = parcel.settlement.job.id;
        tracing::warn!(%job, kind = parcel.settlement.job.kind, "the end of an attempt was refused: its lease is lost");
        self.tell(|| Event::Refused { job });
        self.beat_now();
    }
}
