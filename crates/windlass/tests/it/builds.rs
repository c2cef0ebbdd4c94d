//! Minimum builds: old workers take no new work and end what they run.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use windlass::prelude::*;
use windlass::store::{Now, Store};
use windlass::worker::{MinimumBuild, Quiet};
use windlass::{Event, Health, Options, State};

use crate::engine::described;
use crate::probes::{Gate, Okay, StoreFixture};
use crate::test_database::{SOON, TestDatabase, connect, ended, event, heartbeats, on_both_stores};

on_both_stores! {
    /// T46: a worker that registers below the minimum claims nothing, however often it looks; a newer one does.
    a_worker_that_starts_below_the_minimum_claims_nothing;
    /// T46: one that runs hears of it at once, whichever process asks, ends what it runs, and goes on once it may. A
    /// person who resumes it does not undo it.
    a_running_worker_drains_below_a_new_minimum_and_goes_on_without_it;
    /// T46: a worker that lost its lease comes back as one that is below the minimum.
    a_worker_that_registers_again_is_held_back;
}

fn minimum(build: &str) -> MinimumBuild {
    MinimumBuild::new(build).expect("a minimum")
}

/// Sweeps and heartbeats of its own are hours away.
fn patient() -> Options {
    let hour = Duration::from_secs(3_600);
    Options { sweep: hour, heartbeat: hour, lease: 3 * hour, ..Options::default() }
}

/// Waits until the worker is held back by this, or by nothing.
async fn held(changes: &mut watch::Receiver<Option<MinimumBuild>>, by: Option<&str>) {
    let fits =
        |told: &Option<MinimumBuild>| told.as_ref().map(ToString::to_string).as_deref() == by;
    let told = tokio::time::timeout(SOON, changes.wait_for(fits)).await;
    told.expect("it is told soon").expect("the worker lives");
}

async fn a_worker_that_starts_below_the_minimum_claims_nothing(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let shop = minimum("shop 2.14").note("new columns");
    client.require_build(&shop).await.expect("set");
    let id = client.enqueue(Okay { number: 1 }).await.expect("written").id();
    let often = Duration::from_millis(20);
    let options = Options { heartbeat: often, poll: often, ..Options::default() };
    let old = described(&store, &StoreFixture::new(), 4).build("shop 2.13.9").options(options);
    let old = old.start().await.expect("the worker starts");
    assert_eq!((old.held_back(), old.is_quiet()), (Some(shop), true));
    assert_eq!(old.health(), Health::Working);
    heartbeats(&store, 5).await;
    assert_eq!(old.stats().claims(), 0, "claims below the minimum");
    let job = client.job(id).await.expect("read").expect("there");
    assert_eq!((job.state, job.attempt), (State::Available, 0));
    let new = described(&store, &StoreFixture::new(), 4).build("shop 2.14.0");
    let new = new.start().await.expect("the worker starts");
    assert_eq!(ended(&client, id).await.worker.as_deref(), Some(new.label()));
    old.stop().await;
    new.stop().await;
}

async fn a_running_worker_drains_below_a_new_minimum_and_goes_on_without_it(
    database: TestDatabase,
) {
    let (ours, theirs) = (database.open().await, database.open().await);
    let client = Client::new(ours);
    let fixture = StoreFixture::new();
    let worker = described(&theirs, &fixture, 4).build("shop 2.13.9").options(patient());
    let worker = worker.start().await.expect("the worker starts");
    let (mut events, mut changes) = (worker.events(), worker.held_back_changes());
    let runs = client.enqueue(Gate {}).await.expect("written").id();
    event(&mut events, |event| matches!(event, Event::Started { .. })).await;

    client.require_build(&minimum("shop 2.14")).await.expect("set");
    held(&mut changes, Some("shop 2.14")).await;
    assert!(worker.is_quiet());
    let claims = worker.stats().claims();
    let waits = client.enqueue(Okay { number: 1 }).await.expect("written").id();
    let itself = client.workers().await.expect("listed").remove(0);
    assert_eq!(itself.held_back, Some(minimum("shop 2.14")));
    // A wish to go on and a stricter minimum come together.
    assert!(client.quiet(itself.id, Quiet::Off).await.expect("asked"));
    client.require_build(&minimum("shop 3")).await.expect("set");
    held(&mut changes, Some("shop 3")).await;
    worker.resume();
    fixture.gate.add_permits(1);
    assert_eq!(ended(&client, runs).await.state, State::Completed, "what ran has gone on");
    assert!(worker.is_quiet());
    assert_eq!(worker.stats().claims(), claims, "claims below the minimum");
    let job = client.job(waits).await.expect("read").expect("there");
    // A claim that was under way may have brought it: then it went back, and did not run.
    assert_eq!((job.state, job.failures, job.history.len()), (State::Available, 0, 0));

    client.require_build(&minimum("shop 2.13")).await.expect("lowered");
    held(&mut changes, None).await;
    assert_eq!(ended(&client, waits).await.state, State::Completed);
    client.require_build(&minimum("shop 2.14")).await.expect("raised");
    held(&mut changes, Some("shop 2.14")).await;
    let waits = client.enqueue(Okay { number: 2 }).await.expect("written").id();
    assert!(client.allow_builds("shop").await.expect("removed"));
    assert_eq!(ended(&client, waits).await.state, State::Completed);
    worker.stop().await;
}

async fn a_worker_that_registers_again_is_held_back(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let often = Duration::from_millis(20);
    let options = Options { heartbeat: often, poll: often, ..Options::default() };
    let worker = described(&store, &StoreFixture::new(), 4).build("shop 2.13").options(options);
    let worker = worker.start().await.expect("the worker starts");
    let (mut events, mut changes) = (worker.events(), worker.held_back_changes());
    let id = client.workers().await.expect("listed")[0].id;
    client.require_build(&minimum("shop 2.14")).await.expect("set");
    held(&mut changes, Some("shop 2.14")).await;
    store.leave(id, Now::Database).await.expect("taken off the list");
    event(&mut events, |event| *event == Event::Registered).await;
    let claims = worker.stats().claims();
    let waits = client.enqueue(Okay { number: 1 }).await.expect("written").id();
    heartbeats(&store, 3).await;
    assert_eq!(worker.stats().claims(), claims, "claims below the minimum");
    assert_eq!(client.job(waits).await.expect("read").expect("there").attempt, 0);
    worker.stop().await;
}

/// Bad input: a build that no store could keep is refused before anything is written.
#[tokio::test]
async fn a_worker_whose_build_cannot_be_kept_does_not_start() {
    let store = TestDatabase::sqlite();
    let store = store.open().await;
    let worker = described(&store, &StoreFixture::new(), 1).build("shop\0 2.14");
    let refused = worker.start().await.expect_err("refused").to_string();
    assert!(refused.starts_with("a worker's build has a NUL character at byte 4"), "{refused}");
}

const WRONG: [&str; 8] =
    ["", "shop", "2.14.0", "shop dev", "shop 2.", "shop 2..1", "shop 2.14rc1", "sh\nop 2.1"];

/// T46, X16: minimum builds are set and removed by SQL too, by the same rules.
#[tokio::test]
async fn the_sqlite_view_takes_minimum_builds() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let connection = rusqlite::Connection::open(path).expect("opened");
    let insert = "insert into windlass_required_build (build, note) values (?1, ?2)";
    let set = |build: &str, note: Option<&str>| connection.execute(insert, (build, note));
    set(" shop  v2.14.0-rc.1+5e2a ", Some("new columns")).expect("set");
    set("windlass work 0.1", None).expect("set");
    check_set_by_sql(&*store).await;
    for wrong in WRONG.into_iter().map(str::to_owned).chain([format!("{} 1", "x".repeat(10_000))]) {
        let refused = set(&wrong, None).expect_err("refused").to_string();
        assert!(refused.contains("windlass: a minimum build is"), "{wrong:?}: {refused}");
    }
    assert!(connection.execute(insert, (None::<String>, "none")).is_err());
    set("shop 3", Some(&"x".repeat(1_025))).expect_err("a long note");
    for number in 2..windlass::limits::MINIMUM_BUILDS {
        set(&format!("program-{number} 1"), None).expect("set");
    }
    let refused = set("one more 1", None).expect_err("refused").to_string();
    assert!(refused.contains("windlass: there are minimum builds of 100 programs"), "{refused}");
    connection.execute("delete from windlass_required_build", []).expect("removed");
    assert_eq!(store.required_builds().await.expect("listed"), []);
}

/// T46, X16: so they are on PostgreSQL, by functions.
#[tokio::test]
async fn the_sql_function_takes_minimum_builds() {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let connection = connect(&database).await;
    let set = async |build: Option<&str>, note: Option<&str>| {
        let sql = "select windlass.require_build($1, $2)";
        let set = connection.client.execute(sql, &[&build, &note]).await;
        set.map_err(|error| error.as_db_error().expect("of the database").message().to_owned())
    };
    set(Some(" shop  v2.14.0-rc.1+5e2a "), Some("new columns")).await.expect("set");
    set(Some("windlass work 0.1"), None).await.expect("set");
    check_set_by_sql(&*store).await;
    for wrong in WRONG.into_iter().map(str::to_owned).chain([format!("{} 1", "x".repeat(10_000))]) {
        let refused = set(Some(&wrong), None).await.expect_err("refused");
        assert!(refused.contains("is not a minimum build"), "{wrong:?}: {refused}");
    }
    set(None, None).await.expect_err("nothing");
    set(Some("shop 3"), Some(&"x".repeat(1_025))).await.expect_err("a long note");
    for number in 2..windlass::limits::MINIMUM_BUILDS {
        set(Some(&format!("program-{number} 1")), None).await.expect("set");
    }
    let refused = set(Some("one more 1"), None).await.expect_err("refused");
    assert_eq!(refused, "windlass: there are minimum builds of 100 programs already");
    let allowed = "select windlass.allow_builds('shop'), windlass.allow_builds('shop')";
    let row = connection.client.query_one(allowed, &[]).await.expect("removed");
    assert_eq!((row.get(0), row.get(1)), (true, false));
    let left = store.required_builds().await.expect("listed").len();
    assert_eq!(left, windlass::limits::MINIMUM_BUILDS - 1);
}

async fn check_set_by_sql(store: &dyn Store) {
    let listed = store.required_builds().await.expect("listed");
    let told: Vec<_> =
        listed.iter().map(|one| (one.minimum.to_string(), one.minimum.note.as_deref())).collect();
    let shop = ("shop 2.14.0".to_owned(), Some("new columns"));
    assert_eq!(told, [shop, ("windlass work 0.1".to_owned(), None)]);
    let now = windlass::Timestamp::wall_clock();
    assert!(now.since(listed[0].set_at) < SOON, "{}", listed[0].set_at);
}
