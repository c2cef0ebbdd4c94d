//! Two processes work one database while a third one fills it.

use std::collections::HashSet;

use futures_util::future::join_all;
use windlass_core::state::State;
use windlass_testkit::draft::job;
use windlass_testkit::fault::scene::Scene;
use windlass_testkit::fault::settings::Settings;
use windlass_testkit::history::record::{Answer, Event, Fate, Record};

use super::on_both_stores;

on_both_stores! { a_thousand_jobs_run_once_each_and_no_caller_meets_a_lock }

/// O5, O34, F-28: lock waits stay inside.
async fn a_thousand_jobs_run_once_each_and_no_caller_meets_a_lock(scene: Scene) {
    let settings = Settings { slots: 20, prefetch: 100, ..scene.settings() };
    let _workers = [scene.ready(&settings).await, scene.ready(&settings).await];
    for _ in 0..20 {
        join_all((0..50).map(|_| scene.enqueue([job().kind("ledger")]))).await;
    }
    let counts = scene.drained().await;
    assert_eq!(counts.of(State::Completed), 1_000);
    let starts = scene.started();
    let started: HashSet<_> = starts.iter().map(|start| start.job).collect();
    assert_eq!((starts.len(), started.len()), (1_000, 1_000));
    let processes: HashSet<_> = starts.iter().map(|start| start.process).collect();
    assert_eq!(processes.len(), 2, "both took part");
    let troubled: Vec<Record> = scene.records().into_iter().filter(is_trouble).collect();
    assert!(troubled.is_empty(), "{troubled:?}");
    scene.judge().await;
}

/// Whether a caller was told of something else than success.
fn is_trouble(record: &Record) -> bool {
    match &record.event {
        Event::Enqueued { fate, .. } => *fate != Fate::Done,
        Event::Settled { answer, .. } => *answer != Answer::Done,
        Event::ClaimUnknown { .. } => true,
        _ => false,
    }
}
