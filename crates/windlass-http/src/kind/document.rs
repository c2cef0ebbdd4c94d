//! A kind as JSON: `kind.v1`.

use serde::Serialize;
use utoipa::ToSchema;
use windlass::Timestamp;
use windlass::queue::PausedKind;

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
}

/// A kind with its pause, as `kind.v1`.
#[must_use]
pub fn document<'a>(
    kind: &'a str,
    workers: u32,
    paused: Option<&'a PausedKind>,
) -> Document<KindBody<'a>> {
    let paused_at = paused.map(|paused| paused.paused_at);
    let paused_until = paused.and_then(|paused| paused.paused_until);
    let note = paused.and_then(|paused| paused.note.as_deref());
    Document::new("kind.v1", KindBody { kind, workers, paused_at, paused_until, note })
}
