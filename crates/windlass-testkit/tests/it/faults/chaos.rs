//! A seeded run in which workers are killed and started again, judged by the history checker.

use std::time::{Duration, Instant};

use fastrand::Rng;
use windlass_testkit::draft::{Draft, job};
use windlass_testkit::fault::clock;
use windlass_testkit::fault::process::Process;
use windlass_testkit::fault::process_fixture::ProcessFixture;
use windlass_testkit::fault::settings::Settings;
use windlass_testkit::history::record::{Event, Record};

use super::on_both_stores;

on_both_stores! { nothing_is_lost_while_workers_are_killed_at_random }

/// Jobs of the run.
const JOBS: usize = 2_000;
/// How long workers are killed.
const STORM: Duration = Duration::from_secs(15);
const WORKERS: usize = 3;
const SLOTS: usize = 8;
/// How long after the last death waits are measured.
const CALM_AFTER: Duration = Duration::from_secs(3);
/// Single jobs afterwards, when nobody dies any more.
const CALM: usize = 10;

/// T13, F-01: I-D1–I-D3, I-D8, I-L1–I-L4, I-L7, I-L8, I-X2, I-X3, I-W1 over random deaths.
/// `WINDLASS_SEED` repeats it.
async fn nothing_is_lost_while_workers_are_killed_at_random(fixture: ProcessFixture) {
    let seed = std::env::var("WINDLASS_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("WINDLASS_SEED={seed}");
    let mut random = Rng::with_seed(seed);
    let settings = Settings { slots: SLOTS, prefetch: 50, ..fixture.settings() };
    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        workers.push(fixture.ready(&settings).await);
    }
    let kills = storm(&fixture, &mut random, &settings, &mut workers).await;
    fixture.drained().await;
    calm(&fixture).await;
    for _ in 0..CALM {
        fixture.enqueue([job().kind("ok")]).await;
        fixture.drained().await;
    }
    let verdict = fixture.judge().await;
    println!("{kills} kills");
    assert_eq!(verdict.acknowledged, JOBS + CALM);
    assert!(verdict.longest_wake.1 > 0, "no wake was measured");
}

/// Enqueues everything in small calls while workers die; how many did.
async fn storm(
    fixture: &ProcessFixture,
    random: &mut Rng,
    settings: &Settings,
    workers: &mut [Process],
) -> usize {
    let end = Instant::now() + STORM;
    let (mut kills, mut enqueued) = (0, 0);
    while Instant::now() < end || enqueued < JOBS {
        let left = end.saturating_duration_since(Instant::now());
        let due = JOBS - (JOBS as f64 * left.as_secs_f64() / STORM.as_secs_f64()) as usize;
        while enqueued < due {
            let size = random.usize(1..=20).min(due - enqueued);
            fixture.enqueue((0..size).map(|_| some_job(random))).await;
            enqueued += size;
        }
        let progress = fixture.started().len() + random.usize(20..200);
        let next = tokio::time::timeout(Duration::from_millis(700), fixture.starts(progress));
        // Without so many starts the next one dies anyway.
        let _ = next.await;
        let at = random.usize(..WORKERS);
        workers[at].kill().await;
        workers[at] = fixture.start(settings);
        kills += 1;
    }
    kills
}

/// Waits until a worker has renewed its lease long enough after the last death.
async fn calm(fixture: &ProcessFixture) {
    let long_after = clock::now() + u64::try_from(CALM_AFTER.as_nanos()).expect("a few seconds");
    let is_renewal = |event: &Event| matches!(event, Event::Renewed { .. });
    let fits =
        |record: &Record| (is_renewal(&record.event) && record.at > long_after).then_some(());
    fixture.record("a renewal long after the last death", fits).await;
}

fn some_job(random: &mut Rng) -> Draft {
    let draft = match random.u8(..10) {
        0 => job().kind("fail").args("1"),
        1 | 2 => job().kind("sleep").args(&random.u32(5..300).to_string()),
        3 => job().kind("panic").max_attempts(2),
        _ => job().kind("ledger"),
    };
    draft.priority(random.i16(-2..=2))
}
