//! Jobs that failed alike, as JSON: `errors.v1` and `error.v1`.

use serde::Serialize;
use utoipa::ToSchema;
use windlass::job::{ErrorGroup, ErrorGroups, Fingerprint, HOURS};
use windlass::{JobId, Timestamp};

use crate::answer::Document;
use crate::schema;

/// Errors of the newest jobs that failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Errors)]
pub struct ErrorGroupsBody<'a> {
    /// The largest group first.
    groups: Vec<ErrorGroupBody<'a>>,
    /// Jobs in these groups.
    jobs: u64,
    /// Whether these are all jobs that match; otherwise the newest 2,000 of them.
    complete: bool,
}

/// Jobs that failed alike.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorGroupBody<'a> {
    /// What finds them, as `fingerprint:` in a filter: the same for jobs of one kind whose last error has the same first line
    /// except for numbers, ids and texts in quotes.
    #[schema(value_type = String, min_length = 12, max_length = 12)]
    fingerprint: Fingerprint,
    /// Their kind.
    kind: &'a str,
    /// The error of the one that failed last.
    error: &'a str,
    /// How many they are.
    jobs: u64,
    /// Of these, those that are dead; the others are tried again.
    dead: u64,
    /// When the first of them failed for the last time.
    #[schema(value_type = schema::Moment)]
    first_at: Timestamp,
    /// When the last of them failed.
    #[schema(value_type = schema::Moment)]
    last_at: Timestamp,
    /// How many failed in each of the last 24 hours, the oldest first.
    #[schema(value_type = Vec<u64>, min_items = 24, max_items = 24)]
    by_hour: [u64; HOURS],
    /// Some of them, those first that failed last.
    #[schema(value_type = Vec<schema::JobId>, max_items = 5)]
    samples: &'a [JobId],
}

/// All groups as `errors.v1`.
#[must_use]
pub fn groups(found: &ErrorGroups) -> Document<ErrorGroupsBody<'_>> {
    let groups = found.groups.iter().map(body).collect();
    let body = ErrorGroupsBody { groups, jobs: found.jobs, complete: found.complete };
    Document::new("errors.v1", body)
}

/// One group as `error.v1`.
#[must_use]
pub fn document(group: &ErrorGroup) -> Document<ErrorGroupBody<'_>> {
    Document::new("error.v1", body(group))
}

fn body(group: &ErrorGroup) -> ErrorGroupBody<'_> {
    ErrorGroupBody {
        fingerprint: group.fingerprint,
        kind: &group.kind,
        error: &group.error,
        jobs: group.jobs,
        dead: group.dead,
        first_at: group.first_at,
        last_at: group.last_at,
        by_hour: group.by_hour,
        samples: &group.samples,
    }
}
