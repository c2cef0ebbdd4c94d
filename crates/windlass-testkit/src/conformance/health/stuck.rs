//! Jobs that wait for ends which cannot come.

use windlass_core::batch::Begins;
use windlass_core::condition::{Ends, Overdue, Signal, Waits, Waived};
use windlass_core::health::{Aspect, Problem, Thresholds};
use windlass_core::id::{BatchId, JobId};
use windlass_core::job::State;

use super::{found, found_by};
use crate::draft::{Draft, KIND, job};
use crate::fixture::{MINUTE, StoreFixture};
use crate::verdicts::die;
use crate::worker::Worker;

/// Those that are told once a sweep has looked after what may have ended unseen.
async fn stuck(fixture: &StoreFixture, leader: &Worker<'_>) -> Vec<JobId> {
    assert!(leader.sweep().await.leads);
    let stuck = found(fixture).await;
    let jobs = stuck.iter().filter_map(|problem| match problem {
        Problem::Stuck { job, .. } => Some(*job),
        _ => None,
    });
    jobs.collect()
}

/// A job that is dead.
async fn dead(fixture: &StoreFixture, worker: &Worker<'_>) -> JobId {
    let dead = fixture.enqueue_one(job()).await;
    worker.run_one(die()).await;
    dead
}

fn after(other: JobId) -> Draft {
    job().queue("later").waits(Waits::all().signal("go", "go").job("other", other))
}

/// T26, T27: a job that waits for one which is dead is told, with what it waits for and since when, until a person has waived
/// that, cancelled it, or retried the dead one. So is one that waits for a job which is gone.
pub async fn a_job_that_waits_for_what_cannot_come_is_told(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let dead = dead(&fixture, &worker).await;
    let since = fixture.moment();
    let ids = [fixture.enqueue_one(after(dead)).await, fixture.enqueue_one(after(dead)).await];
    worker.sweep().await;
    let told = |job, ended| Problem::Stuck {
        job,
        kind: KIND.to_owned(),
        queue: "later".to_owned(),
        since,
        condition: "other".to_owned(),
        awaited: dead,
        ended,
    };
    let all = found(&fixture).await;
    let waiting: Vec<_> = all.iter().filter(|one| one.aspect() == Aspect::Waiting).collect();
    assert_eq!(waiting, ids.map(|id| told(id, Some(State::Dead))).iter().collect::<Vec<_>>());
    let mute = Thresholds { mute: vec![KIND.to_owned()], ..Thresholds::default() };
    assert_eq!(found_by(&fixture, &mute).await, []);
    let waived = fixture.store().waive(ids[0], "other", None, fixture.now()).await;
    assert_eq!(waived.expect("it reaches the store"), Waived::Now);
    assert_eq!(stuck(&fixture, &worker).await, [ids[1]]);
    fixture.retry(dead).await;
    assert_eq!(stuck(&fixture, &worker).await, [], "it may be completed yet");
    let batch = worker.claim(1).await;
    assert_eq!(stuck(&fixture, &worker).await, [], "it runs");
    worker.settle_all(&batch, &die()).await;
    assert_eq!(stuck(&fixture, &worker).await, [ids[1]]);
    fixture.cancel(ids[1]).await;
    assert_eq!(stuck(&fixture, &worker).await, []);
}

/// T27: what waits for a signal, has a deadline, or has enough other conditions is not told.
pub async fn what_can_still_come_is_not_told(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let dead = dead(&fixture, &worker).await;
    let runs = fixture.enqueue_one(job().queue("later")).await;
    let waits = |waits: Waits| job().queue("later").waits(waits.job("dead", dead));
    for can_come in [
        Waits::all().deadline(MINUTE * 60, Overdue::Cancel),
        Waits::any().signal("go", "go"),
        Waits::at_least(2).signal("go", "go").job("runs", runs),
        Waits::any().job("runs", runs),
    ] {
        fixture.enqueue_one(waits(can_come)).await;
    }
    fixture.enqueue_one(job().queue("later").waits(Waits::all().job("runs", runs))).await;
    let ended = Waits::all().signal("go", "go").job_ended("dead", dead, Ends::ANY);
    fixture.enqueue_one(job().queue("later").waits(ended)).await;
    let batch = BatchId::new();
    fixture.enqueue_one(job().queue("later").begins(batch, Begins::default())).await;
    let rows = Waits::all().batch_ended("rows", batch, Ends::COMPLETED);
    fixture.enqueue_one(job().queue("later").waits(rows)).await;
    assert_eq!(stuck(&fixture, &worker).await, []);
    let two = fixture.enqueue_one(waits(Waits::at_least(2).signal("never", "never"))).await;
    assert_eq!(stuck(&fixture, &worker).await, [two], "one of two cannot come");
    let third = waits(Waits::at_least(2).signal("a", "a").signal("b", "b"));
    fixture.enqueue_one(third).await;
    assert_eq!(stuck(&fixture, &worker).await, [two]);
    fixture.store().signal(&Signal::withdrawn("a"), fixture.now()).await.expect("told");
    assert_eq!(
        stuck(&fixture, &worker).await.len(),
        2,
        "one of three is withdrawn, and one is dead"
    );
    fixture.store().signal(&Signal::withdrawn("b"), fixture.now()).await.expect("told");
    assert_eq!(stuck(&fixture, &worker).await.len(), 2);
}
