//! Move: jobs are given to another queue, and only its workers run them.

use std::time::Duration;

use windlass_core::id::JobId;
use windlass_core::job::{Moved, Settled, State};

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, StoreFixture};
use crate::verdicts::{complete, die, retry};
use crate::worker::{job_ids, worker};

/// Nothing waited for here takes longer unless it is broken.
const SOON: Duration = Duration::from_secs(20);

/// C28: a thousand jobs of one kind are moved; from then on only workers of the new queue get
/// them, and those of the old one what was left there.
pub async fn only_workers_of_the_new_queue_run_what_was_moved(fixture: StoreFixture) {
    let kinds = ["x", "y"];
    let moved = fixture.enqueue(jobs(1_000).map(|job| job.kind("x").queue("a"))).await;
    let left = fixture.enqueue(jobs(10).map(|job| job.kind("y").queue("a"))).await;
    let knows = kinds.map(|kind| (kind, 1));
    let on_a = fixture.start(worker().knowing(&knows).serving(&["a"])).await;
    let on_b = fixture.start(worker().knowing(&knows).serving(&["b"])).await;
    assert!(on_b.claim(9).await.jobs.is_empty());
    let selected = fixture.find("queue:a kind:x").await;
    assert_eq!(fixture.move_to("b", &selected).await, vec![Moved::Now; 1_000]);
    assert_eq!(job_ids(&on_a.claim(500).await), left);
    let mut ran = Vec::new();
    for _ in 0..2 {
        let batch = on_b.claim(500).await;
        assert!(batch.jobs.iter().all(|job| job.queue == "b" && job.kind == "x"));
        ran.extend(job_ids(&batch));
        on_b.settle_all(&batch, &complete()).await;
    }
    assert_eq!(ran, moved, "in the order they had");
    assert!(on_a.claim(9).await.jobs.is_empty());
    fixture.check("running 10, completed 1000").await;
}

/// C28: a move changes the queue alone: state, due time, priority and history stay.
pub async fn whatever_waits_can_be_moved(fixture: StoreFixture) {
    let worker = fixture.start(worker().serving(&["default", "other"])).await;
    let retryable = fixture.enqueue_one(job()).await;
    worker.run_one(retry(MINUTE)).await;
    let waiting = fixture.enqueue_one(job().kind("ghost")).await;
    fixture.tidy().await;
    let scheduled = fixture.enqueue_one(job().due_in(MINUTE)).await;
    let available = fixture.enqueue_one(job().priority(-3)).await;
    let ids = [retryable, waiting, scheduled, available];
    let before = records(&fixture, &ids).await;
    assert_eq!(fixture.move_to("other", &ids).await, [Moved::Now; 4]);
    assert_eq!(records(&fixture, &ids).await, before);
    for id in ids {
        assert_eq!(fixture.job(id).await.queue, "other");
    }
    fixture.check("waiting 1, scheduled 1, available 1, retryable 1").await;
    assert_eq!(fixture.find("queue:default").await, []);
}

/// C28, I-L4: what runs is not taken from its worker, and what has ended stays in its queue's
/// numbers.
pub async fn what_runs_or_has_ended_is_left_where_it_is(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let (completed, dead) = (fixture.enqueue_one(job()).await, fixture.enqueue_one(job()).await);
    worker.run_one(complete()).await;
    worker.run_one(die()).await;
    let cancelled = fixture.enqueue_one(job()).await;
    fixture.cancel(cancelled).await;
    let running = fixture.enqueue_one(job()).await;
    let batch = worker.claim(1).await;
    let ids = [completed, dead, cancelled, running];
    let states = [State::Completed, State::Dead, State::Cancelled, State::Running];
    assert_eq!(fixture.move_to("other", &ids).await, states.map(Moved::Left));
    for id in ids {
        assert_eq!(fixture.job(id).await.queue, "default");
    }
    assert_eq!(worker.settle(&batch, 0, retry(MINUTE)).await, Settled::Done);
    assert_eq!(fixture.move_to("other", &[running]).await, [Moved::Now]);
    fixture.check("retryable 1, completed 1, cancelled 1, dead 1").await;
}

/// The answers are in the order of the ids, also for jobs that do not exist or are there already.
pub async fn answers_to_a_move_come_in_the_order_of_the_ids(fixture: StoreFixture) {
    let there = fixture.enqueue_one(job().queue("other")).await;
    let here = fixture.enqueue_one(job()).await;
    let answers = fixture.move_to("other", &[here, JobId::new(), there]).await;
    let unneeded = Moved::Unneeded(State::Available);
    assert_eq!(answers, [Moved::Now, Moved::Missing, unneeded]);
    assert_eq!(fixture.move_to("other", &[here]).await, [unneeded]);
    assert_eq!(fixture.move_to("other", &[]).await, []);
}

/// C28, I-W2: a worker that sleeps on the new queue is woken.
pub async fn a_move_wakes_the_queue_it_goes_to(fixture: StoreFixture) {
    let ids = fixture.enqueue(jobs(3)).await;
    let sleeper = fixture.start(worker().serving(&["other"])).await;
    // What a connection that was just made rings is over once another worker has registered.
    fixture.start(worker().serving(&["nothing"])).await;
    let wake_handle = fixture.store().wakeups().add(sleeper.id(), vec!["other".to_owned()]);
    assert!(sleeper.claim(9).await.jobs.is_empty());
    fixture.move_to("other", &ids).await;
    tokio::time::timeout(SOON, wake_handle.work()).await.expect("the worker is woken");
    assert_eq!(job_ids(&sleeper.claim(9).await), ids);
}

/// C28, I-L2: jobs moved while both queues are claimed from run once each.
pub async fn a_move_and_a_claim_do_not_both_win(fixture: StoreFixture) {
    for _ in 0..10 {
        let ids = fixture.enqueue(jobs(20)).await;
        let from = fixture.worker().await;
        let to = fixture.start(worker().serving(&["other"])).await;
        let (answers, batch) = tokio::join!(fixture.move_to("other", &ids), from.claim(20));
        let there = to.claim(20).await;
        let claimed = job_ids(&batch);
        for (id, answer) in ids.iter().zip(answers) {
            let expected =
                if claimed.contains(id) { Moved::Left(State::Running) } else { Moved::Now };
            assert_eq!(answer, expected);
        }
        let mut both = [claimed, job_ids(&there)].concat();
        both.sort();
        assert_eq!(both, ids, "each on one of them");
        from.settle_all(&batch, &complete()).await;
        to.settle_all(&there, &complete()).await;
    }
    fixture.check("completed 200").await;
}

/// The jobs without their queues.
async fn records(fixture: &StoreFixture, ids: &[JobId]) -> Vec<String> {
    let mut lines = Vec::new();
    for id in ids {
        let record = fixture.job(*id).await;
        let line = crate::line::of_job(&record, fixture.moment());
        lines.push(format!("{line}, due {}, priority {}", record.run_at, record.priority));
    }
    lines
}
