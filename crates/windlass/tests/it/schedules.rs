//! Schedules through the engine, by SQL, and in the example of the nightly report.

use std::sync::Arc;
use std::time::Duration;

use windlass::prelude::*;
use windlass::schedule::{Cause, NextRun, Owner, RanNow};
use windlass::testing::TestStore;
use windlass::{Event, JobRecord, Missed, Overlap, Schedule, StartError, StoreError};

use crate::engine::described;
use crate::probes::{Gate, Okay, StoreFixture};
use crate::test_database::{SOON, TestDatabase, ended, event, on_both_stores};

#[path = "../../examples/nightly_report.rs"]
#[expect(dead_code, reason = "its main is the example's alone")]
mod nightly_report;

on_both_stores! {
    /// T49: a worker declares its schedule, fires it, and runs its jobs.
    a_declared_schedule_runs;
    /// T49: a schedule that cannot be is refused before anything runs.
    a_schedule_that_cannot_be_is_refused_at_the_start;
    /// O31: a run by hand is marked as one, and is not beside an unfinished job.
    a_run_by_hand_is_marked_and_keeps_the_overlap_policy;
    /// T49, X16: a schedule that SQL put is computed by the leader; SQL pauses, resumes and removes it.
    a_schedule_can_be_put_by_sql;
    /// T49: another rule by SQL forgets the run that waits by the one before it, as a declaration does; the same rule keeps it.
    another_rule_by_sql_forgets_the_run_that_waits;
}

fn every_second() -> Schedule {
    Schedule::every(Duration::from_secs(1))
}

async fn a_declared_schedule_runs(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let worker = described(&store, &StoreFixture::new(), 4).build("reports 1.0");
    let worker = worker.schedule("often", every_second(), Okay { number: 7 });
    let mut events = worker.events();
    let worker = worker.start().await.expect("the worker starts");
    for _ in 0..2 {
        event(&mut events, |event| matches!(event, Event::Fired { .. })).await;
        event(&mut events, |event| matches!(event, Event::Settled { .. })).await;
    }
    let record = client.schedule("often").await.expect("read").expect("declared");
    assert_eq!(
        (record.owner, record.changed_by.starts_with("reports 1.0 on ")),
        (Owner::Code, true)
    );
    let job = last_job(&client, "often").await;
    assert_eq!(job.output.map(|json| json.to_string()), Some("7".to_owned()));
    assert_eq!(job.origin.as_deref(), Some("schedule often"));
    worker.stop().await;
}

async fn last_job(client: &Client, name: &str) -> JobRecord {
    let record = client.schedule(name).await.expect("read").expect("there");
    ended(client, record.last_job.expect("it fired")).await
}

async fn a_schedule_that_cannot_be_is_refused_at_the_start(database: TestDatabase) {
    let store = database.open().await;
    let refused = async |schedules: Vec<(&str, Schedule)>| {
        let mut worker = described(&store, &StoreFixture::new(), 4);
        for (name, schedule) in schedules {
            worker = worker.schedule(name, schedule, Okay { number: 1 });
        }
        match worker.start().await {
            Err(StartError::Schedule(refusal)) => refusal.to_string(),
            Err(other) => panic!("another reason: {other}"),
            Ok(_) => panic!("it started"),
        }
    };
    let none = Schedule::every(Duration::ZERO);
    assert!(refused(vec![("a", none)]).await.contains("between one second"));
    assert!(refused(vec![("a b", every_second())]).await.contains("schedule `a b`"));
    let twice = vec![("a", every_second()), ("a", every_second())];
    assert!(refused(twice).await.contains("declared twice"));
    let late = Okay { number: 1 }.job().delay(Duration::from_secs(1));
    let late = described(&store, &StoreFixture::new(), 4).schedule("a", every_second(), late);
    assert!(matches!(late.start().await, Err(StartError::Schedule(_))));
    assert!(Client::new(store).schedules().await.expect("read").is_empty());
}

async fn a_run_by_hand_is_marked_and_keeps_the_overlap_policy(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store)).with_origin("ann");
    let yearly = Schedule::cron("@yearly").expect("a line");
    client.put_schedule("yearly", yearly.clone(), Gate {}).await.expect("put");
    let fixture = StoreFixture::new();
    let worker = crate::engine::worker(&store, &fixture, 4).await;
    let RanNow::Enqueued(job) = client.run_schedule_now("yearly").await.expect("answered") else {
        panic!("nothing runs yet")
    };
    let again = client.run_schedule_now("yearly").await.expect("answered");
    assert_eq!(again, RanNow::Unfinished(job));
    fixture.gate.add_permits(2);
    let cause = ended(&client, job).await.meta.schedule.clone().map(|one| one.cause);
    assert_eq!(cause, Some(Cause::Hand));
    client.pause_schedule("yearly", None).await.expect("paused");
    assert!(matches!(client.run_schedule_now("yearly").await, Ok(RanNow::Enqueued(_))));
    let none = client.run_schedule_now("monthly").await;
    assert!(matches!(none, Err(StoreError::NotFound { .. })), "{none:?}");
    let beside = yearly.overlap(Overlap::Allow);
    client.put_schedule("beside", beside, Gate {}).await.expect("put");
    for _ in 0..2 {
        assert!(matches!(client.run_schedule_now("beside").await, Ok(RanNow::Enqueued(_))));
    }
    fixture.gate.add_permits(2);
    worker.stop().await;
}

async fn a_schedule_can_be_put_by_sql(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let put = |name: &str, rule: &str| {
        if database.url().starts_with("sqlite:") {
            format!(
                "insert into windlass_put_schedule (name, rule, kind, args, zone) \
                     values ('{name}', '{rule}', 'probe.ok', '{{\"number\":5}}', 'Europe/Berlin')"
            )
        } else {
            format!(
                "select windlass.put_schedule('{name}', '{rule}', 'probe.ok', '{{\"number\":5}}', \
                     '{{\"zone\": \"Europe/Berlin\"}}')"
            )
        }
    };
    let act = |verb: &str, name: &str| {
        if database.url().starts_with("sqlite:") {
            format!("insert into windlass_{verb}_schedule (name) values ('{name}')")
        } else {
            format!("select windlass.{verb}_schedule('{name}')")
        }
    };
    database.sql(&put("often", "every 1s")).await.expect("put");
    database.sql(&put("broken", "at noon")).await.expect("its rule is read later");
    for wrong in [put("a b", "every 1s"), put("a", ""), put("a", &"x".repeat(300))] {
        let refused = database.sql(&wrong).await.expect_err(&wrong);
        assert!(refused.contains("windlass: "), "{refused}");
    }
    let record = client.schedule("often").await.expect("read").expect("there");
    assert_eq!((record.next, record.owner), (NextRun::ToCompute, Owner::Person));
    let described = described(&store, &StoreFixture::new(), 4);
    let mut events = described.events();
    let worker = described.start().await.expect("the worker starts");
    event(&mut events, |event| matches!(event, Event::Settled { .. })).await;
    let error = client.schedule("broken").await.expect("read").expect("there").error;
    assert!(error.is_some_and(|error| error.contains("at noon")));
    database.sql(&act("pause", "often")).await.expect("paused");
    assert!(client.schedule("often").await.expect("read").expect("there").paused_at.is_some());
    database.sql(&act("resume", "often")).await.expect("resumed");
    let resumed = event(&mut events, |event| matches!(event, Event::Fired { .. }));
    tokio::time::timeout(SOON, resumed).await.expect("it goes on");
    database.sql(&act("remove", "often")).await.expect("removed");
    assert!(client.schedule("often").await.expect("read").is_none());
    worker.stop().await;
}

async fn another_rule_by_sql_forgets_the_run_that_waits(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let is_sqlite = database.url().starts_with("sqlite:");
    let put = |rule: &str| match is_sqlite {
        true => format!(
            "insert into windlass_put_schedule (name, rule, kind) values ('a', '{rule}', 'probe.ok')"
        ),
        false => format!("select windlass.put_schedule('a', '{rule}', 'probe.ok')"),
    };
    let table = if is_sqlite { "windlass_schedule" } else { "windlass.schedule" };
    database.sql(&put("every 1h")).await.expect("put");
    let waits = format!("update {table} set queued_due_at = 5");
    database.sql(&waits).await.expect("a run waits");
    for (rule, is_kept) in [("every 1h", true), ("every 2h", false)] {
        database.sql(&put(rule)).await.expect("put");
        let record = client.schedule("a").await.expect("read").expect("there");
        assert_eq!(record.queued_due_at.is_some(), is_kept, "{rule}");
    }
}

/// O32, A27, T49: the example's report is made once for a night, and once for nights that were missed.
#[tokio::test]
async fn the_nightly_report_is_made_and_made_up_for() {
    let test = TestStore::new().await;
    let client = test.client();
    let drain = async || {
        let worker = nightly_report::worker(test.store()).expect("a schedule");
        test.drain("default", worker).await.completed()
    };
    assert_eq!(drain().await, 0);
    let next = async || {
        let nightly = client.schedule("nightly-report").await.expect("read").expect("declared");
        nightly.next_at().expect("it goes on")
    };
    let night = next().await;
    test.advance(night.since(test.clock().now()) + Duration::from_secs(1));
    assert_eq!(drain().await, 1);
    let report = last_job(&client, "nightly-report").await.output.expect("a report");
    assert!(report.as_str().contains(&night.to_string()), "{report}");
    test.advance(Duration::from_secs(4 * 86_400 + 3_600));
    assert_eq!(drain().await, 1, "one for four nights");
    let record = client.schedule("nightly-report").await.expect("read").expect("declared");
    assert_eq!((record.missed, record.definition.missed), (3, Missed::One));
}
