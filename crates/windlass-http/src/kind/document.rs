//! A kind as JSON: `kind.v1`.

use serde::Serialize;
use utoipa::ToSchema;
use windlass::Timestamp;

use super::list::Known;
use crate::answer::Document;
use crate::schema;

/// A kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Kind)]
pub struct KindBody<'a> {
    /// Its name.
    kind: &'a str,
    /// Registered workers that know it.
    workers: u32,
    /// Since when it is paused.
    #[schema(value_type = Option<schema::Moment>)]
    paused_at: Option<Timestamp>,
    /// When it goes on by itself, where it does.
    #[schema(value_type = Option<schema::Moment>)]
    paused_until: Option<Timestamp>,
    /// Why it is paused, and by whom.
    note: Option<&'a str>,
    /// Its jobs that are due and that no live worker could run, of those that were looked at.
    unserved: u64,
    /// Whether there may be more.
    unserved_or_more: bool,
    /// When the oldest of them was due.
    #[schema(value_type = Option<schema::Moment>)]
    oldest_due_at: Option<Timestamp>,
}

/// What is known of a kind, as `kind.v1`.
#[must_use]
pub fn document<'a>(kind: &'a str, known: &'a Known) -> Document<KindBody<'a>> {
    let paused = known.paused.as_ref();
    Document::new(
        "kind.v1",
        KindBody {
            kind,
            workers: known.workers,
            paused_at: paused.map(|paused| paused.paused_at),
            paused_until: paused.and_then(|paused| paused.paused_until),
            note: paused.and_then(|paused| paused.note.as_deref()),
            unserved: known.unserved.jobs,
            unserved_or_more: known.unserved.or_more,
            oldest_due_at: known.oldest_due_at,
        },
    )
}
