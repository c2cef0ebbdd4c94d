//! Handlers that panic, spin, hang and sleep.

use std::collections::HashMap;
use std::time::Duration;

use windlass_core::id::JobId;
use windlass_core::job::{Outcome, State};
use windlass_testkit::draft::{job, jobs};
use windlass_testkit::fault::clock;
use windlass_testkit::fault::process::Process;
use windlass_testkit::fault::process_fixture::ProcessFixture;
use windlass_testkit::fault::settings::Settings;
use windlass_testkit::history::record::{Event, Record};

use super::on_both_stores;

on_both_stores! {
    panics_are_failures_and_the_worker_goes_on
    what_runs_too_long_is_timed_out_and_its_slot_comes_back
    exactly_as_many_run_as_there_are_slots
    handlers_longer_than_their_lease_run_once
    a_timeout_may_be_longer_than_the_lease
    jobs_that_block_every_thread_do_not_cost_the_lease
}

/// C12: a hundred panics among a hundred others on four slots.
async fn panics_are_failures_and_the_worker_goes_on(fixture: ProcessFixture) {
    let kinds = ["ok", "panic"].into_iter().cycle().take(200);
    fixture.enqueue(kinds.map(|kind| job().kind(kind).max_attempts(1))).await;
    let mut worker = fixture.ready(&Settings { slots: 4, ..fixture.settings() }).await;
    let counts = fixture.drained().await;
    assert_eq!((counts.of(State::Completed), counts.of(State::Dead)), (100, 100));
    let ended = fixture.history().await.ended;
    for record in ended.iter().filter(|record| record.state == State::Dead) {
        let [attempt] = &record.history[..] else { panic!("one attempt: {record:?}") };
        assert_eq!(attempt.outcome, Outcome::Panic);
        let error = attempt.error.as_deref().unwrap_or_default();
        assert!(error.contains("the probe panics"), "{error}");
    }
    worker.terminate();
    assert_eq!(worker.ended().await, Some(0), "the process lived on");
    fixture.judge().await;
}

/// T14: a spinning and a hanging handler; others go on beside them and in their slots, and the
/// lease is renewed all the while.
async fn what_runs_too_long_is_timed_out_and_its_slot_comes_back(fixture: ProcessFixture) {
    let kinds = ["spin", "hang"];
    let long = fixture.enqueue(kinds.map(|kind| job().kind(kind).max_attempts(1))).await;
    let settings = Settings { slots: 2, timeout: Duration::from_secs(1), ..fixture.settings() };
    let worker = fixture.ready(&settings).await;
    fixture.starts(2).await;
    fixture.enqueue(jobs(10).map(|job| job.kind("ok"))).await;
    let counts = fixture.drained().await;
    assert_eq!((counts.of(State::Completed), counts.of(State::Dead)), (10, 2));
    for id in long {
        let record = fixture.job(id).await;
        let [attempt] = &record.history[..] else { panic!("one attempt: {record:?}") };
        assert_eq!(attempt.outcome, Outcome::Timeout);
        let started = attempt.started_at.expect("it started");
        let ran = attempt.ended_at.expect("it ended").since(started);
        println!("timed out after {ran:?}");
        assert!(ran >= settings.timeout && ran < settings.timeout * 2, "{ran:?}");
    }
    let starts = fixture.started();
    assert!(starts.iter().all(|start| start.process == worker.pid()), "nobody took over");
    fixture.judge().await;
}

/// E7: seven slots, a thousand jobs of 50 ms, and no handler more, nor fewer than 6.5 on average.
async fn exactly_as_many_run_as_there_are_slots(fixture: ProcessFixture) {
    const SLOTS: usize = 7;
    fixture.enqueue(jobs(1_000).map(|job| job.kind("sleep").args("50"))).await;
    let _worker =
        fixture.ready(&Settings { slots: SLOTS, prefetch: 1_000, ..fixture.settings() }).await;
    fixture.drained().await;
    let (most, mean) = overlap(&fixture);
    println!("at most {most} at once, {mean:.2} on average");
    assert_eq!(most, SLOTS);
    assert!(mean >= 6.5, "{mean}");
    fixture.judge().await;
}

/// E6, E9: two slots, and handlers that outlast their lease four times over. What was claimed ahead of
/// them is handed back, what runs is renewed so that no rival takes it, and nothing runs twice.
async fn handlers_longer_than_their_lease_run_once(fixture: ProcessFixture) {
    const SLOTS: usize = 2;
    const AHEAD: usize = 20;
    let settings = Settings { slots: SLOTS, prefetch: AHEAD, ..fixture.settings() };
    let worker = fixture.ready(&settings).await;
    // Only where jobs are known to be short is any claimed ahead.
    fixture.enqueue(jobs(50).map(|job| job.kind("ok"))).await;
    fixture.drained().await;
    fixture.enqueue(jobs(100).map(|job| job.kind("gate"))).await;
    fixture.starts(50 + SLOTS).await;
    let rival = fixture.ready(&settings).await;
    fixture.starts(50 + 2 * SLOTS).await;
    renewed_for(&fixture, &worker, 4 * settings.lease).await;
    let counts = fixture.store.counts().await.expect("jobs can be counted");
    let running = usize::try_from(counts.of(State::Running)).expect("a small number");
    println!("{running} jobs are held by two workers of {SLOTS} slots");
    assert_eq!(running, 2 * SLOTS, "what cannot start is handed back");
    assert_eq!(fixture.started().len(), 50 + 2 * SLOTS, "nothing else could start");
    fixture.open_gate();
    let counts = fixture.drained().await;
    assert_eq!(counts.of(State::Completed), 150);
    assert_eq!(fixture.started().len(), 150, "no job ran twice");
    let processes: Vec<u32> = fixture.started()[50..].iter().map(|start| start.process).collect();
    assert!(processes.contains(&rival.pid()), "the rival took part");
    let verdict = fixture.judge().await;
    assert_eq!((verdict.duplicate_starts, verdict.rescued), (0, 0));
}

/// E9: a handler that never ends runs for more than two leases beside a rival with free slots, once, and is ended by
/// its timeout alone.
async fn a_timeout_may_be_longer_than_the_lease(fixture: ProcessFixture) {
    let timeout = Duration::from_secs(5);
    let settings = Settings { timeout, ..short_lease(&fixture) };
    let worker = fixture.ready(&settings).await;
    let id = fixture.enqueue([job().kind("hang").max_attempts(1)]).await[0];
    fixture.starts(1).await;
    let _rival = fixture.ready(&settings).await;
    let counts = fixture.drained().await;
    assert_eq!(counts.of(State::Dead), 1);
    let record = fixture.job(id).await;
    let [attempt] = &record.history[..] else { panic!("one attempt: {record:?}") };
    assert_eq!((attempt.outcome, record.losses), (Outcome::Timeout, 0));
    let started = attempt.started_at.expect("it started");
    let ran = attempt.ended_at.expect("it ended").since(started);
    println!("timed out after {ran:?}");
    assert!(ran >= timeout && ran < timeout * 2, "{ran:?}");
    let processes: Vec<u32> = fixture.started().iter().map(|start| start.process).collect();
    assert_eq!(processes, [worker.pid()]);
    let verdict = fixture.judge().await;
    assert_eq!((verdict.duplicate_starts, verdict.rescued), (0, 0));
}

/// C14: five slots, and jobs that block more threads than handlers have. What has not begun to run is not held against
/// anybody: for three leases the process lives, tells that it does, and keeps its jobs.
async fn jobs_that_block_every_thread_do_not_cost_the_lease(fixture: ProcessFixture) {
    const SLOTS: usize = 5;
    let settings = Settings { slots: SLOTS, ..short_lease(&fixture) };
    let mut worker = fixture.ready(&settings).await;
    // It takes back what was lost and could not run it.
    let elsewhere = Settings { queues: vec!["other".to_owned()], ..settings.clone() };
    let _sweeper = fixture.ready(&elsewhere).await;
    fixture.enqueue(jobs(10).map(|job| job.kind("block"))).await;
    fixture.starts(1).await;
    renewed_for(&fixture, &worker, 3 * settings.lease).await;
    let counts = fixture.store.counts().await.expect("jobs can be counted");
    assert_eq!((counts.of(State::Running), counts.of(State::Available)), (5, 5));
    let began = fixture.started().len();
    println!("{began} of {SLOTS} had a thread");
    assert!(began < SLOTS, "the threads are fewer than the slots");
    fixture.open_gate();
    let counts = fixture.drained().await;
    assert_eq!(counts.of(State::Completed), 10);
    assert!(fixture.started().iter().all(|start| start.process == worker.pid()));
    let verdict = fixture.judge().await;
    assert_eq!((verdict.duplicate_starts, verdict.rescued), (0, 0));
    worker.terminate();
    assert_eq!(worker.ended().await, Some(0), "the process lived on");
}

/// A lease that a test can outlast several times.
fn short_lease(fixture: &ProcessFixture) -> Settings {
    let (lease, heartbeat) = (Duration::from_secs(2), Duration::from_millis(500));
    Settings { lease, heartbeat, ..fixture.settings() }
}

/// Waits until the worker has renewed its lease for so long from now on.
async fn renewed_for(fixture: &ProcessFixture, worker: &Process, time: Duration) {
    let began = clock::now();
    let is_late = |record: &Record| {
        let renewed = matches!(record.event, Event::Renewed { .. });
        let long = Duration::from_nanos(record.at.saturating_sub(began)) > time;
        (renewed && long && record.process == worker.pid()).then_some(())
    };
    fixture.record("its lease was renewed for long", is_late).await;
}

/// How many handlers ran at once: at most, and on average in the second best tenth of the time from the
/// first start to the last, so that what else the machine does decides little. A slot that is left empty is
/// left empty in each tenth.
fn overlap(fixture: &ProcessFixture) -> (usize, f64) {
    let mut running: HashMap<JobId, u64> = HashMap::new();
    let (mut most, mut runs) = (0, Vec::new());
    for record in fixture.records() {
        match record.event {
            Event::Start { job, .. } => {
                running.insert(job, record.at);
            }
            Event::End { job, .. } => {
                runs.push((running.remove(&job).expect("what ends has started"), record.at));
            }
            _ => {}
        }
        most = most.max(running.len());
    }
    let first = runs.iter().map(|(start, _)| *start).min().expect("some ran");
    let last = runs.iter().map(|(start, _)| *start).max().expect("some ran");
    let tenth = (last - first) / 10;
    let busy = |from: u64| -> u64 {
        let within = |at: u64| at.clamp(from, from + tenth);
        runs.iter().map(|(start, end)| within(*end) - within(*start)).sum()
    };
    let mut means: Vec<u64> = (0..10).map(|nth| busy(first + nth * tenth)).collect();
    means.sort_unstable();
    (most, means[8] as f64 / tenth as f64)
}
