//! Operations over many jobs.

pub mod begin;
pub mod control;
pub mod round;
pub mod undo;

use std::time::Duration;

use windlass_core::id::{JobId, OperationId};
use windlass_core::limits::OPERATION_JOBS;
use windlass_core::operation::{
    Action, Control, Controlled, NewOperation, OperationRecord, OperationState, Round, Which,
};

use crate::draft::{Draft, jobs};
use crate::fixture::StoreFixture;
use crate::verdicts::die;

/// To do this to all jobs that match.
pub(crate) fn operation(action: Action, filter: &str) -> NewOperation {
    NewOperation::new(action, filter.parse().expect("a test's filter is one"))
}

fn cancelling() -> Action {
    Action::Cancel { reason: "wrong import".to_owned() }
}

fn moving(queue: &str) -> Action {
    Action::Move { queue: queue.to_owned() }
}

async fn begin(fixture: &StoreFixture, new: &NewOperation) -> OperationId {
    let begun = fixture.store().start_operation(new, fixture.now()).await;
    begun.expect("it reaches the store").id
}

/// One round of at most so many jobs.
async fn round(fixture: &StoreFixture, most: usize) -> Round {
    let round = fixture.store().operation_round(Which::Next, most, fixture.now()).await;
    round.expect("a round reaches the store")
}

async fn read(fixture: &StoreFixture, id: OperationId) -> OperationRecord {
    fixture.store().operation(id).await.expect("read").expect("it is there")
}

/// Rounds until nothing is left to do for this one.
async fn finish(fixture: &StoreFixture, id: OperationId) -> OperationRecord {
    loop {
        let round = fixture.store().operation_round(Which::Of(id), OPERATION_JOBS, fixture.now());
        let Some(next) = round.await.expect("a round reaches the store").next else { break };
        fixture.advance(next);
    }
    read(fixture, id).await
}

async fn run(fixture: &StoreFixture, new: &NewOperation) -> OperationRecord {
    let id = begin(fixture, new).await;
    let over = finish(fixture, id).await;
    assert_eq!(over.state, OperationState::Done);
    over
}

async fn control(fixture: &StoreFixture, id: OperationId, control: Control) -> Controlled {
    let controlled = fixture.store().control_operation(id, control, fixture.now()).await;
    controlled.expect("it reaches the store")
}

async fn undo(fixture: &StoreFixture, id: OperationId) -> OperationRecord {
    let asked = control(fixture, id, Control::Undo).await;
    assert!(matches!(asked, Controlled::Done(_)), "{asked:?}");
    let over = finish(fixture, id).await;
    assert_eq!(over.state, OperationState::Undone);
    over
}

/// So many dead jobs.
async fn dead(fixture: &StoreFixture, number: usize) -> Vec<JobId> {
    dead_of(fixture, jobs(number)).await
}

/// These, dead.
async fn dead_of(fixture: &StoreFixture, drafts: impl IntoIterator<Item = Draft>) -> Vec<JobId> {
    let ids = fixture.enqueue(drafts).await;
    kill(fixture, ids.len()).await;
    ids
}

/// Has the next jobs die.
async fn kill(fixture: &StoreFixture, number: usize) {
    let worker = fixture.worker().await;
    let mut left = number;
    while left > 0 {
        let batch = worker.claim(left.min(500)).await;
        assert!(!batch.jobs.is_empty(), "{left} jobs cannot be claimed");
        worker.settle_all(&batch, &die()).await;
        left -= batch.jobs.len();
    }
    worker.leave().await;
    // What ends in the same moment as an operation begins is one of its jobs.
    fixture.advance(Duration::from_millis(1));
}

/// All that is known of jobs.
async fn records(fixture: &StoreFixture, ids: &[JobId]) -> Vec<String> {
    let mut records = Vec::new();
    for id in ids {
        records.push(format!("{:?}", fixture.job(*id).await));
    }
    records
}
