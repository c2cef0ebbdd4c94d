//! Waive: a person lets a job pass a condition.

use windlass_core::condition::{ConditionState, Signal, SignalAnswer, Waits, Waived};
use windlass_core::id::JobId;

use crate::draft::job;
use crate::fixture::StoreFixture;

async fn waive(fixture: &StoreFixture, job: JobId, name: &str) -> Waived {
    let waived = fixture.store().waive(job, name, Some("ann: not needed"), fixture.now()).await;
    waived.expect("a waiver reaches the store")
}

/// A waived condition is not waited for, and says who waived it; one that is met or not there is not waived.
pub async fn a_waived_condition_is_not_waited_for(fixture: StoreFixture) {
    let waits = Waits::all().signal("a", "a").signal("b", "b").signal("c", "c");
    let id = fixture.enqueue_one(job().waits(waits)).await;
    fixture.store().signal(&Signal::new("a"), fixture.now()).await.expect("told");
    assert_eq!(waive(&fixture, id, "a").await, Waived::Unneeded, "it is met");
    assert_eq!(waive(&fixture, id, "b").await, Waived::Now);
    assert_eq!(waive(&fixture, id, "b").await, Waived::Unneeded, "it is waived");
    assert_eq!(waive(&fixture, id, "d").await, Waived::Missing);
    assert_eq!(waive(&fixture, JobId::new(), "a").await, Waived::Missing);
    fixture.check_job(id, "waiting").await;
    assert_eq!(waive(&fixture, id, "c").await, Waived::Now);
    fixture.check_job(id, "available").await;
    let conditions = fixture.store().conditions(id).await.expect("read");
    assert_eq!(conditions[1].state, ConditionState::Waived);
    assert_eq!(conditions[1].note.as_deref(), Some("ann: not needed"));
    let late = fixture.store().signal(&Signal::new("b"), fixture.now()).await.expect("told");
    assert_eq!(late.answer, SignalAnswer::Late);
}
