//! Enqueue: what was accepted is there, whole, once.

use futures_util::future::join_all;
use futures_util::poll;
use windlass_core::client::Client;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{Enqueued, Meta, MetaFields, NewJob};
use windlass_core::json::Json;
use windlass_core::limits::LARGEST_NUMBER;

use windlass_core::queue::Scope;

use crate::draft::{Draft, KIND, job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, die, retry};
use crate::worker::worker;

/// O1, S5: nothing of what the enqueuer said is dropped or changed.
pub async fn a_job_is_read_back_as_it_was_written(fixture: StoreFixture) {
    let (root, parent) = (JobId::new(), JobId::new());
    let meta = Meta::from(MetaFields { timeout_ms: Some(5_000), ..MetaFields::default() });
    let mut new = job().kind("mail.welcome").version(3).queue("mail").priority(-7).done();
    new.args = Json::args(r#"{"to": "ä@b.c"}"#).expect("JSON");
    new.max_attempts = Some(9);
    (new.root, new.parent, new.origin) = (Some(root), Some(parent), Some("a test".to_owned()));
    new.meta = meta.clone();
    fixture.try_enqueue(std::slice::from_ref(&new)).await.expect("it is accepted");
    fixture.check_job(new.id, "available").await;
    let read = fixture.job(new.id).await;
    assert_eq!(
        (read.kind.as_str(), read.version, read.queue.as_str()),
        ("mail.welcome", 3, "mail")
    );
    assert_eq!((read.priority, read.max_attempts, read.args), (-7, Some(9), new.args));
    assert_eq!((read.root, read.parent), (Some(root), Some(parent)));
    assert_eq!((read.origin.as_deref(), read.meta), (Some("a test"), meta));
    assert_eq!((read.created_at, read.run_at), (fixture.moment(), fixture.moment()));
    assert_eq!((read.started_at, read.finished_at, read.worker), (None, None, None));
}

/// O1, S5: a job that not every store could give back as it is, is refused, and nothing is written.
pub async fn what_no_store_could_give_back_is_refused(fixture: StoreFixture) {
    let client = Client::new(fixture.shared_store());
    let with_nul = || Some("a\0b".to_owned());
    let refused = [
        job().version(LARGEST_NUMBER + 1).done(),
        job().max_attempts(LARGEST_NUMBER + 1).done(),
        NewJob { origin: with_nul(), ..job().done() },
        NewJob {
            meta: MetaFields { traceparent: with_nul(), ..MetaFields::default() }.into(),
            ..job().done()
        },
    ];
    for new in refused {
        let error = client.enqueue(new).await.expect_err("it is refused");
        assert!(matches!(error, StoreError::Refused(_)), "{error}");
    }
    fixture.check("nothing").await;
}

/// O1, S5: the largest version and maximum of attempts are kept, and such a job is claimed.
pub async fn the_largest_numbers_are_kept(fixture: StoreFixture) {
    let largest = job().version(LARGEST_NUMBER).max_attempts(LARGEST_NUMBER);
    let id = fixture.enqueue_one(largest).await;
    let record = fixture.job(id).await;
    assert_eq!((record.version, record.max_attempts), (LARGEST_NUMBER, Some(LARGEST_NUMBER)));
    let worker = fixture.start(worker().knowing(&[(KIND, LARGEST_NUMBER)])).await;
    worker.run_one(retry(MINUTE)).await;
    fixture.check_job(id, "retryable in 60s, attempt 1, failures 1, history error").await;
}

/// I-W6: a job due later waits; one that was due before now is available, due then.
pub async fn a_job_due_later_is_scheduled(fixture: StoreFixture) {
    let earlier = fixture.moment();
    fixture.advance(MINUTE);
    let later = fixture.enqueue_one(job().due_in(MINUTE)).await;
    let latest = fixture.enqueue_one(job().due_at(fixture.moment().after(2 * MINUTE))).await;
    let overdue = fixture.enqueue_one(job().due_at(earlier)).await;
    fixture.check_job(later, "scheduled in 60s").await;
    fixture.check_job(latest, "scheduled in 120s").await;
    fixture.check_job(overdue, "available").await;
    assert_eq!(fixture.job(overdue).await.run_at, earlier);
}

/// A batch of none changes nothing.
pub async fn no_jobs_are_written_by_an_empty_call(fixture: StoreFixture) {
    assert_eq!(fixture.try_enqueue(&[]).await.expect("it is accepted"), []);
    fixture.check("nothing").await;
}

/// I-D1, S1: a large call is as good as a small one.
pub async fn five_thousand_jobs_are_written_by_one_call(fixture: StoreFixture) {
    let ids = fixture.enqueue(jobs(5_000)).await;
    fixture.check("available 5000").await;
    let found = fixture.find("state:available").await;
    assert!(found.iter().rev().eq(ids.iter()), "listed are not the jobs that were acknowledged");
}

/// I-D8: whether a batch with a clash inside is refused or not, it never leaves a part of itself.
pub async fn a_batch_with_a_clash_is_written_whole_or_not_at_all(fixture: StoreFixture) {
    let taken = fixture.enqueue_one(job()).await;
    let mut clash = job().done();
    clash.id = taken;
    let batch = [job().queue("batch").done(), clash, job().queue("batch").done()];
    let answer = fixture.try_enqueue(&batch).await;
    let written = fixture.find("queue:batch").await.len();
    assert_eq!(written, if answer.is_ok() { 2 } else { 0 }, "after {answer:?}");
}

/// I-D8, I-D4: a caller that stops waiting leaves the whole batch or none of it.
pub async fn an_abandoned_call_leaves_the_whole_batch_or_none(fixture: StoreFixture) {
    for polls in 0..6 {
        let queue = format!("abandoned-{polls}");
        let batch: Vec<NewJob> = jobs(500).map(|job| job.queue(&queue).done()).collect();
        let mut call = fixture.store().enqueue(&batch, fixture.now());
        for _ in 0..polls {
            if poll!(call.as_mut()).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(call);
        let other = Scope::Queue("other".to_owned());
        fixture.store().resume(&other, fixture.now()).await.expect("the store goes on");
        let written = fixture.find(&format!("queue:{queue}")).await.len();
        assert!([0, 500].contains(&written), "{written} of 500 jobs after {polls} polls");
    }
}

/// I-X3: the same id again gives the same job, which is left as it is.
pub async fn a_given_id_names_one_job(fixture: StoreFixture) {
    let id = JobId::new();
    assert_eq!(give(&fixture, id).await, Enqueued::New(id));
    assert_eq!(give(&fixture, id).await, Enqueued::Existing(id));
    let other = job().priority(9).due_in(MINUTE).given(id).done();
    assert_eq!(fixture.try_enqueue(&[other]).await.expect("accepted"), [Enqueued::Existing(id)]);
    fixture.check("available 1").await;
    fixture.check_job(id, "available").await;
}

/// I-X3: twice in one call is still twice.
pub async fn a_given_id_twice_in_one_call_names_one_job(fixture: StoreFixture) {
    let id = JobId::new();
    let twice = [job().given(id).done(), job().done(), job().given(id).done()];
    let answers = fixture.try_enqueue(&twice).await.expect("it is accepted");
    let fresh = Enqueued::New(twice[1].id);
    assert_eq!(answers, [Enqueued::New(id), fresh, Enqueued::Existing(id)]);
    fixture.check("available 2").await;
}

/// I-X3: while a worker has the job.
pub async fn a_given_id_stays_taken_while_its_job_runs(fixture: StoreFixture) {
    let id = JobId::new();
    give(&fixture, id).await;
    fixture.worker().await.claim(1).await;
    assert_eq!(give(&fixture, id).await, Enqueued::Existing(id));
    fixture.check("running 1").await;
}

/// I-X3: for as long as the finished job is kept.
pub async fn a_given_id_stays_taken_after_its_job_ended(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let [completed, dead, cancelled] = [JobId::new(), JobId::new(), JobId::new()];
    give(&fixture, completed).await;
    worker.run_one(complete()).await;
    give(&fixture, dead).await;
    worker.run_one(die()).await;
    give(&fixture, cancelled).await;
    fixture.cancel(cancelled).await;
    for id in [completed, dead, cancelled] {
        assert_eq!(give(&fixture, id).await, Enqueued::Existing(id));
    }
    fixture.check("completed 1, cancelled 1, dead 1").await;
}

/// I-X3: of callers at the same moment, one writes the job.
pub async fn of_racing_calls_with_one_given_id_one_writes(fixture: StoreFixture) {
    for _ in 0..20 {
        let id = JobId::new();
        let answers = join_all((0..5).map(|_| give(&fixture, id))).await;
        let new = answers.iter().filter(|answer| **answer == Enqueued::New(id)).count();
        assert_eq!(new, 1, "{answers:?}");
    }
    fixture.check("available 20").await;
}

/// I-D1, I-D7 in part: what was acknowledged is there for the process that opens the database next.
pub async fn what_was_written_is_there_for_the_next_process(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job().due_in(SECOND)).await;
    let read = fixture.another_store().await.job(id).await.expect("it can be read");
    assert_eq!(read.map(|job| job.id), Some(id));
}

async fn give(fixture: &StoreFixture, id: JobId) -> Enqueued {
    let jobs = [Draft::done(job().given(id))];
    fixture.try_enqueue(&jobs).await.expect("a given id is never refused")[0]
}
