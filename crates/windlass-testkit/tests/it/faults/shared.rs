//! Two processes work one database while a third one fills it.

use std::collections::HashSet;

use futures_util::future::join_all;
use windlass_core::job::State;
use windlass_testkit::draft::job;
use windlass_testkit::fault::process_fixture::ProcessFixture;
use windlass_testkit::fault::settings::Settings;
use windlass_testkit::history::record::{Answer, Event, Fate, Record};

use super::on_both_stores;

on_both_stores! { a_thousand_jobs_run_once_each_and_no_caller_meets_a_lock }

/// O5, O34, F-28: lock waits stay inside.
async fn a_thousand_jobs_run_once_each_and_no_caller_meets_a_lock(fixture: ProcessFixture) {
    let settings = Settings { slots: 20, prefetch: 100, ..fixture.settings() };
    let _workers = [fixture.ready(&settings).await, fixture.ready(&settings).await];
    for _ in 0..20 {
        join_all((0..50).map(|_| fixture.enqueue([job().kind("ledger")]))).await;
    }
    let counts = fixture.drained().await;
    assert_eq!(counts.of(State::Completed), 1_000);
    let starts = fixture.started();
    let started: HashSet<_> = starts.iter().map(|start| start.job).collect();
    assert_eq!((starts.len(), started.len()), (1_000, 1_000));
    let processes: HashSet<_> = starts.iter().map(|start| start.process).collect();
    assert_eq!(processes.len(), 2, "both took part");
    let troubled: Vec<Record> = fixture.records().into_iter().filter(is_trouble).collect();
    assert!(troubled.is_empty(), "{troubled:?}");
    fixture.judge().await;
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
