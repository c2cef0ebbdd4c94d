//! A store as JSON: `store.v1`.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema;
use serde::Serialize;
use utoipa::ToSchema;
use windlass::job::Counts;
use windlass::{State, StoreError};

use crate::answer::Document;
use crate::health::{Check, CheckStatus};

/// One of several stores, and how it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Store)]
pub(super) struct StoreBody {
    /// Its name.
    name: String,
    /// Below which path its whole API is: `/stores/NAME`.
    path: String,
    /// Whether `/v1` is its API, and what no route fits is written to it.
    is_default: bool,
    /// Whether it can be reached now.
    is_reachable: bool,
    /// Why it cannot; null where it can.
    error: Option<String>,
    /// The numbers of its jobs by state; null where it cannot be reached.
    #[schema(value_type = Option<BTreeMap<String, u64>>)]
    jobs: Option<BTreeMap<State, u64>>,
    /// Whether all of them were counted; false where counting ended early.
    exact: bool,
    /// States of which there may be more jobs than their numbers say.
    #[schema(value_type = Vec<schema::State>)]
    or_more: BTreeSet<State>,
    /// What is not as it should be, a line each: what `windlass doctor` calls problems.
    problems: Vec<String>,
}

/// What a look at a store has found.
pub(super) type Look = Result<(Counts, Vec<Check>), StoreError>;

pub(super) fn document(name: &str, is_default: bool, look: Look) -> Document<StoreBody> {
    let (error, found) = match look {
        Ok(found) => (None, Some(found)),
        Err(error) => (Some(error.to_string()), None),
    };
    let jobs = found
        .as_ref()
        .map(|(counts, _)| State::ALL.into_iter().map(|state| (state, counts.of(state))).collect());
    let exact = found.as_ref().is_some_and(|(counts, _)| counts.exact);
    let or_more = found.as_ref().map(|(counts, _)| counts.states_or_more()).unwrap_or_default();
    let checks = found.map(|(_, checks)| checks).unwrap_or_default();
    let problems = checks.into_iter().filter(|check| check.status == CheckStatus::Problem);
    let body = StoreBody {
        name: name.to_owned(),
        path: format!("/stores/{name}"),
        is_default,
        is_reachable: error.is_none(),
        error,
        jobs,
        exact,
        or_more,
        problems: problems.map(|check| format!("{}: {}", check.check, check.detail)).collect(),
    };
    Document::new("store.v1", body)
}
