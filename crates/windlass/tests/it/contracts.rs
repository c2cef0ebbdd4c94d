//! What holds for jobs of every kind: one start and one end, a known origin, a defined end of what a deploy left behind, and
//! questions in SQL.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use windlass::batch::Batch;
use windlass::condition::{Ends, Waits};
use windlass::prelude::*;
use windlass::store::Now;
use windlass::{Draft, Event, Json, State, Timestamp};
use windlass_testkit::verdicts::{complete, die};
use windlass_testkit::worker::{request, settlement, worker};

use crate::test_database::{TestDatabase, connect, ended, event, on_both_stores};

on_both_stores! {
    /// A10: five kinds with an end of their own each, one without an output: every one starts once and has one final message.
    every_kind_starts_once_and_has_one_final_message;
    /// O10: the jobs that follow from one occurrence are listed by it, and each names it.
    what_follows_from_an_occurrence_is_linked_both_ways;
    /// O37: a hundred jobs of an older version run on a worker that upgrades them.
    jobs_of_an_older_version_are_upgraded;
    /// O37: on a worker that does not they are parked and told once, and run after a corrected deploy.
    jobs_of_a_version_that_nobody_knows_run_after_a_corrected_deploy;
    /// T28: the kinds that failed most often in a day, and when last, by the SQL of docs/sql.md.
    what_fails_most_is_asked_by_sql;
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "ends.value")]
struct Value {}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "ends.nothing")]
struct Nothing {}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "ends.dead")]
struct Dies {}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "ends.cancelled")]
struct Cancels {}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "ends.panic", max_attempts = 1)]
struct Panics {}

/// The final message of another job.
#[derive(Serialize, Deserialize, Job)]
#[job(kind = "ends.final")]
struct Final {}

async fn value(_: Value, _: Context) -> Result<u32, JobError> {
    Ok(7)
}

async fn nothing(_: Nothing, _: Context) -> Result<(), JobError> {
    Ok(())
}

async fn dies(_: Dies, _: Context) -> Result<(), JobError> {
    Err(JobError::dead("it cannot be done"))
}

async fn cancels(_: Cancels, _: Context) -> Result<(), JobError> {
    Err(JobError::discard("nobody wants it"))
}

async fn panics(_: Panics, _: Context) -> Result<(), JobError> {
    panic!("in the handler")
}

async fn finally(_: Final, _: Context) -> Result<(), JobError> {
    Ok(())
}

async fn every_kind_starts_once_and_has_one_final_message(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let kinds: [(Draft<()>, State); 5] = [
        (Value {}.job().any_kind(), State::Completed),
        (Nothing {}.job().any_kind(), State::Completed),
        (Dies {}.job().any_kind(), State::Dead),
        (Cancels {}.job().any_kind(), State::Cancelled),
        (Panics {}.job().any_kind(), State::Dead),
    ];
    let (mut written, mut finals) = (Vec::new(), Vec::new());
    for (draft, state) in kinds {
        let id = client.enqueue(draft).await.expect("written").id();
        let waits = Waits::all().job_ended("job", id, Ends::ANY);
        finals.push(client.enqueue(Final {}.job().waits(waits)).await.expect("written").id());
        written.push((id, state));
    }
    let worker = Worker::new(store, ()).handle_fn(value).handle_fn(nothing).handle_fn(dies);
    let worker = worker.handle_fn(cancels).handle_fn(panics).handle_fn(finally);
    let mut events = worker.events();
    let worker = worker.start().await.expect("it starts");
    for (id, state) in &written {
        assert_eq!(ended(&client, *id).await.state, *state);
    }
    for id in &finals {
        assert_eq!(ended(&client, *id).await.state, State::Completed);
    }
    // One more job ends at last, so that all events of the others have come.
    let last = client.enqueue(Nothing {}).await.expect("written").id();
    let (mut started, mut settled) = (Vec::new(), Vec::new());
    while settled.last() != Some(&last) {
        match event(&mut events, |_| true).await {
            Event::Started { job, .. } => started.push(job),
            Event::Settled { job, .. } => settled.push(job),
            _ => {}
        }
    }
    for id in written.iter().map(|(id, _)| id).chain(&finals) {
        let times = |events: &[JobId]| events.iter().filter(|one| *one == id).count();
        assert_eq!((times(&started), times(&settled)), (1, 1));
    }
    worker.stop().await;
}

async fn what_follows_from_an_occurrence_is_linked_both_ways(database: TestDatabase) {
    let client = Client::new(database.open().await).with_origin("webhook 4711");
    let followed =
        [Value {}.job().any_kind(), Nothing {}.job().any_kind(), Dies {}.job().any_kind()];
    let ids = followed.each_ref().map(|_| JobId::new());
    let followed = followed.into_iter().zip(ids).map(|(draft, id)| with_id(draft, id));
    let occurrence = Batch::new().key("webhook-4711").jobs(followed);
    let occurrence = client.start(occurrence).await.expect("written").id();
    let members = client.members(occurrence, None, 9).await.expect("listed");
    assert_eq!(members.iter().map(|one| one.job).collect::<Vec<_>>(), ids);
    for id in ids {
        let job = client.job(id).await.expect("read").expect("there");
        let member = job.meta.member.as_ref().expect("it is in one");
        assert_eq!(member.batch, occurrence);
        assert_eq!(job.origin.as_deref(), Some("webhook 4711"));
    }
}

fn with_id(draft: Draft<()>, id: JobId) -> windlass::NewJob {
    let job = draft.into_new_job().expect("it can be stored");
    windlass::NewJob { id, identity: windlass::job::Identity::Given, ..job }
}

/// As it was enqueued before the deploy.
#[derive(Serialize, Deserialize, Job)]
#[job(kind = "mail.send")]
struct Before {
    to: String,
}

/// After it, without a way from the version before.
#[derive(Serialize, Deserialize, Job)]
#[job(kind = "mail.send", version = 2)]
struct Without {
    to: String,
    subject: String,
}

/// After it, with one.
#[derive(Serialize, Deserialize, Job)]
#[job(kind = "mail.send", version = 2, upgrade = from_before)]
struct After {
    to: String,
    subject: String,
}

fn from_before(_: u16, args: &Json) -> Result<After, JobError> {
    let Before { to } = args.read()?;
    Ok(After { to, subject: "news".to_owned() })
}

async fn without(job: Without, _: Context) -> Result<String, JobError> {
    Ok(format!("{} to {}", job.subject, job.to))
}

async fn after(job: After, _: Context) -> Result<String, JobError> {
    Ok(format!("{} to {}", job.subject, job.to))
}

async fn a_hundred_before(client: &Client) -> Vec<JobId> {
    let before = (0..100).map(|number| Before { to: number.to_string() });
    let written = client.enqueue_all(before).await.expect("written");
    written.into_iter().map(|one| one.id()).collect()
}

async fn check_sent(client: &Client, ids: &[JobId]) {
    for (number, id) in ids.iter().enumerate() {
        let job = ended(client, *id).await;
        assert_eq!((job.state, job.version, job.failures), (State::Completed, 1, 0));
        assert_eq!(job.output.expect("it has one").as_str(), format!("\"news to {number}\""));
    }
}

async fn jobs_of_an_older_version_are_upgraded(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let ids = a_hundred_before(&client).await;
    let worker = Worker::new(store, ()).handle_fn(after).start().await.expect("it starts");
    check_sent(&client, &ids).await;
    worker.stop().await;
}

async fn jobs_of_a_version_that_nobody_knows_run_after_a_corrected_deploy(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let ids = a_hundred_before(&client).await;
    let wrong = Worker::new(Arc::clone(&store), ()).handle_fn(without);
    let wrong = wrong.start().await.expect("it starts");
    // What `windlass doctor` tells of it.
    let told = async || {
        let groups = client.unserved().await.expect("asked");
        groups.into_iter().map(|one| (one.kind, one.version, one.jobs)).collect::<Vec<_>>()
    };
    for _ in 0..2 {
        store.tidy(Now::Database).await.expect("tidied");
        assert_eq!(client.counts().await.expect("counted").of(State::Waiting), 100);
        assert_eq!(told().await, [("mail.send".to_owned(), 1, 100)], "all are told as one");
    }
    let job = client.job(ids[0]).await.expect("read").expect("there");
    assert_eq!(job.reason.as_deref(), Some("no live worker knows mail.send@1"));
    let right = Worker::new(store, ()).handle_fn(after).start().await.expect("it starts");
    check_sent(&client, &ids).await;
    assert_eq!(told().await, [], "and it is over");
    wrong.stop().await;
    right.stop().await;
}

const FAILS_MOST_ON_POSTGRES: &str = "\
select kind, count(*) as failures, max(ended_at) as last_at from windlass.attempt
where outcome in ('error', 'timeout', 'panic', 'lost') and ended_at > now() - interval '24 hours'
  and job_open_until > now() - interval '24 hours'
group by kind order by failures desc, kind limit 5;";
const FAILS_MOST_ON_SQLITE: &str = "\
select kind, count(*) as failures, max(ended_at) as last_at from windlass_attempt
where outcome in ('error', 'timeout', 'panic', 'lost') and ended_at > (unixepoch() - 86400) * 1000000
  and job_open_until > (unixepoch() - 86400) * 1000000
group by kind order by failures desc, kind limit 5;";

async fn what_fails_most_is_asked_by_sql(database: TestDatabase) {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sql.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let last_at = failed_history(&database).await;
    let found: Vec<(String, i64, i64)> = match database.url().strip_prefix("sqlite:") {
        Some(path) => {
            assert!(page.contains(FAILS_MOST_ON_SQLITE), "the page has another one");
            let sql = rusqlite::Connection::open(path).expect("opened");
            let mut asked = sql.prepare(FAILS_MOST_ON_SQLITE).expect("a query");
            let rows = asked.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
            rows.expect("asked").collect::<Result<_, _>>().expect("read")
        }
        None => {
            assert!(page.contains(FAILS_MOST_ON_POSTGRES), "the page has another one");
            let asked = FAILS_MOST_ON_POSTGRES.trim_end_matches(';');
            let micros = format!(
                "select kind, failures::int8, (extract(epoch from last_at) * 1000000)::int8 from ({asked}) as most"
            );
            let rows = connect(&database).await.client.query(&micros, &[]).await.expect("asked");
            rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
        }
    };
    let expected: Vec<_> =
        (1..=5).map(|nth| (format!("kind.{nth}"), 7 - nth, last_at.as_micros())).collect();
    assert_eq!(found, expected);
}

/// Kind 1 fails six times, kind 2 five times and so on, and each is once completed; of another kind nine jobs failed two days
/// ago. The moment of all that is not two days ago.
async fn failed_history(database: &TestDatabase) -> Timestamp {
    let store = database.open().await;
    let now = Timestamp::wall_clock();
    let names: Vec<String> = (0..=6).map(|nth| format!("kind.{nth}")).collect();
    let known: Vec<_> = names.iter().map(|name| (name.as_str(), 1)).collect();
    let registration = worker().knowing(&known).registration();
    let day = std::time::Duration::from_secs(86_400);
    let long_ago = Timestamp::from_micros(now.as_micros() - 2 * day.as_micros() as i64);
    for (kinds, at) in [(0..=0_usize, long_ago), (1..=6, now)] {
        store.register(&registration, Now::At(at)).await.expect("registered");
        let jobs: Vec<_> = kinds
            .flat_map(|kind| {
                let failing = if kind == 0 { 9 } else { 7 - kind };
                (0..failing + usize::from(kind > 0)).map(move |nth| (kind, nth < failing))
            })
            .map(|(kind, fails)| {
                let args = Json::args_of(&fails).expect("JSON");
                windlass::NewJob::new(names[kind].clone(), args)
            })
            .collect();
        store.enqueue(&jobs, Now::At(at)).await.expect("written");
        let batch = store.claim(&request(&registration, 100), Now::At(at)).await.expect("claimed");
        assert_eq!(batch.jobs.len(), jobs.len());
        let ends: Vec<_> = (0..batch.jobs.len())
            .map(|nth| {
                let fails = batch.jobs[nth].args.as_str() == "true";
                settlement(&batch, nth, if fails { die() } else { complete() })
            })
            .collect();
        store.settle(registration.worker, &ends, Now::At(at)).await.expect("settled");
    }
    now
}
