//! Processes that read a source and are killed, frozen and stopped.

use std::time::Duration;

use tokio::time::timeout;
use windlass_core::event::EventRecord;
use windlass_core::source::SourceRecord;
use windlass_core::store::Now;
use windlass_testkit::fault::clock;
use windlass_testkit::fault::patience::eventually;
use windlass_testkit::fault::plan::{Action, Plan, Side, Verb};
use windlass_testkit::fault::process::Process;
use windlass_testkit::fault::process_fixture::ProcessFixture;
use windlass_testkit::fault::settings::Settings;

use super::on_both_stores;

on_both_stores! {
    each_record_is_there_once_however_often_its_reader_is_killed
    of_a_page_and_its_position_one_is_not_there_without_the_other
    who_was_frozen_writes_nothing_behind_others
    who_was_frozen_for_long_is_replaced
    who_is_stopped_gives_the_source_back_at_once
}

const RECORDS: u64 = 5_000;
/// For how long a process holds the source.
const HOLD: Duration = Duration::from_millis(900);

fn reads(fixture: &ProcessFixture, records: u64) -> Settings {
    Settings { feed: Some(records), ..fixture.settings() }
}

async fn source(fixture: &ProcessFixture) -> Option<SourceRecord> {
    fixture.store.source("feed").await.ok().flatten()
}

/// Waits until the source has been read so far.
async fn reached(fixture: &ProcessFixture, number: u64) -> SourceRecord {
    let is_there = |one: &SourceRecord| one.position.number >= Some(number);
    let look = || async { source(fixture).await.filter(is_there) };
    eventually(&format!("the source is read up to {number}"), look).await
}

/// All events of the feed, in the order of the log, once so many have their positions: a process that feeds may just give them.
async fn log(fixture: &ProcessFixture, events: u64) -> Vec<EventRecord> {
    let is_there = || async {
        fixture.store.sequence(1_000, Now::Database).await.expect("sequenced");
        let reached = fixture.store.event_log().await.expect("read").last;
        (reached >= events).then_some(())
    };
    eventually("all events have their positions", is_there).await;
    let mut log: Vec<EventRecord> = Vec::new();
    loop {
        let after = log.last().and_then(|one| one.position).unwrap_or_default();
        let next = fixture.store.events(after, 1_000).await.expect("read");
        if next.is_empty() {
            return log;
        }
        log.extend(next);
    }
}

fn number(event: &EventRecord) -> u64 {
    let given = event.given.as_deref().and_then(|id| id.parse().ok());
    given.expect("its number is its id")
}

/// Which process has read it.
fn process(event: &EventRecord) -> u32 {
    let data: serde_json::Value =
        serde_json::from_str(event.data.as_ref().expect("data").as_str()).expect("JSON");
    u32::try_from(data["process"].as_u64().expect("an id")).expect("an id")
}

/// Each record once, in order, and the position behind the last.
async fn is_whole(fixture: &ProcessFixture, records: u64) -> Vec<EventRecord> {
    let shown = reached(fixture, records).await;
    let log = log(fixture, records).await;
    let numbers: Vec<u64> = log.iter().map(number).collect();
    assert_eq!(numbers, (1..=records).collect::<Vec<_>>());
    assert_eq!(
        (shown.position.number, shown.imported, shown.repeated),
        (Some(records), records, 0)
    );
    log
}

/// O17: a process is killed at 20 random moments while it reads 5,000 records.
async fn each_record_is_there_once_however_often_its_reader_is_killed(fixture: ProcessFixture) {
    let settings = reads(&fixture, RECORDS);
    for nth in 0..20 {
        let mut process = fixture.ready(&settings).await;
        reached(&fixture, nth * 200 + fastrand::u64(1..=400)).await;
        process.kill().await;
    }
    let _last = fixture.ready(&settings).await;
    is_whole(&fixture, RECORDS).await;
}

/// O17: it is killed right before a page is written and right behind that, as its answer is lost.
async fn of_a_page_and_its_position_one_is_not_there_without_the_other(fixture: ProcessFixture) {
    for side in [Side::Before, Side::After] {
        for action in [Action::Abort, Action::Lose] {
            let plan = Plan { verb: Verb::Import, side, passage: 3, action };
            let armed = Settings { fault: Some(plan.to_string()), ..reads(&fixture, RECORDS) };
            let mut process = fixture.start(&armed);
            process.says(&format!("at {}", plan.point())).await;
            match action {
                Action::Abort => assert!(process.ended().await.is_none(), "it aborts"),
                _ => drop(process),
            }
        }
    }
    let _last = fixture.ready(&reads(&fixture, RECORDS)).await;
    is_whole(&fixture, RECORDS).await;
}

async fn frozen_at(fixture: &ProcessFixture, passage: u64) -> Process {
    let plan = Plan { verb: Verb::Import, side: Side::Before, passage, action: Action::Stop };
    let armed = Settings { fault: Some(plan.to_string()), ..reads(fixture, RECORDS) };
    let mut frozen = fixture.start(&armed);
    frozen.says(&format!("at {}", plan.point())).await;
    frozen
}

/// O16: of three processes the one that reads is frozen with a page in hand, for twice as long as it holds the source. Others go on, and
/// when it wakes its page is not written: the numbers rise by one, and no batch of one lies within that of another.
async fn who_was_frozen_writes_nothing_behind_others(fixture: ProcessFixture) {
    let frozen = frozen_at(&fixture, 10).await;
    let before = source(&fixture).await.expect("there is the source");
    let settings = reads(&fixture, RECORDS);
    let _others = [fixture.ready(&settings).await, fixture.ready(&settings).await];
    reached(&fixture, 2_000).await;
    frozen.wake();
    let log = is_whole(&fixture, RECORDS).await;
    let shown = source(&fixture).await.expect("there is the source");
    assert!(shown.epoch > before.epoch, "another one held it");
    let position = usize::try_from(before.position.number.expect("it has read")).expect("small");
    assert!(log[..position].iter().all(|event| process(event) == frozen.pid()));
    assert_ne!(process(&log[position]), frozen.pid(), "its page was not written");
    // A page is of one process.
    assert!(log.chunks(100).all(|page| page.iter().all(|one| process(one) == process(&page[0]))));
}

/// O16: of three processes the one that reads is frozen at whatever moment, for twice as long as it holds the source, and woken, three times.
/// The numbers in the log rise by one, each is there once, and what one process wrote is not within a page of another.
async fn who_was_frozen_for_long_is_replaced(fixture: ProcessFixture) {
    let records = 40_000;
    let settings = reads(&fixture, records);
    let processes = [
        fixture.ready(&settings).await,
        fixture.ready(&settings).await,
        fixture.ready(&settings).await,
    ];
    let mut frozen = 0;
    for nth in 1..=3 {
        let shown = reached(&fixture, nth * 2_000).await;
        let is_reader = |one: &&Process| {
            shown.holder.as_ref().is_some_and(|by| by.contains(&format!(":{}:", one.pid())))
        };
        let Some(reader) = processes.iter().find(is_reader) else { continue };
        reader.freeze();
        let (since, epoch) = (clock::now(), shown.epoch);
        let looks = || async { source(&fixture).await.filter(|one| one.epoch > epoch) };
        // On SQLite it may have the write lock, and nobody can go on then.
        let replaced = timeout(Duration::from_secs(3), eventually("it is replaced", looks)).await;
        let is_over =
            || async { (Duration::from_nanos(clock::now() - since) >= 2 * HOLD).then_some(()) };
        eventually("twice the hold is over", is_over).await;
        reader.wake();
        frozen += u32::from(shown.position.number < Some(records));
        println!("replaced while it was frozen: {}", replaced.is_ok());
    }
    assert!(frozen > 0, "none was frozen while there was something to read");
    let log = is_whole(&fixture, records).await;
    assert!(log.chunks(100).all(|page| page.iter().all(|one| process(one) == process(&page[0]))));
}

/// O20: a process that is stopped ends within 2 s, and another one has the source without waiting for the hold to end.
async fn who_is_stopped_gives_the_source_back_at_once(fixture: ProcessFixture) {
    let mut reader = fixture.ready(&reads(&fixture, 100)).await;
    reached(&fixture, 100).await;
    let asked = clock::now();
    reader.terminate();
    reader.ended().await;
    assert!(Duration::from_nanos(clock::now() - asked) < Duration::from_secs(2));
    let shown = source(&fixture).await.expect("there is the source");
    assert_eq!((shown.holder, shown.held_until), (None, None));
}
