//! Waits: a handler that has begun has its job wait for a signal.

use std::panic::Location;

use windlass_core::condition::{ConditionState, Overdue, Signal, SignalAnswer, Waits, Waived};
use windlass_core::id::JobId;
use windlass_core::job::{Settled, State, Verdict};
use windlass_core::json::Json;

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, hand_back, wait_for};
use crate::worker::{Worker, settlement};

async fn signal(fixture: &StoreFixture, signal: &Signal) -> SignalAnswer {
    fixture.store().signal(signal, fixture.now()).await.expect("a signal reaches the store").answer
}

/// The conditions of a job: their names and how they stand.
async fn conditions(fixture: &StoreFixture, job: JobId) -> Vec<(String, ConditionState)> {
    let found = fixture.store().conditions(job).await.expect("conditions can be read");
    found.into_iter().map(|one| (one.name, one.state)).collect()
}

#[track_caller]
fn check_state(fixture: &StoreFixture, job: JobId, expected: State) -> impl Future<Output = ()> {
    let place = Location::caller();
    async move { assert_eq!(fixture.job(job).await.state, expected, "at {place}") }
}

/// A job whose handler has begun, and waits for this key.
async fn waiting(fixture: &StoreFixture, worker: &Worker<'_>, key: &str) -> JobId {
    let id = fixture.enqueue_one(job()).await;
    worker.run_one(wait_for("answer", key)).await;
    id
}

/// T48: a job whose handler waits is claimed by nobody until the signal comes, counts no failure, and finds what it brought.
pub async fn a_job_that_has_begun_waits_for_a_signal(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = waiting(&fixture, &worker, "go").await;
    fixture.check("waiting 1").await;
    let record = fixture.job(id).await;
    assert_eq!((record.attempt, record.failures, record.history.len()), (1, 0, 1));
    assert!(worker.claim(9).await.jobs.is_empty());
    let data = Json::args("7").expect("JSON");
    let told = signal(&fixture, &Signal::new("go").with(data.clone())).await;
    assert_eq!(told, SignalAnswer::Met);
    let batch = worker.claim(9).await;
    assert_eq!((batch.jobs[0].id, batch.jobs[0].attempt), (id, 2));
    let found = fixture.store().conditions(id).await.expect("read");
    assert_eq!((found[0].name.as_str(), found[0].state), ("answer", ConditionState::Met));
    assert_eq!(found[0].data, Some(data));
    worker.settle_all(&batch, &complete()).await;
    fixture.check("completed 1").await;
}

/// T48: a signal that came before makes the job available in the transaction that would have it wait.
pub async fn a_signal_that_came_before_the_wait_ends_it_at_once(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    assert_eq!(signal(&fixture, &Signal::new("go")).await, SignalAnswer::Kept);
    let id = waiting(&fixture, &worker, "go").await;
    check_state(&fixture, id, State::Available).await;
    assert_eq!(conditions(&fixture, id).await, [("answer".to_owned(), ConditionState::Met)]);
    worker.run_one(complete()).await;
}

/// T48: a signal that will not come, and a person who waives it, end the wait.
pub async fn a_withdrawn_or_waived_signal_ends_the_wait(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = waiting(&fixture, &worker, "go").await;
    assert_eq!(signal(&fixture, &Signal::withdrawn("go")).await, SignalAnswer::Met);
    worker.run_one(wait_for("approval", "yes")).await;
    check_state(&fixture, id, State::Waiting).await;
    let waived = fixture.store().waive(id, "approval", Some("ann"), fixture.now()).await;
    assert_eq!(waived.expect("it reaches the store"), Waived::Now);
    let expected = [("answer", ConditionState::Withdrawn), ("approval", ConditionState::Waived)];
    let expected = expected.map(|(name, state)| (name.to_owned(), state));
    assert_eq!(conditions(&fixture, id).await, expected);
    worker.run_one(complete()).await;
}

/// T48: a job waits until its deadline at most, and its condition stays open then.
pub async fn a_wait_ends_at_its_deadline(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job()).await;
    let until = fixture.moment().after(MINUTE);
    let waits = Waits::all().signal("answer", "go").deadline_at(until, Overdue::Run);
    worker.run_one(Verdict::Wait { waits }).await;
    fixture.advance(MINUTE - SECOND);
    fixture.worker().await.sweep().await;
    check_state(&fixture, id, State::Waiting).await;
    fixture.promote().await;
    check_state(&fixture, id, State::Available).await;
    assert_eq!(conditions(&fixture, id).await, [("answer".to_owned(), ConditionState::Open)]);
    assert_eq!(signal(&fixture, &Signal::new("go")).await, SignalAnswer::Late);
}

/// A2, T48: what a job waited for before it began stays, and counts no more: neither how many were needed, nor the deadline;
/// a wait of the same name takes the place of the one before.
pub async fn what_it_waited_for_before_counts_no_more(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let any = Waits::any().signal("a", "a").signal("b", "b").deadline(MINUTE, Overdue::Cancel);
    let id = fixture.enqueue_one(job().waits(any)).await;
    signal(&fixture, &Signal::new("a")).await;
    worker.run_one(wait_for("answer", "go")).await;
    check_state(&fixture, id, State::Waiting).await;
    assert_eq!(signal(&fixture, &Signal::new("b")).await, SignalAnswer::Late);
    fixture.advance(MINUTE * 2);
    let worker = fixture.worker().await;
    worker.sweep().await;
    check_state(&fixture, id, State::Waiting).await;
    signal(&fixture, &Signal::new("go")).await;
    worker.run_one(wait_for("answer", "once more")).await;
    check_state(&fixture, id, State::Waiting).await;
    let expected = [
        ("a", ConditionState::Met),
        ("b", ConditionState::Withdrawn),
        ("answer", ConditionState::Open),
    ];
    let expected = expected.map(|(name, state)| (name.to_owned(), state));
    assert_eq!(conditions(&fixture, id).await, expected);
    signal(&fixture, &Signal::new("once more")).await;
    worker.run_one(complete()).await;
    fixture.check("completed 1").await;
}

/// A2, T48: of conditions of which one suffices, none that was met in an earlier wait counts in the next one.
pub async fn what_was_met_before_does_not_suffice_again(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job().waits(Waits::any().signal("a", "a").signal("b", "b"))).await;
    signal(&fixture, &Signal::new("a")).await;
    let waits = Waits::at_least(2).signal("c", "c").signal("d", "d").signal("e", "e");
    worker.run_one(Verdict::Wait { waits }).await;
    for key in ["c", "d"] {
        check_state(&fixture, id, State::Waiting).await;
        signal(&fixture, &Signal::new(key)).await;
    }
    worker.run_one(complete()).await;
    fixture.check("completed 1").await;
}

/// X18: a job that was asked to cancel while its handler ran does not wait, and ends.
pub async fn a_job_asked_to_cancel_does_not_wait(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job()).await;
    let batch = worker.claim(1).await;
    fixture.cancel(id).await;
    assert_eq!(worker.settle(&batch, 0, wait_for("answer", "go")).await, Settled::Done);
    fixture.check("cancelled 1").await;
    assert_eq!(signal(&fixture, &Signal::new("go")).await, SignalAnswer::Kept);
}

/// I-L3: an attempt that does not hold its lease any more has its job wait for nothing, and what is written once is not
/// written again.
pub async fn a_wait_without_the_lease_is_refused(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let ids = fixture.enqueue(jobs(2)).await;
    let batch = worker.claim(2).await;
    worker.settle(&batch, 0, hand_back()).await;
    let late = worker.settle(&batch, 0, wait_for("answer", "go")).await;
    assert!(matches!(late, Settled::Lost | Settled::Already), "{late:?}");
    check_state(&fixture, ids[0], State::Available).await;
    let waits = [settlement(&batch, 1, wait_for("answer", "go"))];
    assert_eq!(worker.send(&waits).await, [Settled::Done]);
    assert_eq!(worker.send(&waits).await, [Settled::Already]);
    check_state(&fixture, ids[1], State::Waiting).await;
}

/// I-Q2, T48: of a signal and the settlement that begins to wait for it at the same moment neither misses the other.
pub async fn of_a_signal_and_a_wait_at_once_none_is_missed(fixture: StoreFixture) {
    let other = fixture.another_store().await;
    let worker = fixture.worker().await;
    for round in 0..20 {
        let key = format!("go:{round}");
        let id = fixture.enqueue_one(job()).await;
        let batch = worker.claim(1).await;
        let waits = [settlement(&batch, 0, wait_for("answer", &key))];
        let settled = async {
            loop {
                match worker.send(&waits).await[0] {
                    Settled::Busy => tokio::task::yield_now().await,
                    answer => return answer,
                }
            }
        };
        let tell = Signal::new(key.clone());
        let (settled, told) = tokio::join!(settled, other.signal(&tell, fixture.now()));
        assert_eq!(settled, Settled::Done);
        let told = told.expect("it reaches the store").answer;
        assert!(matches!(told, SignalAnswer::Met | SignalAnswer::Kept), "{told:?}");
        check_state(&fixture, id, State::Available).await;
        worker.run_one(complete()).await;
    }
}

/// What has come of a key can be asked, also where nobody waits for it.
pub async fn what_has_come_of_a_signal_can_be_asked(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let ask =
        async |key: &'static str| fixture.store().signalled(key).await.expect("it can be asked");
    waiting(&fixture, &worker, "go").await;
    assert_eq!(ask("go").await, None, "it is only waited for");
    let data = Json::args("7").expect("JSON");
    signal(&fixture, &Signal::new("go").with(data.clone())).await;
    signal(&fixture, &Signal::withdrawn("stop")).await;
    let (go, stop) = (ask("go").await.expect("it came"), ask("stop").await.expect("it came"));
    assert_eq!((go.came_at, go.is_withdrawn, go.data), (fixture.moment(), false, Some(data)));
    assert!(stop.is_withdrawn && stop.data.is_none());
}
