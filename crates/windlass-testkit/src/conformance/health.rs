//! What every store sees of problems.

pub mod jobs;
pub mod lanes;
pub mod leader;
pub mod limits;
pub mod stuck;

use windlass_core::health::{Aspect, Overview, Problem, Thresholds, problems};

use crate::fixture::StoreFixture;

/// The problems there are by the thresholds that hold unless others are given.
pub(super) async fn found(fixture: &StoreFixture) -> Vec<Problem> {
    found_by(fixture, &Thresholds::default()).await
}

/// The problems there are by these thresholds.
pub(super) async fn found_by(fixture: &StoreFixture, thresholds: &Thresholds) -> Vec<Problem> {
    let overview = Overview::of(fixture.store(), thresholds, fixture.now()).await;
    problems(&overview.expect("a store can be asked"), thresholds)
}

/// What the problems there are are about, each aspect once.
pub(super) async fn aspects(fixture: &StoreFixture) -> Vec<Aspect> {
    let mut aspects: Vec<_> = found(fixture).await.iter().map(Problem::aspect).collect();
    aspects.dedup();
    aspects
}
