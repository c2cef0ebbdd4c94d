//! How batches begin, and what cannot be in one.

use windlass_core::batch::{BatchState, Begins, Sealed};
use windlass_core::condition::Ends;
use windlass_core::error::StoreError;
use windlass_core::id::{BatchId, JobId};
use windlass_core::job::{Enqueued, Unique};

use super::{after, record, started};
use crate::draft::{Draft, job, jobs};
use crate::fixture::{MINUTE, StoreFixture};
use crate::verdicts::complete;

fn keyed(key: &str) -> Begins {
    Begins { key: Some(key.to_owned()), ..Begins::default() }
}

/// B, O36: a batch that is open does not end, though all of its jobs have; sealed, it ends at once. One of none as well.
pub async fn an_open_batch_ends_when_it_is_sealed(fixture: StoreFixture) {
    let store = fixture.store();
    let [batch, empty] = [BatchId::new(), BatchId::new()];
    for id in [batch, empty] {
        assert!(store.open_batch(id, &Begins::default(), fixture.now()).await.expect("opened"));
        assert!(!store.open_batch(id, &Begins::default(), fixture.now()).await.expect("there"));
    }
    let then = fixture.enqueue_one(after(batch, Ends::ANY)).await;
    let at_once = fixture.enqueue_one(after(empty, Ends::COMPLETED)).await;
    let worker = fixture.worker().await;
    for _ in 0..2 {
        fixture.enqueue_one(job().member_of(batch)).await;
        worker.run_one(complete()).await;
    }
    fixture.check_job(then, "waiting").await;
    assert_eq!(record(&fixture, batch).await.state, BatchState::Open);
    let seal = |id| store.seal_batch(id, fixture.now());
    assert_eq!(seal(batch).await.expect("sealed"), Sealed::Now);
    assert_eq!(seal(batch).await.expect("sealed"), Sealed::Before);
    assert_eq!(seal(BatchId::new()).await.expect("answered"), Sealed::Missing);
    fixture.check_job(then, "available").await;
    assert_eq!(seal(empty).await.expect("sealed"), Sealed::Now);
    fixture.check_job(at_once, "available").await;
}

/// B, T25: of two batches with one key the second is refused whole and names the first.
pub async fn a_key_has_one_batch(fixture: StoreFixture) {
    let [first, second] = [BatchId::new(), BatchId::new()];
    fixture.enqueue_one(job().begins(first, keyed("vm-42"))).await;
    let again = [job().done(), job().begins(second, keyed("vm-42")).done()];
    match fixture.try_enqueue(&again).await {
        Err(StoreError::BatchExists { key, batch }) => assert_eq!((&*key, batch), ("vm-42", first)),
        other => panic!("{other:?}"),
    }
    let opened = fixture.store().open_batch(second, &keyed("vm-42"), fixture.now()).await;
    assert!(matches!(opened, Err(StoreError::BatchExists { batch, .. }) if batch == first));
    fixture.check("available 1").await;
    fixture.enqueue_one(job().begins(second, keyed("vm-43"))).await;
}

/// B, I-X2: a batch that is started again, since the answer got lost, is there already: nothing is written a second time.
pub async fn a_batch_begins_once(fixture: StoreFixture) {
    let batch = BatchId::new();
    fixture.enqueue_one(job().begins(batch, Begins::default())).await;
    let again = [job().begins(batch, Begins::default()).done(), job().member_of(batch).done()];
    match fixture.try_enqueue(&again).await {
        Err(StoreError::BatchExists { key, batch: there }) => {
            assert_eq!((&*key, there), ("", batch));
        }
        other => panic!("{other:?}"),
    }
    fixture.check("available 1").await;
    fixture.enqueue_one(job().member_of(batch)).await;
}

/// Bad input: of a job whose batch is there and that waits for one which is not, the latter is named.
pub async fn the_batch_that_is_missing_is_named(fixture: StoreFixture) {
    let [batch, missing] = [BatchId::new(), BatchId::new()];
    fixture.enqueue_one(job().begins(batch, Begins::default())).await;
    let waits = after(missing, Ends::ANY).member_of(batch).done();
    match fixture.try_enqueue(&[waits]).await {
        Err(StoreError::NoBatch { batch: named, .. }) => assert_eq!(named, missing),
        other => panic!("{other:?}"),
    }
    fixture.check("available 1").await;
}

/// Bad input: a batch, and a batch to wait for, that are not there: nothing is written.
pub async fn a_batch_that_is_not_there_takes_no_job(fixture: StoreFixture) {
    let missing = BatchId::new();
    for draft in [job().member_of(missing), after(missing, Ends::ANY)] {
        let jobs = [job().done(), draft.done()];
        match fixture.try_enqueue(&jobs).await {
            Err(StoreError::NoBatch { job, batch }) => {
                assert_eq!((job, batch), (jobs[1].id, missing));
            }
            other => panic!("{other:?}"),
        }
    }
    fixture.check("nothing").await;
}

/// Bad input: a batch that has ended takes no more jobs.
pub async fn a_batch_that_has_ended_takes_no_job(fixture: StoreFixture) {
    let written = started(&fixture, vec![job()]).await;
    fixture.worker().await.run_one(complete()).await;
    let late = [job().member_of(written.batch).done()];
    match fixture.try_enqueue(&late).await {
        Err(StoreError::BatchEnded { job, batch }) => {
            assert_eq!((job, batch), (late[0].id, written.batch));
        }
        other => panic!("{other:?}"),
    }
    fixture.check("available 1, completed 1").await;
}

/// A job that its unique key keeps out is in no batch, and a batch of such jobs alone has ended.
pub async fn a_batch_of_jobs_that_keys_kept_out_has_ended(fixture: StoreFixture) {
    let unique = || job().unique(Unique::by("a"));
    let holder = fixture.enqueue_one(unique()).await;
    let id = BatchId::new();
    let jobs = [unique().begins(id, keyed("a")), unique().member_of(id), after(id, Ends::ANY)];
    let answers = fixture.try_enqueue(&jobs.map(Draft::done)).await.expect("written");
    assert_eq!(answers[..2], [Enqueued::Kept(holder); 2]);
    fixture.check_job(answers[2].id(), "available").await;
    let batch = record(&fixture, id).await;
    assert_eq!((batch.state, batch.jobs.all()), (BatchState::Completed, 0));
}

/// A job that its unique key keeps out is in no batch, so it does not matter whether that has ended or is there.
pub async fn a_job_that_its_key_keeps_out_needs_no_batch(fixture: StoreFixture) {
    let written = started(&fixture, vec![job()]).await;
    fixture.worker().await.run_one(complete()).await;
    let unique = || job().unique(Unique::by("a"));
    let holder = fixture.enqueue_one(unique()).await;
    for batch in [written.batch, BatchId::new()] {
        let late = [unique().member_of(batch).done()];
        let answers = fixture.try_enqueue(&late).await.expect("it is kept out");
        assert_eq!(answers, [Enqueued::Kept(holder)]);
    }
    fixture.check("available 2, completed 1").await;
}

/// I-X3: a batch that is written again with the same ids, after a lost answer, is there once, also when it has ended.
pub async fn an_id_that_comes_again_is_in_its_batch_once(fixture: StoreFixture) {
    let batch = BatchId::new();
    let [first, second] = [JobId::new(), JobId::new()];
    let jobs = || {
        let jobs =
            [job().begins(batch, keyed("a")).given(first), job().member_of(batch).given(second)];
        jobs.map(Draft::done)
    };
    fixture.try_enqueue(&jobs()).await.expect("written");
    let worker = fixture.worker().await;
    for open in [2, 0] {
        let again = fixture.try_enqueue(&jobs()).await.expect("answered");
        assert_eq!(again, [Enqueued::Existing(first), Enqueued::Existing(second)]);
        let jobs = record(&fixture, batch).await.jobs;
        assert_eq!((jobs.all(), jobs.open), (2, open));
        let claimed = worker.claim(9).await;
        worker.settle_all(&claimed, &complete()).await;
    }
}

/// A batch that has ended goes some days later, with the last of its jobs.
pub async fn batches_are_removed_with_their_jobs(fixture: StoreFixture) {
    let written = started(&fixture, jobs(2).collect()).await;
    let worker = fixture.worker().await;
    let claimed = worker.claim(9).await;
    worker.settle_all(&claimed, &complete()).await;
    fixture.cancel(written.then).await;
    fixture.tidy().await;
    assert_eq!(record(&fixture, written.batch).await.jobs.completed, 2);
    fixture.advance(9 * 24 * 60 * MINUTE);
    for _ in 0..3 {
        fixture.tidy().await;
        fixture.advance(MINUTE);
    }
    assert_eq!(fixture.store().batch(written.batch).await.expect("read"), None);
    let members = fixture.store().members(written.batch, None, 9).await.expect("read");
    assert_eq!(members, []);
}

/// O24: a batch that a job waits for is kept beyond its jobs: so it is told for as long how it ended.
pub async fn a_batch_is_kept_while_it_is_waited_for(fixture: StoreFixture) {
    let written = started(&fixture, jobs(1).collect()).await;
    let failed = fixture.enqueue_one(after(written.batch, Ends::DEAD)).await;
    let worker = fixture.worker().await;
    worker.run_one(complete()).await;
    fixture.advance(9 * 24 * 60 * MINUTE);
    for _ in 0..3 {
        fixture.tidy().await;
        fixture.advance(MINUTE);
    }
    let conditions = fixture.store().conditions(failed).await.expect("read");
    assert!(conditions[0].is_lost(), "{conditions:?}");
}
