//! What statements cost as a backlog grows, in steps of the database's machine: these, unlike
//! times, are the same on every machine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use uuid::Uuid;
use windlass_core::health::Thresholds;
use windlass_core::id::{LeaseId, WorkerId};
use windlass_core::job::{ClaimRequest, HandlerKey, Share, State};
use windlass_core::limits::LEASE;
use windlass_core::time::Timestamp;
use windlass_core::worker::Registration;

use crate::connection::migrate;
use crate::health;
use crate::job::claim;
use crate::job::count::counts_until;
use crate::maintenance::age;
use crate::worker::register;

const NOW: Timestamp = Timestamp::from_micros(1_000_000_000_000);

/// O33: a claim takes as many steps with 200,000 jobs waiting and as many scheduled as
/// with 1,000.
#[test]
fn a_claim_costs_the_same_whatever_the_backlog() {
    let [few, many] = [1_000, 200_000].map(|jobs| {
        let connection = filled(jobs);
        [10, 500].map(|most| steps(&connection, || claimed(&connection, most)))
    });
    println!("steps of a claim of 10 and 500 jobs: {few:?} of 1,000 and {many:?} of 200,000");
    for (few, many) in few.into_iter().zip(many) {
        assert!(many <= few + few / 10, "{many} steps instead of {few}");
    }
}

/// O33: an idle worker's look and its claim do not grow with jobs that are not due.
#[test]
fn a_claim_of_an_empty_queue_costs_next_to_nothing() {
    let connection = filled(200_000);
    let steps = steps(&connection, || assert_eq!(claimed_from(&connection, "empty", 10), 0));
    assert!(steps < 100, "{steps} steps");
}

/// O33, I-O4: a round of aging takes as many steps whatever the backlog, and next to none where no job has waited long enough.
#[test]
fn a_round_of_aging_costs_the_same_whatever_the_backlog() {
    const AGE: &str = "insert into windlass_queue_age (queue, every) values ('default', ?1)";
    let [few, many] = [10_000, 200_000].map(|jobs| {
        let connection = filled(jobs);
        [1_000_000_i64, 2_592_000_000_000].map(|every| {
            connection.execute("delete from windlass_queue_age", []).expect("taken away");
            connection.execute(AGE, [every]).expect("set");
            steps(&connection, || age::age(&connection, NOW).expect("done"))
        })
    });
    println!("steps of a round that raises jobs and of one that does not: {few:?} and {many:?}");
    assert!(many[0] <= few[0] + few[0] / 10 && many[1] < 500, "{few:?} and {many:?}");
}

/// O33: a count is broken off when its time is up, and says so.
#[test]
fn a_count_ends_in_time() {
    let connection = filled(20_000);
    let whole = counts_until(&connection, || true).expect("counted");
    let numbers = [State::Available, State::Scheduled].map(|state| whole.of(state));
    assert_eq!((whole.exact, numbers), (true, [20_000; 2]));
    let part = counts_until(&connection, || false).expect("counted");
    let numbers = [State::Available, State::Scheduled].map(|state| part.of(state));
    assert!(!part.exact && numbers.iter().all(|jobs| (1..20_000).contains(jobs)), "{numbers:?}");
}

/// O33: a look at what may be a problem does not grow with the backlog, nor with the number of lanes and other lines.
#[test]
fn a_look_at_health_costs_the_same_whatever_the_backlog() {
    const IN_LINE: &str = "update windlass_pending \
         set line = case run_at % 3 when 1 then 'l' || (run_at / 12) else 's' || (run_at / 12) || char(31) || 'work' end \
         where state = 2 and run_at % 3 > 0";
    const OTHERS: &str =
        "update windlass_pending set state = 3, failures = 5 where state = 1 and run_at % 2 = 0";
    let look = |connection: &Connection| {
        health::observe(connection, &Thresholds::default(), NOW).expect("observed");
    };
    let [few, many] = [60_000, 240_000].map(|jobs| {
        let connection = filled(jobs);
        connection.execute_batch(&format!("{IN_LINE}; {OTHERS};")).expect("in line");
        steps(&connection, || look(&connection))
    });
    println!("steps of a look: {few} of 60,000 and {many} of 240,000");
    assert!(many <= few + few / 10, "{many} steps instead of {few}");
}

/// A database with so many jobs available, and as many scheduled, and one worker.
fn filled(jobs: u32) -> Connection {
    const FILL: &str = "
        with recursive nth (n) as (select 1 union all select n + 1 from nth where n < ?1),
          both (n, state) as (select n, 2 from nth union all select n, 1 from nth)
        insert into windlass_pending (id, queue, kind, version, state, priority, run_at, created_at, args)
        select randomblob(16), 'default', 'work', 1, state, n % 3, n, n, 'null' from both";
    let connection = Connection::open_in_memory().expect("opened");
    migrate::migrate(&connection).expect("migrated");
    connection.execute(FILL, [jobs]).expect("filled");
    register::register(&connection, &registration(), NOW).expect("registered");
    connection
}

fn worker() -> WorkerId {
    WorkerId::from_uuid(Uuid::max())
}

fn registration() -> Registration {
    Registration {
        lives_with: windlass_core::worker::LivesWith::Process,
        worker: worker(),
        label: "cost".to_owned(),
        host: "here".to_owned(),
        pid: 1,
        build: "test".to_owned(),
        queues: vec!["default".to_owned()],
        handlers: [HandlerKey::new("work", 1)].into(),
        limits: Vec::new(),
        kind_limits: BTreeMap::new(),
        expected: BTreeMap::new(),
        slots: 1,
        kind_slots: BTreeMap::new(),
        lease: LEASE,
    }
}

fn claimed(connection: &Connection, most: usize) {
    assert_eq!(claimed_from(connection, "default", most), most);
}

fn claimed_from(connection: &Connection, queue: &str, most: usize) -> usize {
    let request = ClaimRequest {
        worker: worker(),
        lease: LeaseId::new(),
        shares: vec![Share { queue: queue.to_owned(), jobs: most }],
        jobs: most,
        bytes: usize::MAX,
        handlers: [HandlerKey::new("work", 1)].into(),
    };
    claim::claim(connection, &request, "cost", NOW).expect("claimed").jobs.len()
}

/// How many steps the database's machine takes for this.
fn steps<T>(connection: &Connection, work: impl FnOnce() -> T) -> u64 {
    let taken = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&taken);
    let count = move || {
        counter.fetch_add(1, Ordering::Relaxed);
        false
    };
    connection.progress_handler(1, Some(count)).expect("set");
    work();
    connection.progress_handler(0, None::<fn() -> bool>).expect("unset");
    taken.load(Ordering::Relaxed)
}
