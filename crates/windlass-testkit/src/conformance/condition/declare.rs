//! What can be waited for, and what cannot.

use windlass_core::condition::{Ends, Signal, Waits};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{Cancelled, Enqueued, Lane, Limited, Moved, NewJob, State, Unique};

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, StoreFixture};
use crate::verdicts::complete;

/// A job that is not there cannot be waited for: nothing of the call is written, and the answer names both.
pub async fn a_job_that_is_not_there_cannot_be_waited_for(fixture: StoreFixture) {
    let missing = JobId::new();
    let waits = Waits::all().signal("a", "a").job("missing", missing);
    let call = [job().done(), job().waits(waits).done()];
    let error = fixture.try_enqueue(&call).await.expect_err("it is refused");
    let StoreError::NothingToAwait { job, awaited } = error else { panic!("{error}") };
    assert_eq!((job, awaited), (call[1].id, missing));
    fixture.check("nothing").await;
}

/// Jobs of one call wait for those before them.
pub async fn jobs_of_one_call_wait_for_each_other(fixture: StoreFixture) {
    let mut last: Option<JobId> = None;
    let chain: Vec<_> = jobs(50)
        .map(|job| {
            let job = last
                .into_iter()
                .fold(job, |job, before| job.waits(Waits::all().job("before", before)));
            let done = job.done();
            last = Some(done.id);
            done
        })
        .collect();
    fixture.try_enqueue(&chain).await.expect("written");
    fixture.check("waiting 49, available 1").await;
    let worker = fixture.worker().await;
    for _ in 0..50 {
        worker.run_one(complete()).await;
    }
    fixture.check("completed 50").await;
}

/// X18: a job that waits is cancelled and moved like others, and its conditions change nothing any more.
pub async fn a_job_that_waits_can_be_cancelled_and_moved(fixture: StoreFixture) {
    let waits = || Waits::all().signal("a", "a");
    let unwanted = fixture.enqueue_one(job().waits(waits())).await;
    let moved = fixture.enqueue_one(job().waits(waits())).await;
    assert_eq!(fixture.cancel(unwanted).await, Cancelled::Now);
    assert_eq!(fixture.move_to("other", &[moved]).await, [Moved::Now]);
    assert_eq!(fixture.job(moved).await.state, State::Waiting);
    fixture.store().signal(&Signal::new("a"), fixture.now()).await.expect("told");
    assert_eq!(fixture.job(moved).await.state, State::Available);
    fixture.check("available 1, cancelled 1").await;
}

/// A job that waits holds its unique key, and one that comes meanwhile and replaces it leaves it waiting.
pub async fn a_job_that_waits_holds_its_key(fixture: StoreFixture) {
    let waits = || Waits::all().signal("a", "a");
    let unique = || Unique::by("k");
    let first = fixture.enqueue_one(job().unique(unique()).waits(waits())).await;
    let second = [job().unique(unique()).done()];
    assert_eq!(fixture.try_enqueue(&second).await.expect("kept"), [Enqueued::Kept(first)]);
    let third = [job().unique(unique().replace()).args("3").done()];
    assert_eq!(fixture.try_enqueue(&third).await.expect("replaced"), [Enqueued::Replaced(first)]);
    assert_eq!(fixture.job(first).await.state, State::Waiting);
    fixture.store().signal(&Signal::new("a"), fixture.now()).await.expect("told");
    fixture.check("available 1").await;
}

/// A call that comes again with the same id waits for nothing twice.
pub async fn a_given_id_declares_its_conditions_once(fixture: StoreFixture) {
    let call = || {
        let waits = Waits::all().signal("a", "a");
        job().waits(waits).given(JobId::FIRST).done()
    };
    let call = [call()];
    fixture.try_enqueue(&call).await.expect("written");
    let again = fixture.try_enqueue(&call).await.expect("it is there");
    assert_eq!(again, [Enqueued::Existing(call[0].id)]);
    let conditions = fixture.store().conditions(call[0].id).await.expect("read");
    assert_eq!(conditions.len(), 1);
}

/// What jobs waited for is removed with them, and signals that nobody waits for a week later.
pub async fn conditions_are_removed_with_their_jobs(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job().waits(Waits::all().signal("a", "a"))).await;
    fixture.store().signal(&Signal::new("a"), fixture.now()).await.expect("told");
    fixture.tidy().await;
    assert_eq!(fixture.store().conditions(id).await.expect("read").len(), 1);
    worker.run_one(complete()).await;
    fixture.advance(MINUTE * 60 * 24 * 9);
    for _ in 0..4 {
        fixture.tidy().await;
    }
    assert_eq!(fixture.store().conditions(id).await.expect("read"), []);
    // The key is free for another fact.
    let again = fixture.store().signal(&Signal::new("a"), fixture.now()).await.expect("told");
    assert_eq!(again.answer.word(), "kept");
}

/// A job that its unique key has kept out was not written, and cannot be waited for.
pub async fn a_job_that_its_key_kept_out_cannot_be_waited_for(fixture: StoreFixture) {
    fixture.enqueue_one(job().unique(Unique::by("k"))).await;
    let kept = job().unique(Unique::by("k")).done();
    let waits = Waits::all().job("kept", kept.id);
    let call = [kept, job().waits(waits).done()];
    let error = fixture.try_enqueue(&call).await.expect_err("it is refused");
    let StoreError::NothingToAwait { job, awaited } = error else { panic!("{error}") };
    assert_eq!((job, awaited), (call[1].id, call[0].id));
    fixture.check("available 1").await;
}

/// A job that has the word in its tag, its keys or its lane waits for nothing.
pub async fn a_word_in_the_meta_is_no_condition(fixture: StoreFixture) {
    let word = || "waits".to_owned();
    let drafts = [
        job().tag("waits"),
        job().unique(Unique::by(word())),
        job().lane(Lane::by(word()).supersedes("waits")),
        job().given(JobId::FIRST).limited(Limited::by(word()).named("waits")),
    ];
    for draft in drafts {
        let id = fixture.enqueue_one(draft).await;
        assert_eq!(fixture.job(id).await.state, State::Available);
    }
}

/// C25: a job that waits for one which is superseded in its lane by a third of the same call is told of its end.
pub async fn what_is_superseded_in_the_same_call_is_told(fixture: StoreFixture) {
    let first = job().kind("setup").lane(Lane::by("a")).done();
    let waits = Waits::all().job_ended("first", first.id, Ends::ANY);
    let second = job().waits(waits).done();
    let third = job().kind("teardown").lane(Lane::by("a").supersedes("setup")).done();
    let third = NewJob {
        meta: {
            let mut meta = third.meta.clone();
            meta.waits = Some(Waits::all().signal("go", "go"));
            meta
        },
        ..third
    };
    let ids = [first.id, second.id, third.id];
    fixture.try_enqueue(&[first, second, third]).await.expect("written");
    let states = [State::Cancelled, State::Available, State::Waiting];
    for (id, expected) in ids.into_iter().zip(states) {
        assert_eq!(fixture.job(id).await.state, expected);
    }
}

/// A job whose id comes again, once it is gone, waits for what the new one says.
pub async fn a_given_id_that_comes_again_waits_anew(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let call = |key: &str| [job().given(JobId::FIRST).waits(Waits::all().signal(key, key)).done()];
    fixture.store().signal(&Signal::new("a"), fixture.now()).await.expect("told");
    fixture.try_enqueue(&call("a")).await.expect("written");
    worker.run_one(complete()).await;
    fixture.advance(MINUTE * 60 * 24 * 9);
    // It is pruned, and its conditions are forgotten with it or not.
    while fixture.store().job(JobId::FIRST).await.expect("read").is_some() {
        fixture.tidy().await;
    }
    fixture.try_enqueue(&call("b")).await.expect("written");
    fixture.store().signal(&Signal::new("b"), fixture.now()).await.expect("told");
    assert_eq!(fixture.job(JobId::FIRST).await.state, State::Available);
}
