//! Moments that jobs wait for, and deadlines.

use windlass_core::condition::{ConditionState, Ends, Overdue, Signal, SignalAnswer, Waits};
use windlass_core::job::State;

use crate::draft::job;
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::complete;

fn signal_within_a_minute(key: &str, then: Overdue) -> Waits {
    Waits::all().signal("wrap-up", key).deadline(MINUTE, then)
}

/// A moment is one condition beside others.
pub async fn a_moment_passes(fixture: StoreFixture) {
    let moment = fixture.moment().after(MINUTE);
    let waits = Waits::all().moment("noon", moment).signal("a", "a");
    let both = fixture.enqueue_one(job().waits(waits)).await;
    let alone = fixture.enqueue_one(job().waits(Waits::all().moment("noon", moment))).await;
    fixture.advance(MINUTE - SECOND);
    fixture.promote().await;
    let sweep = fixture.worker().await.sweep().await;
    assert!(sweep.leads || sweep.promoted == 0);
    fixture.advance(SECOND);
    fixture.promote().await;
    assert_eq!(fixture.job(alone).await.state, State::Available);
    assert_eq!(fixture.job(both).await.state, State::Waiting);
    fixture.store().signal(&Signal::new("a"), fixture.now()).await.expect("told");
    assert_eq!(fixture.job(both).await.state, State::Available);
    let passed = fixture.enqueue_one(job().waits(Waits::all().moment("noon", moment))).await;
    assert_eq!(fixture.job(passed).await.state, State::Available);
}

/// A6: what has not come by the deadline is run without, and what is missing is told to the handler; what comes then is late.
pub async fn an_overdue_job_runs_without(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job().waits(signal_within_a_minute("a", Overdue::Run))).await;
    let swept = fixture.worker().await.sweep().await;
    assert!(swept.next_due.is_some_and(|due| due <= MINUTE), "{swept:?}");
    fixture.promote().await;
    assert_eq!(fixture.job(id).await.state, State::Waiting);
    fixture.advance(MINUTE);
    fixture.promote().await;
    assert_eq!(fixture.job(id).await.state, State::Available);
    let conditions = fixture.store().conditions(id).await.expect("read");
    assert_eq!(conditions.len(), 1, "the deadline is none");
    assert_eq!(conditions[0].state, ConditionState::Open);
    let late = fixture.store().signal(&Signal::new("a"), fixture.now()).await.expect("told");
    assert_eq!(late.answer, SignalAnswer::Late);
    fixture.worker().await.run_one(complete()).await;
    fixture.check("completed 1").await;
}

/// A6: or it is cancelled or dead, and the reason names what has not come; a job that waits for that is told.
pub async fn an_overdue_job_is_ended(fixture: StoreFixture) {
    for (key, then, ends) in
        [("a", Overdue::Cancel, Ends::CANCELLED), ("b", Overdue::Die, Ends::DEAD)]
    {
        let id = fixture.enqueue_one(job().waits(signal_within_a_minute(key, then))).await;
        let instead = Waits::all().job_ended("overdue", id, ends);
        let instead = fixture.enqueue_one(job().waits(instead)).await;
        fixture.advance(MINUTE);
        fixture.promote().await;
        let ended = fixture.job(id).await;
        let expected = if then == Overdue::Die { State::Dead } else { State::Cancelled };
        assert_eq!(ended.state, expected);
        let reason = ended.reason.unwrap_or_default();
        assert_eq!(reason, "its deadline has passed (open: wrap-up)");
        assert_eq!(fixture.job(instead).await.state, State::Available);
    }
    fixture.check("available 2, cancelled 1, dead 1").await;
}

/// A deadline of a job that does not wait any more does nothing.
pub async fn a_deadline_of_a_job_that_does_not_wait_is_over(fixture: StoreFixture) {
    let met = fixture.enqueue_one(job().waits(signal_within_a_minute("a", Overdue::Die))).await;
    let gone = fixture.enqueue_one(job().waits(signal_within_a_minute("b", Overdue::Die))).await;
    fixture.store().signal(&Signal::new("a"), fixture.now()).await.expect("told");
    fixture.cancel(gone).await;
    fixture.advance(MINUTE);
    let swept = fixture.promote().await;
    assert_eq!(swept.conditions, 2, "they are looked at once");
    fixture.advance(MINUTE);
    assert_eq!(fixture.promote().await.conditions, 0);
    assert_eq!(fixture.job(met).await.state, State::Available);
    fixture.check("available 1, cancelled 1").await;
}
