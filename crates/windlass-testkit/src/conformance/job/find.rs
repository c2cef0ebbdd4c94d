//! Find: jobs by what no index knows, within a bound of how many are looked through.

use std::time::Duration;

use windlass_core::client::Client;
use windlass_core::filter::{Bound, Found};
use windlass_core::id::JobId;
use windlass_core::job::{ErrorGroups, Filter, JobRecord, Outcome, Page, Verdict};
use windlass_core::limits::FIND_ROWS;

use crate::draft::{Draft, job, jobs};
use crate::fixture::{MINUTE, StoreFixture};
use crate::verdicts::{complete, die, retry};
use crate::worker::worker;

/// Long enough for any machine: here only rows are a bound.
const LONG: Duration = Duration::from_secs(600);

async fn look(
    fixture: &StoreFixture,
    filter: &str,
    page: Page,
    rows: u64,
) -> Found<JobRecord, JobId> {
    let filter: Filter = filter.parse().expect("a test's filter is one");
    let bound = Bound { rows, time: LONG };
    fixture.store().find_jobs(&filter, page, bound).await.expect("jobs can be looked for")
}

async fn count(fixture: &StoreFixture, filter: &str, rows: u64) -> (u64, bool) {
    let filter: Filter = filter.parse().expect("a test's filter is one");
    let bound = Bound { rows, time: LONG };
    let counted = fixture.store().count_jobs(&filter, bound).await.expect("jobs can be counted");
    (counted.fits, counted.complete)
}

fn of_user(args: &str) -> Draft {
    job().args(args)
}

/// T22: jobs are found by a value in their args, of the type that it is written as.
pub async fn jobs_are_found_by_a_value_in_their_args(fixture: StoreFixture) {
    let number =
        fixture.enqueue_one(of_user(r#"{"user": {"id": 42}, "items": [{"a.b": "x y"}]}"#)).await;
    let text = fixture.enqueue_one(of_user(r#"{"user": {"id": "42"}}"#)).await;
    let none = fixture.enqueue_one(of_user(r#"{"user": {"id": null}}"#)).await;
    let list = fixture.enqueue_one(of_user("[1, 2]")).await;
    for (filter, expected) in [
        ("args.user.id:42", vec![number]),
        ("args.user.id:42.0", vec![number]),
        (r#"args.user.id:"42""#, vec![text]),
        (r#"args.user.id:42,"42""#, vec![text, number]),
        ("args.user.id:null", vec![none]),
        ("args.user.id:4", vec![]),
        ("args.user:42", vec![]),
        (r#"args.items.0."a.b":"x y""#, vec![number]),
        ("args.1:2", vec![list]),
        (r"-args.user.id:42", vec![list, none, text]),
    ] {
        assert_eq!(fixture.find(filter).await, expected, "{filter}");
    }
}

/// T22: jobs are found by a part of what went wrong last, or of their reason.
pub async fn jobs_are_found_by_their_last_error(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let failed = fixture.enqueue_one(job()).await;
    let error = |error: &str| Verdict::Retry {
        outcome: Outcome::Error,
        error: error.to_owned(),
        delay: MINUTE,
    };
    worker.run_one(error("Connection refused (os error 111)")).await;
    let dead = fixture.enqueue_one(job()).await;
    worker.run_one(die()).await;
    let cancelled = fixture.enqueue_one(job()).await;
    fixture.cancel(cancelled).await;
    assert_eq!(fixture.find(r#"error:"connection refused""#).await, [failed]);
    assert_eq!(
        fixture.find(r#"error:"not WANTED","connection refused""#).await,
        [cancelled, failed]
    );
    assert_eq!(fixture.find(r#"-error:"refused""#).await, [cancelled, dead]);
    fixture.retry(failed).await;
    worker.run_one(error("timed out")).await;
    assert!(fixture.find("error:refused").await.is_empty(), "it is not the last one any more");
}

/// T22: jobs that failed alike are one group, and are found by its fingerprint, whatever numbers and names their errors have.
pub async fn jobs_that_failed_alike_are_found_together(fixture: StoreFixture) {
    let worker = fixture.start(worker().knowing(&[("push", 1), ("pull", 1)])).await;
    let error = |error: &str| Verdict::Retry {
        outcome: Outcome::Error,
        error: error.to_owned(),
        delay: MINUTE,
    };
    let first = fixture.enqueue_one(job().kind("push")).await;
    worker.run_one(error("no route to \"a\" after 30s\nsee below")).await;
    fixture.advance(MINUTE / 2);
    let second = fixture.enqueue_one(job().kind("push")).await;
    worker.run_one(error("no route to \"bcd\" after 7s")).await;
    let other_kind = fixture.enqueue_one(job().kind("pull")).await;
    worker.run_one(error("no route to \"a\" after 30s")).await;
    fixture.enqueue_one(job().kind("push")).await;
    worker.run_one(complete()).await;
    let failed = look(&fixture, "state:dead,retryable", Page::default(), 1_000).await;
    let found = ErrorGroups::of(&failed, fixture.moment());
    assert!(found.complete);
    let groups: Vec<_> =
        found.groups.iter().map(|group| (group.kind.as_str(), group.jobs)).collect();
    assert_eq!(groups, [("push", 2), ("pull", 1)]);
    let pushes = &found.groups[0];
    assert_eq!(pushes.error, "no route to \"bcd\" after 7s", "the error of the last one");
    assert_eq!(pushes.samples, [second, first]);
    assert_eq!((pushes.dead, pushes.by_hour.iter().sum::<u64>()), (0, 2));
    assert_eq!(pushes.last_at.since(pushes.first_at), MINUTE / 2);
    let alike = format!("fingerprint:{}", pushes.fingerprint);
    assert_eq!(fixture.find(&alike).await, [second, first]);
    assert_eq!(fixture.find(&format!("-{alike} kind:pull")).await, [other_kind]);
    fixture.retry(first).await;
    assert_eq!(fixture.find(&alike).await, [second], "what is to run again has not failed");
}

/// T22: which errors there are is known however many newer jobs wait that have not failed.
pub async fn errors_are_known_behind_any_backlog(fixture: StoreFixture) {
    let worker = fixture.start(worker()).await;
    let dead = fixture.enqueue_one(job()).await;
    worker.run_one(die()).await;
    let tried_again = fixture.enqueue_one(job()).await;
    worker.run_one(retry(MINUTE)).await;
    let backlog = usize::try_from(FIND_ROWS).expect("it fits");
    fixture.enqueue(jobs(backlog).map(|job| job.queue("bulk"))).await;
    let client = Client::new(fixture.shared_store());
    let found = client.error_groups(&Filter::default()).await.expect("looked for");
    assert!(found.complete);
    let mut samples: Vec<_> = found.groups.iter().flat_map(|group| &group.samples).collect();
    samples.sort();
    assert_eq!(samples, [&dead, &tried_again]);
    let dead_ones = client.error_groups(&"state:dead".parse().expect("a filter")).await;
    assert_eq!(dead_ones.expect("looked for").jobs, 1);
}

/// T22: jobs are found by the worker that runs them, by its id or its label, and by that of the last one once they have ended.
pub async fn jobs_are_found_by_their_worker(fixture: StoreFixture) {
    let one = fixture.start(worker().serving(&["one"])).await;
    let other = fixture.start(worker().serving(&["other"])).await;
    let mine = fixture.enqueue([job().queue("one"), job().queue("one")]).await;
    let others = fixture.enqueue_one(job().queue("other")).await;
    let waiting = fixture.enqueue_one(job().queue("one")).await;
    let batch = one.claim(2).await;
    other.claim(1).await;
    let by_id = format!("worker:{}", one.id());
    assert_eq!(fixture.find(&by_id).await, [mine[1], mine[0]]);
    assert_eq!(fixture.find(&format!("-{by_id}")).await, [waiting, others]);
    let all = fixture.find(&format!("worker:{},{}", one.id(), other.id())).await;
    assert_eq!(all, [others, mine[1], mine[0]]);
    one.settle(&batch, 0, complete()).await;
    assert_eq!(fixture.find(&by_id).await, [mine[1]], "an ended job has no worker any more");
    let label = one.label().to_owned();
    assert_eq!(fixture.find(&format!(r#"worker:"{label}" -state:running"#)).await, [mine[0]]);
    assert!(fixture.find("worker:*nobody*").await.is_empty());
}

/// S1: a look ends at its bound, says so, and goes on from there: all looks together find every job once.
pub async fn a_look_ends_at_its_bound_and_goes_on(fixture: StoreFixture) {
    let wanted = fixture.enqueue_one(job().kind("rare").args(r#"{"n": 1}"#)).await;
    fixture.enqueue(jobs(60)).await;
    let second = fixture.enqueue_one(job().kind("rare").args(r#"{"n": 1}"#)).await;
    fixture.enqueue(jobs(60)).await;
    for filter in ["kind:rare", "args.n:1"] {
        let (mut found, mut before, mut looks, mut scanned) = (Vec::new(), None, 0, 0);
        loop {
            let part = look(&fixture, filter, Page { before, limit: 10 }, 20).await;
            found.extend(part.items.iter().map(|job| job.id));
            (looks, scanned) = (looks + 1, scanned + part.scanned);
            assert_eq!(part.complete, part.next.is_none(), "{filter}");
            let Some(next) = part.next else { break };
            before = Some(next);
        }
        assert_eq!(found, [second, wanted], "{filter}");
        assert_eq!(scanned, 122, "{filter}");
        assert!((6..=8).contains(&looks), "{filter}: {looks} looks");
    }
    let page = Page { before: None, limit: 1 };
    let full = look(&fixture, "kind:rare", page, 1_000).await;
    assert!(full.complete, "a full page has all that was asked for");
    assert_eq!(full.next, Some(second));
}

/// T22: what tags, subjects, states with few jobs and workers' ids name is looked up: what else is there does not count.
pub async fn what_few_jobs_have_is_looked_up(fixture: StoreFixture) {
    let due = fixture.enqueue_one(job().due_in(MINUTE)).await;
    let tagged = fixture.enqueue_one(job().tag("rare").args(r#"{"n": 1}"#)).await;
    let worker = fixture.start(worker().serving(&["mine"])).await;
    let dead = fixture.enqueue_one(job().queue("mine")).await;
    worker.run_one(die()).await;
    let running = fixture.enqueue_one(job().queue("mine")).await;
    worker.claim(1).await;
    fixture.enqueue(jobs(500)).await;
    let by_worker = format!("worker:{}", worker.id());
    for (filter, expected) in [
        ("tag:rare args.n:1", tagged),
        ("state:scheduled,retryable", due),
        ("state:dead error:*,a,e,i,o,u", dead),
        ("state:running", running),
        (&*by_worker, running),
    ] {
        let found = look(&fixture, filter, Page::default(), 20).await;
        let ids: Vec<JobId> = found.items.iter().map(|job| job.id).collect();
        assert_eq!(ids, [expected], "{filter}");
        assert!(found.complete && found.scanned <= 20, "{filter}: {}", found.scanned);
    }
}

/// S1: jobs are counted by any filter, and a count that reaches its bound says that it is not all.
pub async fn jobs_are_counted_by_a_filter(fixture: StoreFixture) {
    let worker = fixture.start(worker().knowing(&[("few", 1)])).await;
    fixture
        .enqueue((0..3).map(|n| job().kind("few").tag("few").args(&format!(r#"{{"n": {n}}}"#))))
        .await;
    for verdict in [complete(), die(), retry(MINUTE)] {
        worker.run_one(verdict).await;
    }
    fixture.enqueue(jobs(200)).await;
    for (filter, expected) in [
        ("", 203),
        ("kind:few", 3),
        ("kind:few -state:dead", 2),
        ("args.n:1,2", 2),
        ("tag:few args.n:7", 0),
        ("tag:few", 3),
    ] {
        assert_eq!(count(&fixture, filter, u64::MAX).await, (expected, true), "{filter}");
    }
    let (fits, complete) = count(&fixture, "kind:few", 50).await;
    assert!(!complete && fits == 0, "{fits} of the newest 50");
}
