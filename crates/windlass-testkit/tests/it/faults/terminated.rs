//! Workers that are asked to stop.

use std::time::{Duration, Instant};

use windlass_core::state::State;
use windlass_testkit::draft::jobs;
use windlass_testkit::fault::clock;
use windlass_testkit::fault::process::Process;
use windlass_testkit::fault::scene::Scene;
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

/// E11, P1: claimed ahead and not started, so that another can start it before the grace is over.
async fn what_had_not_started_starts_elsewhere_at_once(scene: Scene) {
    let settings =
        Settings { slots: 5, prefetch: 100, grace: Duration::from_secs(4), ..scene.settings() };
    let mut stopping = scene.ready(&settings).await;
    // Only where jobs are known to be short is any claimed ahead.
    scene.enqueue(jobs(50).map(|job| job.kind("ok"))).await;
    scene.drained().await;
    scene.enqueue(jobs(20).map(|job| job.kind("gate"))).await;
    scene.counts("all 20 are claimed", |counts| counts.of(State::Running) == 20).await;
    scene.starts(50 + 5).await;
    let other = scene.ready(&Settings { slots: 50, ..scene.settings() }).await;
    let asked = clock::now();
    let started = Instant::now();
    stopping.terminate();
    let starts = scene.starts(50 + 5 + 15).await;
    let took = Duration::from_nanos(starts.last().map_or(0, |start| start.at - asked));
    println!("15 jobs that had not started had started elsewhere after {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(starts[55..].iter().all(|start| start.process == other.pid()));
    assert_eq!(stopping.ended().await, Some(0));
    assert!(started.elapsed() < settings.grace + MARGIN, "{:?}", started.elapsed());
    scene.open_gate();
    scene.drained().await;
    check_uncounted(&scene).await;
}

/// E11, T19: what runs is waited for, as long as the grace lasts.
async fn what_ends_within_the_grace_is_completed(scene: Scene) {
    let ids = scene.enqueue(jobs(5).map(|job| job.kind("sleep").args("500"))).await;
    let mut stopping = scene.ready(&scene.settings()).await;
    scene.starts(5).await;
    stopping.terminate();
    assert_eq!(stopping.says("stopped ").await, "released=0");
    assert_eq!(stopping.ended().await, Some(0));
    for id in ids {
        let record = scene.job(id).await;
        assert_eq!((record.state, record.attempt), (State::Completed, 1));
    }
    scene.judge().await;
}

/// E12, T19, P1: hanging and spinning handlers do not hold the stop up, and count for nothing.
async fn what_does_not_end_is_handed_back_uncounted(scene: Scene) {
    scene.enqueue(jobs(5).map(|job| job.kind("hang"))).await;
    scene.enqueue(jobs(1).map(|job| job.kind("spin"))).await;
    scene.enqueue(jobs(1).map(|job| job.kind("sleep").args("100"))).await;
    let settings = scene.settings();
    let mut stopping = scene.ready(&settings).await;
    scene.starts(7).await;
    let took = stop(&mut stopping).await;
    println!("a worker with hanging jobs stopped after {took:?}");
    assert!(took < settings.grace + MARGIN, "{took:?}");
    let counts = scene.store.counts().await.expect("jobs can be counted");
    assert_eq!((counts.of(State::Available), counts.of(State::Completed)), (6, 1));
    check_uncounted(&scene).await;
}

/// P2, T19: the second signal ends the grace.
async fn the_second_signal_makes_it_faster(scene: Scene) {
    scene.enqueue(jobs(3).map(|job| job.kind("hang"))).await;
    let settings = Settings { grace: Duration::from_secs(60), ..scene.settings() };
    let mut stopping = scene.ready(&settings).await;
    scene.starts(3).await;
    stopping.terminate();
    stopping.says("stopping").await;
    let took = stop(&mut stopping).await;
    println!("after the second signal a worker stopped within {took:?}");
    assert!(took < MARGIN, "{took:?}");
    let counts = scene.store.counts().await.expect("jobs can be counted");
    assert_eq!(counts.of(State::Available), 3);
}

/// Asks it to stop; how long that took.
async fn stop(process: &mut Process) -> Duration {
    let asked = Instant::now();
    process.terminate();
    assert_eq!(process.ended().await, Some(0));
    asked.elapsed()
}

async fn check_uncounted(scene: &Scene) {
    for record in scene.history().await.ended {
        assert_eq!((record.failures, record.losses), (0, 0), "{record:?}");
    }
}
