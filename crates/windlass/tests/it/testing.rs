//! What tests of applications use.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use windlass::prelude::*;
use windlass::testing::{self, TestStore};
use windlass::{Outcome, State};

use crate::test_database::TestDatabase;

#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "testing.invite", queue = "mail", max_attempts = 2)]
struct Invite {
    guest: String,
    plus: u8,
}

impl Run<Arc<Guests>> for Invite {
    type Output = usize;

    async fn run(self, cx: &Context<Arc<Guests>>) -> Result<usize, JobError> {
        if self.guest == "nobody" {
            return Err("there is no such guest".into());
        }
        if self.guest == "the late" {
            return Err(JobError::snooze(Duration::from_secs(3_600)));
        }
        for _ in 0..self.plus {
            cx.enqueue(Invite { guest: format!("{}'s friend", self.guest), plus: 0 }).await?;
        }
        let mut invited = cx.app().invited.lock().expect("whole");
        invited.push(self.guest);
        Ok(invited.len())
    }
}

#[derive(Debug, Default)]
struct Guests {
    invited: std::sync::Mutex<Vec<String>>,
}

impl Guests {
    fn worker(self: &Arc<Self>, test: &TestStore) -> Worker<Arc<Self>> {
        Worker::new(test.store(), Arc::clone(self)).handle::<Invite>()
    }
}

fn invite(guest: &str, plus: u8) -> Invite {
    Invite { guest: guest.to_owned(), plus }
}

/// A handler is run by one call, and its attempt is real.
#[tokio::test]
async fn one_job_is_run_where_it_is_called() {
    let guests = Arc::new(Guests::default());
    assert_eq!(testing::run(invite("ada", 0), Arc::clone(&guests)).await.expect("invited"), 1);
    let error = testing::run(invite("nobody", 0), Arc::clone(&guests)).await.expect_err("refused");
    assert_eq!(error.message(), "there is no such guest");

    let test = TestStore::new().await;
    test.run(invite("ada", 2), guests).await.expect("invited");
    test.assert_enqueued::<Invite>(json!({ "guest": "ada's friend" })).await;
    test.refute_enqueued::<Invite>(json!({ "guest": "ada" })).await;
}

/// A drain runs what there is, what that enqueues, and, when the clock is moved, what is due by then.
#[tokio::test]
async fn a_drain_follows_the_clock_of_the_test() {
    let (test, guests) = (TestStore::new().await, Arc::new(Guests::default()));
    let client = test.client();
    client.enqueue(invite("ada", 2)).await.expect("written");
    client.enqueue(invite("nobody", 0)).await.expect("written");
    let later = invite("bob", 0).job().delay(Duration::from_secs(60));
    let later = client.enqueue(later).await.expect("written").id();
    let job = client.job(later).await.expect("read").expect("there");
    assert_eq!(job.run_at, test.clock().now().after(Duration::from_secs(60)));

    let drained = test.drain("mail", guests.worker(&test)).await;
    assert_eq!((drained.completed(), drained.failed().len()), (3, 1));
    assert_eq!(*guests.invited.lock().expect("whole"), ["ada", "ada's friend", "ada's friend"]);
    assert_eq!(test.drain("mail", guests.worker(&test)).await.attempts().len(), 0);
    assert_eq!(test.drain("other", guests.worker(&test)).await.attempts().len(), 0);

    test.advance(Duration::from_secs(60));
    let drained = test.drain("mail", guests.worker(&test)).await;
    let ends: Vec<_> = drained.attempts().iter().map(|ran| (ran.outcome, ran.attempt)).collect();
    assert!(ends.contains(&(Outcome::Ok, 1)) && ends.contains(&(Outcome::Error, 2)), "{ends:?}");
    let dead = test.assert_enqueued::<Invite>(invite("nobody", 0)).await;
    assert_eq!((dead.state, dead.failures), (State::Dead, 2));

    client.enqueue(invite("the late", 0)).await.expect("written");
    assert_eq!(
        test.drain("mail", guests.worker(&test)).await.attempts()[0].outcome,
        Outcome::Snoozed
    );
}

/// An assertion that fails shows the job that comes nearest, field by field.
#[tokio::test]
async fn a_failed_assertion_shows_the_nearest_job() {
    let test = TestStore::new().await;
    let client = test.client();
    let failed = |expected: serde_json::Value, client: Client| async move {
        let mut check = tokio::task::JoinSet::new();
        check.spawn(async move {
            testing::assert_enqueued::<Invite>(&client, expected).await;
        });
        let ended = check.join_next().await.expect("it was started");
        let panic = ended.expect_err("a failed assertion").into_panic();
        panic.downcast_ref::<String>().expect("a text").clone()
    };
    let text = failed(json!({ "guest": "ada" }), client.clone()).await;
    assert_eq!(
        text,
        "no `testing.invite` with {\"guest\":\"ada\"} was enqueued\nnothing was enqueued"
    );
    client.enqueue(invite("bob", 1)).await.expect("written");
    let id = client.enqueue(invite("ada", 1)).await.expect("written").id();
    let text = failed(json!({ "guest": "ada", "plus": 2 }), client.clone()).await;
    let expected = format!(
        "no `testing.invite` with {{\"guest\":\"ada\",\"plus\":2}} was enqueued\n\
         nearest of 2: {id} (available on mail)\n  plus: expected 2, found 1"
    );
    assert_eq!(text, expected);
}

/// A schema of its own on PostgreSQL: the client reaches it on the program's own transactions, and it is gone
/// with the test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_is_made_and_removed() {
    let database = TestDatabase::postgres();
    let pool = sqlx::PgPool::connect(&database.url()).await.expect("connected");
    let schemas = "select count(*) from pg_namespace where nspname like 'windlass_test_%'";
    let test = TestStore::postgres(&database.url()).await;
    let mut tx = pool.begin().await.expect("begun");
    test.client().within(&mut tx).enqueue(invite("ada", 0)).await.expect("written");
    tx.commit().await.expect("committed");
    let guests = Arc::new(Guests::default());
    assert_eq!(test.drain("mail", guests.worker(&test)).await.completed(), 1);
    let count = sqlx::query_scalar::<_, i64>(schemas).fetch_one(&pool).await.expect("counted");
    assert_eq!(count, 1);
    drop(test);
    let count = sqlx::query_scalar::<_, i64>(schemas).fetch_one(&pool).await.expect("counted");
    assert_eq!(count, 0);
}

#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "testing.finish", max_attempts = 1)]
struct Finish {
    commits: bool,
}

/// A job that finished in a transaction counts as what that transaction became.
#[tokio::test]
async fn a_transaction_that_did_not_commit_is_a_failure() {
    let test = TestStore::new().await;
    let path = test.path().expect("a file");
    let finish = async |job: Finish, cx: Context<std::path::PathBuf>| {
        let mut connection = rusqlite::Connection::open(cx.app())?;
        let tx = connection.transaction()?;
        cx.finish_in_blocking(&tx)?;
        if job.commits {
            tx.commit()?
        } else {
            tx.rollback()?
        }
        Ok::<_, JobError>(())
    };
    for (commits, completed) in [(true, 1), (false, 0)] {
        test.client().enqueue(Finish { commits }).await.expect("written");
        let worker = Worker::new(test.store(), path.clone()).handle_fn(finish);
        let drained = test.drain("default", worker).await;
        assert_eq!(drained.completed(), completed);
        assert_eq!(drained.failed().len(), 1 - completed);
    }
}

/// Each run is of the job it is given, whatever an earlier one left behind, and whenever that is due.
#[tokio::test]
async fn a_run_is_of_its_own_job() {
    let (test, guests) = (TestStore::new().await, Arc::new(Guests::default()));
    test.run(invite("nobody", 0), Arc::clone(&guests)).await.expect_err("refused");
    test.advance(Duration::from_secs(3_600));
    let later = invite("ada", 0).job().delay(Duration::from_secs(60));
    test.run(later, Arc::clone(&guests)).await.expect("invited");
    assert_eq!(*guests.invited.lock().expect("whole"), ["ada"]);
}
