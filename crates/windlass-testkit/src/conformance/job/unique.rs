//! Unique keys: one job of a kind for each, until a moment that the job says.

use std::sync::Arc;

use futures_util::future::join_all;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{
    DuplicateAnswer, Enqueued, NewJob, OnConflict, Outcome, Retried, Unique, Verdict,
};
use windlass_core::limits::{DUPLICATES, MAX_LOSSES};

use crate::draft::{Draft, job};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{cancelled, complete, die, retry};

fn unique(key: &str) -> Draft {
    job().unique(Unique::by(key))
}

async fn enqueue(fixture: &StoreFixture, draft: Draft) -> Enqueued {
    fixture.try_enqueue(&[draft.done()]).await.expect("it reaches the store")[0]
}

/// C23, I-U1: of many that come at once with one key one is written, and the others are told which.
pub async fn of_racing_calls_with_one_key_one_writes(fixture: StoreFixture) {
    let stores =
        [fixture.shared_store(), fixture.another_store().await, fixture.another_store().await];
    for round in 0..20 {
        let key = format!("round {round}");
        let calls = (0..24).map(|nth| {
            let (store, now) = (Arc::clone(&stores[nth % stores.len()]), fixture.now());
            let jobs = [unique(&key).done()];
            async move { store.enqueue(&jobs, now).await.expect("it reaches the store")[0] }
        });
        let answers = join_all(calls).await;
        let new: Vec<JobId> = answers
            .iter()
            .filter_map(|answer| match answer {
                Enqueued::New(id) => Some(*id),
                _ => None,
            })
            .collect();
        assert_eq!(new.len(), 1, "{answers:?}");
        let kept = answers.iter().filter(|answer| **answer == Enqueued::Kept(new[0])).count();
        assert_eq!(kept, 23, "{answers:?}");
    }
    let counts = fixture.shared_store().counts().await.expect("counted");
    assert_eq!(counts.total(), 20);
}

/// C22, I-U2: a key is held while its job waits, runs and waits again, and the answer names the job.
pub async fn a_key_is_held_until_its_job_has_ended(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let first = fixture.enqueue_one(unique("a").due_in(SECOND)).await;
    assert_eq!(enqueue(&fixture, unique("a")).await, Enqueued::Kept(first), "scheduled");
    fixture.advance(SECOND);
    fixture.promote().await;
    assert_eq!(enqueue(&fixture, unique("a")).await, Enqueued::Kept(first), "available");
    let batch = worker.claim(9).await;
    assert_eq!(batch.jobs.len(), 1);
    assert_eq!(enqueue(&fixture, unique("a")).await, Enqueued::Kept(first), "running");
    worker.settle(&batch, 0, retry(SECOND)).await;
    assert_eq!(enqueue(&fixture, unique("a")).await, Enqueued::Kept(first), "retryable");
    fixture.advance(SECOND);
    fixture.promote().await;
    worker.run_one(complete()).await;
    assert!(matches!(enqueue(&fixture, unique("a")).await, Enqueued::New(_)), "completed");
}

/// C24: a key that is held until the start lets a job in that comes during the run; it is one.
pub async fn a_job_that_comes_during_the_run_is_written_once(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let started = || job().unique(Unique::by("a").until_started());
    let first = fixture.enqueue_one(started()).await;
    assert_eq!(enqueue(&fixture, started()).await, Enqueued::Kept(first));
    let batch = worker.claim(1).await;
    let follow_up = fixture.enqueue_one(started()).await;
    assert_eq!(enqueue(&fixture, started()).await, Enqueued::Kept(follow_up));
    // The first one waits again beside its follow-up, and holds nothing any more.
    worker.settle(&batch, 0, retry(MINUTE)).await;
    assert_eq!(enqueue(&fixture, started()).await, Enqueued::Kept(follow_up));
    fixture.check("available 1, retryable 1").await;
    worker.run_one(complete()).await;
    assert!(matches!(enqueue(&fixture, started()).await, Enqueued::New(_)));
}

/// O28: a key that is held for a time is held for that, whatever happens to its job.
pub async fn a_key_may_be_held_for_a_time(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let hourly = || job().unique(Unique::by("a").within(60 * MINUTE));
    let first = fixture.enqueue_one(hourly()).await;
    worker.run_one(complete()).await;
    fixture.advance(59 * MINUTE);
    assert_eq!(enqueue(&fixture, hourly()).await, Enqueued::Kept(first));
    fixture.advance(MINUTE);
    assert!(matches!(enqueue(&fixture, hourly()).await, Enqueued::New(_)));
}

/// I-U3: a key is free again by every road on which its job ends.
pub async fn a_key_is_free_again_by_every_road(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let ends: [Verdict; 3] = [complete(), die(), cancelled(Outcome::Cancelled)];
    for end in ends {
        fixture.enqueue_one(unique("a")).await;
        worker.run_one(end).await;
    }
    let waiting = fixture.enqueue_one(unique("a")).await;
    fixture.cancel(waiting).await;
    let lost = fixture.enqueue_one(unique("a")).await;
    for _ in 0..MAX_LOSSES {
        fixture.advance(60 * MINUTE);
        fixture.promote().await;
        let doomed = fixture.worker().await;
        assert_eq!(doomed.claim(1).await.jobs.len(), 1);
        assert_eq!(enqueue(&fixture, unique("a")).await, Enqueued::Kept(lost));
        fixture.rescue().await;
    }
    let dead = fixture.job(lost).await;
    assert_eq!(dead.reason.as_deref(), Some("lost 3 times"));
    fixture.enqueue_one(unique("a")).await;
}

/// O28: the job that holds the key gets args, version, due time and priority of the one that comes, unless it runs.
pub async fn a_waiting_job_can_be_replaced(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let replacing = || job().unique(Unique::by("a").replace());
    let id = fixture.enqueue_one(replacing().args("1").due_in(MINUTE)).await;
    let other = replacing().args("2").due_in(2 * MINUTE).priority(-3);
    assert_eq!(enqueue(&fixture, other).await, Enqueued::Replaced(id));
    let record = fixture.job(id).await;
    assert_eq!((record.args.as_str(), record.priority), ("2", -3));
    assert_eq!(record.run_at, fixture.moment().after(2 * MINUTE));
    fixture.check("scheduled 1").await;
    assert_eq!(enqueue(&fixture, replacing().args("3")).await, Enqueued::Replaced(id));
    fixture.check("available 1").await;
    let batch = worker.claim(1).await;
    assert_eq!(batch.jobs[0].args.as_str(), "3");
    assert_eq!(enqueue(&fixture, replacing().args("4")).await, Enqueued::Kept(id), "it runs");
    worker.settle(&batch, 0, retry(MINUTE)).await;
    assert_eq!(
        enqueue(&fixture, replacing().args("5").due_in(MINUTE)).await,
        Enqueued::Replaced(id)
    );
    fixture.check_job(id, "retryable in 60s, attempt 1, failures 1, history error").await;
    assert_eq!(fixture.job(id).await.args.as_str(), "5");
}

/// C22: a call with a job that is to be rejected writes nothing at all, and names the job that holds the key.
pub async fn a_rejected_job_refuses_its_call(fixture: StoreFixture) {
    let holder = fixture.enqueue_one(unique("a")).await;
    let rejected = job().unique(Unique::by("a").reject()).done();
    let calls: [Vec<NewJob>; 2] =
        [vec![rejected.clone()], vec![job().done(), unique("b").done(), rejected]];
    for call in calls {
        let error = fixture.try_enqueue(&call).await.expect_err("it is refused");
        let StoreError::Duplicate { kind, key, job } = error else { panic!("{error}") };
        assert_eq!((kind.as_str(), key.as_str(), job), ("work", "a", holder));
    }
    fixture.check("available 1").await;
    fixture.enqueue_one(unique("b")).await;
}

/// I-D8, I-U1: of jobs with one key in one call the first is written.
pub async fn a_call_may_bring_a_key_twice(fixture: StoreFixture) {
    let call = [
        unique("b").done(),
        job().done(),
        unique("a").done(),
        unique("b").done(),
        unique("a").done(),
    ];
    let answers = fixture.try_enqueue(&call).await.expect("it reaches the store");
    let new = |nth: usize| Enqueued::New(call[nth].id);
    let kept = |nth: usize| Enqueued::Kept(call[nth].id);
    assert_eq!(answers, [new(0), new(1), new(2), kept(0), kept(2)]);
    fixture.check("available 3").await;
}

/// Keys of different kinds have nothing to do with each other, and a job without a key none with any.
pub async fn a_key_is_of_one_kind(fixture: StoreFixture) {
    fixture.enqueue_one(unique("a")).await;
    fixture.enqueue_one(unique("a").kind("other")).await;
    fixture.enqueue_one(unique("A")).await;
    fixture.enqueue_one(job()).await;
    fixture.check("available 4").await;
}

/// I-X3: a job with a key and a given id that is sent again is the same job.
pub async fn a_given_id_and_a_key_go_together(fixture: StoreFixture) {
    let id = JobId::new();
    let given = || unique("a").given(id);
    assert_eq!(enqueue(&fixture, given()).await, Enqueued::New(id));
    assert_eq!(enqueue(&fixture, given()).await, Enqueued::Existing(id));
    assert_eq!(enqueue(&fixture, unique("a").given(JobId::new())).await, Enqueued::Kept(id));
    fixture.worker().await.run_one(complete()).await;
    assert_eq!(enqueue(&fixture, given()).await, Enqueued::Existing(id), "it has ended");
    fixture.check("completed 1").await;
}

/// I-U1, I-U4: a job that has ended lives again only where its key is free, and holds it then.
pub async fn a_revived_job_needs_its_key(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let first = fixture.enqueue_one(unique("a")).await;
    worker.run_one(die()).await;
    assert_eq!(fixture.retry(first).await, Retried::Now);
    assert_eq!(enqueue(&fixture, unique("a")).await, Enqueued::Kept(first));
    worker.run_one(die()).await;
    let second = fixture.enqueue_one(unique("a")).await;
    assert_eq!(fixture.retry(first).await, Retried::Held(second));
    fixture.check("available 1, dead 1").await;
    worker.run_one(complete()).await;
    assert_eq!(fixture.retry(first).await, Retried::Now);
}

/// I-U1: of several jobs with one key that are revived by one call one lives.
pub async fn of_jobs_revived_together_one_lives(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let mut dead = Vec::new();
    for _ in 0..3 {
        dead.push(fixture.enqueue_one(unique("a")).await);
        worker.run_one(die()).await;
    }
    let answers = fixture.shared_store().retry(&dead, fixture.now()).await.expect("retried");
    let lives: Vec<JobId> = dead
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| **answer == Retried::Now)
        .map(|(id, _)| *id)
        .collect();
    assert_eq!(lives.len(), 1, "{answers:?}");
    let held = answers.iter().filter(|answer| **answer == Retried::Held(lives[0])).count();
    assert_eq!(held, 2, "{answers:?}");
    fixture.check("available 1, dead 2").await;
}

/// I-U1: a job that was cancelled before its start holds its key again when it is revived, or stays.
pub async fn a_revived_job_that_never_started_needs_its_key(fixture: StoreFixture) {
    let started = || job().unique(Unique::by("a").until_started());
    let first = fixture.enqueue_one(started()).await;
    fixture.cancel(first).await;
    let second = fixture.enqueue_one(started()).await;
    assert_eq!(fixture.retry(first).await, Retried::Held(second));
    fixture.cancel(second).await;
    assert_eq!(fixture.retry(first).await, Retried::Now);
    assert_eq!(enqueue(&fixture, started()).await, Enqueued::Kept(first));
}

/// C23: callers that replace one job at the same time do not hold each other up for good.
pub async fn racing_replacements_all_succeed(fixture: StoreFixture) {
    let stores =
        [fixture.shared_store(), fixture.another_store().await, fixture.another_store().await];
    let replacing = || job().unique(Unique::by("a").replace()).due_in(60 * MINUTE).done();
    let id = fixture.enqueue_one(job().unique(Unique::by("a")).due_in(60 * MINUTE)).await;
    for _ in 0..20 {
        let calls = (0..12).map(|nth| {
            let (store, now) = (Arc::clone(&stores[nth % stores.len()]), fixture.now());
            let jobs = [replacing()];
            async move { store.enqueue(&jobs, now).await }
        });
        for answer in join_all(calls).await {
            assert_eq!(answer.expect("no deadlock"), [Enqueued::Replaced(id)]);
        }
    }
}

/// T21: what was not written is counted by kind and by what happened to it, and the newest are listed; sums
/// survive tidying.
pub async fn duplicates_are_counted_and_listed(fixture: StoreFixture) {
    let holder = fixture.enqueue_one(unique("a")).await;
    for on_conflict in [OnConflict::Keep, OnConflict::Replace, OnConflict::Reject] {
        let unique = match on_conflict {
            OnConflict::Replace => Unique::by("a").replace(),
            OnConflict::Reject => Unique::by("a").reject(),
            _ => Unique::by("a"),
        };
        // The last of them is refused.
        let _ = fixture.try_enqueue(&[job().unique(unique).done()]).await;
    }
    let found = fixture.shared_store().duplicates(9).await.expect("read");
    let answers: Vec<DuplicateAnswer> = found.newest.iter().map(|one| one.answer).collect();
    let all = [DuplicateAnswer::Kept, DuplicateAnswer::Replaced, DuplicateAnswer::Rejected];
    assert_eq!(answers.len(), 3, "{answers:?}");
    for answer in all {
        assert!(answers.contains(&answer), "{answers:?}");
        assert_eq!(found.counts[&("work".to_owned(), answer)], 1);
    }
    assert!(found.newest.iter().all(|one| (one.job, one.key.as_str()) == (holder, "a")));
    fixture.advance(SECOND);
    let many: Vec<NewJob> = (0..DUPLICATES).map(|_| unique("a").done()).collect();
    fixture.try_enqueue(&many).await.expect("it reaches the store");
    fixture.tidy().await;
    let found = fixture.shared_store().duplicates(2_000).await.expect("read");
    assert_eq!(found.newest.len(), DUPLICATES, "the oldest are only counted");
    assert_eq!(found.counts[&("work".to_owned(), DuplicateAnswer::Kept)], 1 + DUPLICATES as u64);
    assert_eq!(found.counts[&("work".to_owned(), DuplicateAnswer::Rejected)], 1);
}

/// I-U3: tidying takes no key from a job that holds it.
pub async fn keys_that_are_held_survive_tidying(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let running = fixture.enqueue_one(unique("running")).await;
    let batch = worker.claim(1).await;
    let waiting = fixture.enqueue_one(unique("waiting")).await;
    let hourly = || job().unique(Unique::by("hourly").within(60 * MINUTE));
    let timed = fixture.enqueue_one(hourly().priority(-1)).await;
    worker.run_one(complete()).await;
    for _ in 0..3 {
        fixture.tidy().await;
    }
    assert_eq!(enqueue(&fixture, unique("running")).await, Enqueued::Kept(running));
    assert_eq!(enqueue(&fixture, unique("waiting")).await, Enqueued::Kept(waiting));
    assert_eq!(enqueue(&fixture, hourly()).await, Enqueued::Kept(timed));
    worker.settle(&batch, 0, complete()).await;
    fixture.tidy().await;
    fixture.enqueue_one(unique("running")).await;
}
