//! Workers that are asked to stop.

use std::time::{Duration, Instant};
use windlass_core::job::State;
use windlass_testkit::draft::jobs;
use windlass_testkit::fault::clock;
use windlass_testkit::fault::process::Process;
use windlass_testkit::fault::process_fixture::ProcessFixture;
use windlass_testkit::fault::settings::Settings;

use super::on_both_stores;

on_both_stores! {
    what_had_not_started_starts_elsewhere_at_once
    what_ends_within_the_grace_is_completed
    what_does_not_end_is_handed_back_uncounted
    the_second_signal_makes_it_faster
}

/// How long after its grace a worker may still need.
const MARGIN: Duration = Duration::from_secs(5);

/// E11, I-P1: claimed ahead and not started, so that another can start it before the grace is over.
async fn what_had_not_started_starts_elsewhere_at_once(fixture: ProcessFixture) {
    let settings =
        Settings { slots: 5, prefetch: 100, grace: Duration::from_secs(4), ..fixture.settings() };
    let mut stopping = fixture.ready(&settings).await;
    // Only where jobs are known to be short is any claimed ahead.
    fixture.enqueue(jobs(50).map(|job| job.kind("ok"))).await;
    fixture.drained().await;
    fixture.enqueue(jobs(20).map(|job| job.kind("gate"))).await;
    fixture.counts("all 20 are claimed", |counts| counts.of(State::Running) == 20).await;
    fixture.starts(50 + 5).await;
    let other = fixture.ready(&Settings { slots: 50, ..fixture.settings() }).await;
    let asked = clock::now();
    let started = Instant::now();
    stopping.terminate();
    let starts = fixture.starts(50 + 5 + 15).await;
    // On a slow machine they have waited for so long that they were handed back before.
    let took = starts.last().map_or(0, |start| start.at.saturating_sub(asked));
    let took = Duration::from_nanos(took);
    println!("15 jobs that had not started had started elsewhere after {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(starts[55..].iter().all(|start| start.process == other.pid()));
    assert_eq!(stopping.ended().await, Some(0));
    assert!(started.elapsed() < settings.grace + MARGIN, "{:?}", started.elapsed());
    fixture.open_gate();
    fixture.drained().await;
    check_uncounted(&fixture).await;
}

/// E11, T19: what runs is waited for, as long as the grace lasts.
async fn what_ends_within_the_grace_is_completed(fixture: ProcessFixture) {
    let ids = fixture.enqueue(jobs(5).map(|job| job.kind("sleep").args("500"))).await;
    let mut stopping = fixture.ready(&fixture.settings()).await;
    fixture.starts(5).await;
    stopping.terminate();
    assert_eq!(stopping.says("stopped ").await, "released=0");
    assert_eq!(stopping.ended().await, Some(0));
    for id in ids {
        let record = fixture.job(id).await;
        assert_eq!((record.state, record.attempt), (State::Completed, 1));
    }
    fixture.judge().await;
}

/// E12, T19, I-P1: hanging and spinning handlers do not hold the stop up, and count for nothing.
async fn what_does_not_end_is_handed_back_uncounted(fixture: ProcessFixture) {
    fixture.enqueue(jobs(5).map(|job| job.kind("hang"))).await;
    fixture.enqueue(jobs(1).map(|job| job.kind("spin"))).await;
    fixture.enqueue(jobs(1).map(|job| job.kind("sleep").args("100"))).await;
    let settings = fixture.settings();
    let mut stopping = fixture.ready(&settings).await;
    fixture.starts(7).await;
    let took = stop(&mut stopping).await;
    println!("a worker with hanging jobs stopped after {took:?}");
    assert!(took < settings.grace + MARGIN, "{took:?}");
    let counts = fixture.store.counts().await.expect("jobs can be counted");
    assert_eq!((counts.of(State::Available), counts.of(State::Completed)), (6, 1));
    check_uncounted(&fixture).await;
}

/// I-P2, T19: the second signal ends the grace.
async fn the_second_signal_makes_it_faster(fixture: ProcessFixture) {
    fixture.enqueue(jobs(3).map(|job| job.kind("hang"))).await;
    let settings = Settings { grace: Duration::from_secs(60), ..fixture.settings() };
    let mut stopping = fixture.ready(&settings).await;
    fixture.starts(3).await;
    stopping.terminate();
    stopping.says("stopping").await;
    let took = stop(&mut stopping).await;
    println!("after the second signal a worker stopped within {took:?}");
    assert!(took < MARGIN, "{took:?}");
    let counts = fixture.store.counts().await.expect("jobs can be counted");
    assert_eq!(counts.of(State::Available), 3);
}

/// Asks it to stop; how long that took.
async fn stop(process: &mut Process) -> Duration {
    let asked = Instant::now();
    process.terminate();
    assert_eq!(process.ended().await, Some(0));
    asked.elapsed()
}

async fn check_uncounted(fixture: &ProcessFixture) {
    for record in fixture.history().await.ended {
        assert_eq!((record.failures, record.losses), (0, 0), "{record:?}");
    }
}
