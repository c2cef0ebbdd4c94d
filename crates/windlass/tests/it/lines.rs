//! Lanes, turns and limits: by the derive, by SQL, in callers' own transactions, and with workers that run.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use windlass::prelude::*;
use windlass::{Fair, JobRecord, Lane, Limit, LimitOn, Limited, State, StoreError, WhenDead};

use crate::test_database::{SOON, TestDatabase, connect, on_both_stores};

#[path = "../../examples/fair_thumbnails.rs"]
#[expect(dead_code, reason = "its main is the example's alone")]
mod fair_thumbnails;
#[path = "../../examples/server_provisioning.rs"]
#[expect(dead_code, reason = "its main is the example's alone")]
mod server_provisioning;
#[path = "../../examples/two_level_invoices.rs"]
#[expect(dead_code, reason = "its main is the example's alone")]
mod two_level_invoices;

on_both_stores! {
    /// C25, T32, T33: the example's servers: a teardown cancels what has not begun and refuses what comes.
    the_servers_of_the_example_are_not_set_up_after_their_teardown;
    /// O9: the example's tenants: three images are not behind a thousand, and no tenant has more than its limit.
    the_small_tenant_of_the_example_does_not_wait;
    /// T40: 100 of the example's invoices of 50 tasks, of which every tenth adds one, with eight workers: each has all of its tasks,
    /// one at a time and in order.
    the_invoices_of_the_example_are_in_order;
    /// T40: where nothing is claimed ahead, no invoice's next task comes later than after two turns of all.
    the_invoices_of_the_example_have_turns;
}

async fn the_servers_of_the_example_are_not_set_up_after_their_teardown(database: TestDatabase) {
    server_provisioning::run(database.open().await).await.expect("the story goes on");
}

async fn the_small_tenant_of_the_example_does_not_wait(database: TestDatabase) {
    fair_thumbnails::run(database.open().await).await.expect("all are done");
}

async fn the_invoices_of_the_example_are_in_order(database: TestDatabase) {
    let mut stores = Vec::new();
    for _ in 0..8 {
        stores.push(database.open().await);
    }
    let options = windlass::Options::default();
    let started =
        two_level_invoices::run(&stores, &options, 100, 50).await.expect("all are closed");
    assert_eq!(started.len(), 5_500);
    let last = |invoice| started.iter().rposition(|of| *of == invoice).expect("it had some") + 1;
    let lasts: Vec<usize> = (0..100).map(last).collect();
    let average = lasts.iter().sum::<usize>() / lasts.len();
    let latest = lasts.into_iter().max().expect("there are some");
    assert!(latest <= 2 * average, "the last of all is the {latest}th, {average} on average");
}

async fn the_invoices_of_the_example_have_turns(database: TestDatabase) {
    let [ours, theirs] = [database.open().await, database.open().await];
    let stores = [&ours, &theirs].repeat(4).into_iter().map(Arc::clone).collect::<Vec<_>>();
    let options = two_level_invoices::in_turns();
    let started = two_level_invoices::run(&stores, &options, 100, 5).await.expect("all are closed");
    assert_eq!(started.len(), 550);
    let wait = two_level_invoices::longest_wait(&started);
    assert!(wait <= 2 * 100, "an invoice waited for {wait} tasks");
}

#[derive(Serialize, Deserialize, Job)]
#[job(
    kind = "server.terminate",
    lane(by = [server], when_dead = "block", supersedes = ["server.provision"])
)]
struct Terminate {
    server: u32,
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "server.provision", lane(by = [server], refused_by = ["server.terminate"]))]
struct Provision {
    server: u32,
}

#[derive(Serialize, Deserialize, Job)]
#[job(
    kind = "img.thumbnail",
    fair(by = [tenant], weight = 3),
    limit(by = [tenant], running = 2, name = "img"),
    cost = 5
)]
struct Thumbnail {
    tenant: String,
}

/// C25, T33: the derive makes keys of fields, the same for kinds that name the same fields.
#[test]
fn the_derive_says_where_a_job_stands() {
    let meta = |draft: windlass::Draft<()>| draft.into_new_job().expect("it can be stored").meta;
    let terminate = meta(Terminate { server: 4 }.job().any_kind());
    let lane = Lane::by("server=4").block_when_dead().supersedes("server.provision");
    assert_eq!(terminate.lane.as_ref(), Some(&lane));
    assert_eq!(lane.when_dead(), WhenDead::Block);
    let provision = meta(Provision { server: 4 }.job().any_kind());
    assert_eq!(provision.lane.as_ref().expect("it has one").key(), lane.key());
    let thumbnail = meta(Thumbnail { tenant: "a".into() }.job().any_kind());
    assert_eq!(thumbnail.fair, Some(Fair::by("tenant=\"a\"").weight(3)));
    assert_eq!(thumbnail.limited, Some(Limited::by("tenant=\"a\"").running(2).named("img")));
    assert_eq!(thumbnail.cost, Some(5));
}

const BY_SQL: &str = "by sql";

/// Nine kinds: two rules with so many are too many.
fn nine() -> String {
    ["\"k\""; 9].join(", ")
}

fn path(database: &TestDatabase) -> std::path::PathBuf {
    database.url().trim_start_matches("sqlite:").into()
}

async fn found(client: &Client) -> Vec<JobRecord> {
    let mut jobs = client
        .jobs(&"kind:by.sql".parse().expect("a filter"), windlass::job::Page::default())
        .await
        .expect("listed");
    jobs.sort_by_key(|job| job.created_at);
    jobs
}

fn check_by_sql(jobs: &[JobRecord]) {
    let lanes: Vec<_> = jobs.iter().filter_map(|job| job.meta.lane.clone()).collect();
    let lane = Lane::by("a").block_when_dead();
    assert_eq!(lanes, [lane.clone(), lane.clone(), lane]);
    let fair = jobs.iter().find_map(|job| job.meta.fair.clone());
    assert_eq!(fair, Some(Fair::by("t").weight(2)));
    let limited = jobs.iter().find_map(|job| job.meta.limited.clone());
    assert_eq!(limited, Some(Limited::by("k").named("crm").running(3)));
    let lined = jobs.iter().find(|job| job.meta.limited.is_some()).expect("one is");
    assert_eq!(lined.meta.line, lined.meta.line_of(&lined.kind), "as the library writes it");
    assert_eq!(lined.meta.cost, Some(7));
}

/// One job of the lane was superseded, and the reason names the one that did it.
/// Reserved places that a limit of 20 cannot have.
const WRONG_RESERVED: [&str; 7] = [
    r#"{"welcome": 0}"#,
    r#"{"welcome": -1}"#,
    r#"{"welcome": 21}"#,
    r#"{"welcome": "five"}"#,
    r#"{"welcome": 1.5}"#,
    r#"{"no kind": 1}"#,
    "[5]",
];

async fn check_reserved(client: &Client) {
    let limits = client.limits().await.expect("listed");
    let mail = Limit::on(LimitOn::Queue("mail".into())).running(20).reserve("welcome", 5);
    assert_eq!(limits.iter().map(|record| &record.limit).collect::<Vec<_>>(), [&mail]);
}

async fn check_superseded(client: &Client, lane: &str) {
    let in_lane = |job: &&JobRecord| job.meta.lane.as_ref().is_some_and(|one| one.key() == lane);
    let jobs = found(client).await;
    let superseded: Vec<_> =
        jobs.iter().filter(in_lane).filter_map(|job| job.reason.as_ref()).collect();
    let by = jobs.iter().filter(in_lane).find(|job| job.meta.unique.is_some()).expect("written");
    assert_eq!(superseded, [&format!("superseded by by.sql {}", by.id.as_uuid())]);
}

/// T1, C25: by SQL on PostgreSQL the same lines, and bad input is refused with what is wrong.
#[tokio::test]
async fn lines_by_sql_on_postgres() {
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let sql = connect(&database).await;
    let enqueue = |options: &str| {
        let text = format!("select windlass.enqueue('by.sql', '{{}}', '{options}')");
        let sql = &sql.client;
        async move { sql.batch_execute(&text).await.map_err(|error| format!("{error:?}")) }
    };
    for _ in 0..3 {
        enqueue(r#"{"lane": "a", "when_dead": "block"}"#).await.expect("written");
    }
    let limited = r#"{"fair": "t", "weight": 2, "limit_key": "k", "limit_name": "crm", "limit_running": 3, "cost": 7}"#;
    enqueue(limited).await.expect("written");
    check_by_sql(&found(&client).await);
    for (options, wrong) in [
        (r#"{"when_dead": "block"}"#.to_owned(), "the key is missing"),
        (r#"{"lane": "a", "fair": "a"}"#.to_owned(), "not both"),
        (format!(r#"{{"lane": "{}"}}"#, "x".repeat(10_000)), "1 to 256 bytes"),
        (r#"{"limit_key": "k", "limit_running": 0}"#.to_owned(), "cannot be used"),
        (r#"{"lane": "a", "supersedes": "x"}"#.to_owned(), "are arrays"),
        (r#"{"lane": "a", "supersedes": ["no kind"]}"#.to_owned(), "16 kinds together"),
        (r#"{"lane": "a", "refused_by": [7]}"#.to_owned(), "16 kinds together"),
        (
            format!(r#"{{"lane": "a", "supersedes": [{k}], "refused_by": [{k}]}}"#, k = nine()),
            "16 kinds together",
        ),
        (r#"{"meta": {"lane": {"key": "a"}}}"#.to_owned(), "unknown option meta"),
    ] {
        let error = enqueue(&options).await.expect_err("it is refused");
        assert!(error.contains(wrong), "{error}");
    }
    let rules = r#"{"lane": "r", "refused_by": ["by.sql"]}"#;
    enqueue(rules).await.expect("nothing refuses it");
    assert!(enqueue(rules).await.expect_err("refused").contains("is refused in the lane"));
    let supersedes = r#"{"lane": "r", "supersedes": ["by.sql"], "unique_key": "r"}"#;
    enqueue(supersedes).await.expect("written");
    check_superseded(&client, "r").await;
    enqueue(r#"{"lane": "r"}"#).await.expect("written");
    enqueue(supersedes).await.expect("kept");
    check_superseded(&client, "r").await;
    let set = "select windlass.set_limit('kind:by.sql', '{\"running\": 4, \"rate\": 10, \"per\": \"1 minute\"}')";
    sql.client.batch_execute(set).await.expect("set");
    let limits = client.limits().await.expect("listed");
    let expected =
        Limit::on(LimitOn::Kind("by.sql".into())).running(4).rate(10, Duration::from_secs(60));
    assert_eq!(limits[0].limit, expected);
    let closed = sql.client.query_one("select windlass.close_breaker('kind:by.sql')", &[]).await;
    assert!(!closed.expect("asked").get::<_, bool>(0), "it has none that is open");
    let none = "select windlass.set_limit('kind:by.sql', '{\"running\": 0}')";
    sql.client.batch_execute(none).await.expect_err("a limit of none is refused");
    for part in ["per\": \"1s\"", "burst\": 3", "within\": \"1s\"", "open_for\": \"1s\""] {
        let set =
            format!("select windlass.set_limit('kind:by.sql', '{{\"running\": 1, \"{part}}}')");
        let refused = sql.client.batch_execute(&set).await.map_err(|error| format!("{error:?}"));
        assert!(refused.expect_err(part).contains("are of a rate"), "{part}");
    }
    sql.client.batch_execute("select windlass.remove_limit('kind:by.sql')").await.expect("removed");
    let set = |on: &str, options: &str| format!("select windlass.set_limit('{on}', '{options}')");
    let reserves = set("queue:mail", r#"{"running": 20, "reserve": {"welcome": 5}}"#);
    sql.client.batch_execute(&reserves).await.expect("set");
    check_reserved(&client).await;
    for wrong in WRONG_RESERVED {
        let options = format!(r#"{{"running": 20, "reserve": {wrong}}}"#);
        let refused = sql.client.batch_execute(&set("queue:mail", &options)).await;
        let refused = format!("{:?}", refused.expect_err(wrong));
        assert!(refused.contains("reserve"), "{wrong}: {refused}");
    }
    for (on, options) in [
        ("kind:mail", r#"{"running": 20, "reserve": {"welcome": 5}}"#),
        ("queue:mail", r#"{"rate": 20, "reserve": {"welcome": 5}}"#),
    ] {
        let refused = sql.client.batch_execute(&set(on, options)).await;
        let refused = format!("{:?}", refused.expect_err(on));
        assert!(refused.contains("of the limit of a queue"), "{refused}");
    }
    check_reserved(&client).await;
    sql.client.batch_execute("select windlass.remove_limit('queue:mail')").await.expect("removed");
    assert!(client.limits().await.expect("listed").is_empty());
}

/// T1, C25: by SQL on SQLite the same lines in the order of the inserts, and bad input is refused.
#[tokio::test]
async fn lines_by_sql_on_sqlite() {
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let sql = rusqlite::Connection::open(path(&database)).expect("opened");
    let enqueue = |columns: &str, values: &str| {
        let text = format!(
            "insert into windlass_enqueue (kind, args, {columns}) values ('by.sql', '\"{BY_SQL}\"', {values})"
        );
        sql.execute_batch(&text).map_err(|error| error.to_string())
    };
    for _ in 0..3 {
        enqueue("lane, when_dead", "'a', 'block'").expect("written");
    }
    let columns = "fair, weight, limit_key, limit_name, limit_running, cost";
    enqueue(columns, "'t', 2, 'k', 'crm', 3, 7").expect("written");
    let jobs = found(&client).await;
    check_by_sql(&jobs);
    let moments: Vec<_> = jobs.iter().map(|job| job.created_at).collect();
    assert!(moments[0] < moments[1] && moments[1] < moments[2], "{moments:?}");
    for (columns, values, wrong) in [
        ("when_dead", "'block'".to_owned(), "lane is missing"),
        ("lane, fair", "'a', 'a'".to_owned(), "not both"),
        ("lane", format!("'{}'", "x".repeat(10_000)), "1 to 256 bytes"),
        ("limit_key, limit_running", "'k', 0".to_owned(), "limit_running must be"),
        ("lane, supersedes", "'a', '{}'".to_owned(), "JSON arrays"),
        ("lane, supersedes", "'a', '[\"no kind\"]'".to_owned(), "16 kinds together"),
        ("lane, refused_by", "'a', '[7]'".to_owned(), "16 kinds together"),
        ("lane, refused_by", "'a', '['".to_owned(), "16 kinds together"),
        (
            "lane, supersedes, refused_by",
            format!("'a', '[{k}]', '[{k}]'", k = nine()),
            "16 kinds together",
        ),
        ("meta", "'{\"lane\": {\"key\": \"a\"}}'".to_owned(), "columns of their own"),
        ("meta", "'{\"fair\": {\"key\": \"a\"}}'".to_owned(), "columns of their own"),
        ("meta", "'{\"limited\": {\"key\": \"a\"}}'".to_owned(), "columns of their own"),
        ("meta, lane", "'{\"cost\": 3}', 'a'".to_owned(), "columns of their own"),
        ("meta", "'{\"line\": \"la\"}'".to_owned(), "columns of their own"),
    ] {
        let error = enqueue(columns, &values).expect_err("it is refused");
        assert!(error.contains(wrong), "{error}");
    }
    let rules = || enqueue("lane, refused_by", "'r', '[\"by.sql\"]'");
    rules().expect("nothing refuses it");
    assert!(rules().expect_err("refused").contains("refused in the lane"));
    let supersedes = || enqueue("lane, supersedes, unique_key", "'r', '[\"by.sql\"]', 'r'");
    supersedes().expect("written");
    check_superseded(&client, "r").await;
    enqueue("lane", "'r'").expect("written");
    supersedes().expect("kept");
    check_superseded(&client, "r").await;
    sql.execute_batch("insert into windlass_limit (target, running, rate, per) values ('kind:by.sql', 4, 10, 60000000)")
        .expect("set");
    let limits = client.limits().await.expect("listed");
    let expected =
        Limit::on(LimitOn::Kind("by.sql".into())).running(4).rate(10, Duration::from_secs(60));
    assert_eq!(limits[0].limit, expected);
    sql.execute_batch(
        "insert into windlass_breaker (gate, opened_at) values ('kby.sql', 0), ('kby.sqlx', 0); \
         insert into windlass_close_breaker (target) values ('kind:by.sql')",
    )
    .expect("closed");
    let left: String = sql
        .query_row("select group_concat(gate) from windlass_breaker", [], |row| row.get(0))
        .expect("counted");
    assert_eq!(left, "kby.sqlx", "that of another kind stays");
    let wrong = "insert into windlass_close_breaker (target) values ('by.sql')";
    assert!(sql.execute_batch(wrong).expect_err("refused").to_string().contains("kind:NAME"));
    let none = "insert into windlass_limit (target, running) values ('kind:by.sql', 0)";
    assert!(sql.execute_batch(none).expect_err("refused").to_string().contains("at least 1"));
    for part in ["per", "burst", "within", "open_for"] {
        let set = format!(
            "insert into windlass_limit (target, running, {part}) values ('kind:by.sql', 1, 2000)"
        );
        let refused = sql.execute_batch(&set).expect_err(part).to_string();
        assert!(refused.contains("are of a rate"), "{part}: {refused}");
    }
    sql.execute_batch("delete from windlass_limit where target = 'kind:by.sql'").expect("removed");
    let set = |on: &str, columns: &str, values: &str| {
        let set =
            format!("insert into windlass_limit (target, {columns}) values ('{on}', {values})");
        sql.execute_batch(&set).map_err(|error| error.to_string())
    };
    set("queue:mail", "running, reserve", "20, '{\"welcome\": 5}'").expect("set");
    check_reserved(&client).await;
    for wrong in WRONG_RESERVED.iter().chain(&["nothing"]) {
        let refused = set("queue:mail", "running, reserve", &format!("20, '{wrong}'"));
        let refused = refused.expect_err(wrong);
        assert!(refused.contains("reserve"), "{wrong}: {refused}");
    }
    for (on, columns) in [("kind:mail", "running, reserve"), ("queue:mail", "rate, reserve")] {
        let refused = set(on, columns, "20, '{\"welcome\": 5}'").expect_err(on);
        assert!(refused.contains("of the limit of a queue"), "{refused}");
    }
    check_reserved(&client).await;
    sql.execute_batch("delete from windlass_limit where target = 'queue:mail'").expect("removed");
    assert!(client.limits().await.expect("listed").is_empty());
}

/// T32, T1: the rules of a lane hold in callers' own transactions: of two that are open the second waits for the first.
#[tokio::test]
async fn a_lanes_rules_hold_between_open_transactions() {
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let (mut first, mut second) = (connect(&database).await, connect(&database).await);
    let first = first.client.transaction().await.expect("begun");
    let second = second.client.transaction().await.expect("begun");
    client.within(&first).enqueue(Terminate { server: 1 }).await.expect("written");
    let refused = {
        let mut within = client.within(&second);
        let mut enqueue = std::pin::pin!(within.enqueue(Provision { server: 1 }));
        tokio::select! {
            answer = &mut enqueue => panic!("{answer:?} before the first one ended"),
            () = crate::races::waits_for(&database, "advisory") => {}
        }
        first.commit().await.expect("committed");
        tokio::time::timeout(SOON, enqueue).await.expect("it goes on")
    };
    assert!(matches!(refused, Err(StoreError::LaneRefused { .. })), "{refused:?}");
    second.commit().await.expect("the transaction goes on");
    assert_eq!(client.counts().await.expect("counted").of(State::Available), 1);
}

/// T32, T33: a job is refused by one that is handed back at that moment: both its places are looked at in one look.
#[tokio::test]
async fn a_job_on_its_way_back_refuses_others() {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let client = Client::new(store.clone());
    client.enqueue(Terminate { server: 1 }).await.expect("written");
    let worker = windlass_testkit::worker::worker().knowing(&[("server.terminate", 1)]);
    let registration = worker.registration();
    store.register(&registration, windlass::store::Now::Database).await.expect("registered");
    let claim = windlass_testkit::worker::request(&registration, 1);
    let claimed = store.claim(&claim, windlass::store::Now::Database).await.expect("claimed");
    assert_eq!(claimed.jobs.len(), 1);
    let hands_back = "lock table windlass.lease; \
         with gone as (delete from windlass.lease returning jobs) \
         insert into windlass.pending (id, run_at, created_at, attempt, state, version, priority, queue, kind, args, meta, line) \
         select j.id, j.run_at, j.created_at, j.attempt, 2, j.version, j.priority, j.queue, j.kind, j.args, j.meta, \
                windlass.line_in(j.meta) from gone, unnest(gone.jobs) as j";
    let handing_back = crate::races::begun(&database, hands_back).await;
    let mut caller = connect(&database).await;
    let transaction = caller.client.transaction().await.expect("begun");
    let mut within = client.within(&transaction);
    let mut enqueue = std::pin::pin!(within.enqueue(Provision { server: 1 }));
    tokio::select! {
        answer = &mut enqueue => panic!("{answer:?} before it was handed back"),
        () = crate::races::waits_for(&database, "relation") => {}
    }
    handing_back.client.batch_execute("commit").await.expect("committed");
    let refused = tokio::time::timeout(SOON, enqueue).await.expect("it goes on");
    assert!(matches!(refused, Err(StoreError::LaneRefused { .. })), "{refused:?}");
}

/// T1, T32: the rules hold through every driver on SQLite.
#[tokio::test]
async fn a_lanes_rules_hold_through_every_driver_on_sqlite() {
    use sqlx::Connection as _;
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let waiting = client.enqueue(Provision { server: 1 }).await.expect("written").id();
    let url = format!("sqlite:{}", path(&database).display());
    let mut sqlx = sqlx::SqliteConnection::connect(&url).await.expect("connected");
    let mut tx = sqlx.begin_with("BEGIN IMMEDIATE").await.expect("begun");
    client.within(&mut tx).enqueue(Terminate { server: 1 }).await.expect("written");
    let refused = client.within(&mut tx).enqueue(Provision { server: 1 }).await;
    assert!(matches!(refused, Err(StoreError::LaneRefused { .. })), "{refused:?}");
    tx.commit().await.expect("committed");
    let superseded = client.job(waiting).await.expect("read").expect("it is there");
    assert_eq!(superseded.state, State::Cancelled);
    let mut rusqlite = rusqlite::Connection::open(path(&database)).expect("opened");
    let tx = rusqlite.transaction().expect("begun");
    let refused = client.within(&tx).enqueue_blocking(Provision { server: 1 });
    assert!(matches!(refused, Err(StoreError::LaneRefused { .. })), "{refused:?}");
    tx.commit().expect("committed");
}

/// What ran, as pairs of a lane and a number, in the order of the starts.
#[derive(Clone, Default)]
struct Ledger(Arc<Mutex<Vec<(u32, u32)>>>);

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "lane.step", lane(by = [lane]), max_attempts = 9)]
struct Step {
    lane: u32,
    number: u32,
}

async fn step(job: Step, cx: Context<Ledger>) -> Result<(), JobError> {
    if job.number % 10 == 3 && cx.attempt() == 1 {
        return Err(JobError::retry_after(Duration::from_millis(20), "once"));
    }
    cx.app().0.lock().expect("nobody panicked").push((job.lane, job.number));
    Ok(())
}

/// C25, I-O1: workers on several connections run each lane in its order, retries and all.
async fn lanes_run_in_order(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(store.clone());
    let steps = (0..20).flat_map(|number| (0..5).map(move |lane| Step { lane, number }));
    client.enqueue_all(steps).await.expect("written");
    let ledger = Ledger::default();
    let mut workers = Vec::new();
    for _ in 0..2 {
        let worker = Worker::new(database.open().await, ledger.clone()).handle_fn(step);
        workers.push(worker.start().await.expect("started"));
    }
    let all_done = async {
        while ledger.0.lock().expect("nobody panicked").len() < 100 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON * 4, all_done).await.expect("all have run");
    for worker in workers {
        worker.stop_within(Duration::from_secs(1)).await;
    }
    let ran = ledger.0.lock().expect("nobody panicked").clone();
    for lane in 0..5 {
        let numbers: Vec<u32> =
            ran.iter().filter(|(of, _)| *of == lane).map(|(_, number)| *number).collect();
        assert_eq!(numbers, (0..20).collect::<Vec<_>>(), "lane {lane}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lanes_run_in_order_on_sqlite() {
    lanes_run_in_order(TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lanes_run_in_order_on_postgres() {
    lanes_run_in_order(TestDatabase::postgres()).await;
}

/// O9: a limit that a worker declares holds from its start on, unless a person has set another.
#[tokio::test]
async fn a_worker_declares_limits() {
    for database in [TestDatabase::sqlite(), TestDatabase::postgres()] {
        let store = database.open().await;
        let client = Client::new(store.clone());
        let on = || LimitOn::Kind("lane.step".into());
        let start = async || {
            let worker = Worker::new(store.clone(), Ledger::default()).handle_fn(step);
            worker.limit(Limit::on(on()).running(3)).start().await.expect("started")
        };
        let worker = start().await;
        let running = async || client.limits().await.expect("listed")[0].limit.running;
        assert_eq!(running().await, Some(3));
        worker.stop_within(Duration::from_secs(1)).await;
        client.set_limit(&Limit::on(on()).running(8)).await.expect("set");
        start().await.stop_within(Duration::from_secs(1)).await;
        assert_eq!(running().await, Some(8));
    }
}
