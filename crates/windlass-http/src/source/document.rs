//! A source as JSON: `source.v1`.

use serde::Serialize;
use utoipa::ToSchema;
use windlass::source::{Lack, OnGap, SourceGap, SourceRecord, SourceState};
use windlass::{EventId, Json, Timestamp};

use crate::answer::Document;
use crate::schema;

/// A source: a feed that is read, and how far.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Source)]
pub struct SourceBody<'a> {
    /// Its name.
    name: &'a str,
    /// What is read there and how, as the last program that declared it said.
    #[schema(value_type = serde_json::Value)]
    about: &'a Json,
    #[schema(value_type = schema::SourceState)]
    state: SourceState,
    /// Why it is not read.
    reason: Option<&'a str>,
    /// Since when the state is so.
    #[schema(value_type = schema::Moment)]
    changed_at: Timestamp,
    /// What its feed is asked with next; null for its oldest record.
    cursor: Option<&'a str>,
    /// The number of the last record that was read, where its records have numbers.
    number: Option<u64>,
    /// How often the feed has begun again.
    generation: u32,
    /// Changes with each holder and each reset.
    epoch: u64,
    /// Which worker reads it.
    holder: Option<&'a str>,
    /// Until when, unless that worker renews it.
    #[schema(value_type = Option<schema::Moment>)]
    held_until: Option<Timestamp>,
    /// The number of the newest record of the feed, as it said last.
    head: Option<u64>,
    /// Events that were published.
    imported: u64,
    /// Records that were there before.
    repeated: u64,
    /// Records that were put aside and are so still.
    quarantined: u64,
    /// Records that were put aside and are not kept any more, since there were too many.
    dropped: u64,
    /// Gaps that nobody has closed.
    open_gaps: u64,
    /// When a page was imported last.
    #[schema(value_type = Option<schema::Moment>)]
    imported_at: Option<Timestamp>,
    /// When the feed was asked last.
    #[schema(value_type = Option<schema::Moment>)]
    polled_at: Option<Timestamp>,
    /// When it is asked next.
    #[schema(value_type = Option<schema::Moment>)]
    next_at: Option<Timestamp>,
    /// Since when its feed should have been asked again: no worker reads it, or the one that does is stuck; null where it is in time.
    #[schema(value_type = Option<schema::Moment>)]
    overdue_since: Option<Timestamp>,
    /// Why it could not be asked last.
    error: Option<&'a str>,
    /// When that was.
    #[schema(value_type = Option<schema::Moment>)]
    error_at: Option<Timestamp>,
    /// How often it could not be asked, one after the other.
    failures: u32,
}

/// A source with what it lacks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SourceWithGaps)]
pub struct SourceWithGapsBody<'a> {
    #[serde(flatten)]
    source: SourceBody<'a>,
    /// What its feed did not give, the newest first.
    gaps: Vec<SourceGapBody<'a>>,
}

/// What a feed did not give.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SourceGap)]
pub(super) struct SourceGapBody<'a> {
    /// The event that tells of it.
    #[schema(value_type = schema::EventId)]
    event: EventId,
    #[schema(value_type = schema::Lack)]
    why: Lack,
    /// The first number that is lacking; of a reset, the number up to which was read.
    from: Option<u64>,
    /// The last one; of a reset, the number with which the feed ended.
    to: Option<u64>,
    /// The cursor that was asked with.
    cursor: Option<&'a str>,
    #[schema(value_type = schema::OnGap)]
    answer: OnGap,
    /// When it was found.
    #[schema(value_type = schema::Moment)]
    at: Timestamp,
    /// When it was closed.
    #[schema(value_type = Option<schema::Moment>)]
    closed_at: Option<Timestamp>,
}

/// A source as `source.v1`.
#[must_use]
pub fn document(record: &SourceRecord) -> Document<SourceBody<'_>> {
    Document::new("source.v1", body(record))
}

/// A source as `source.v1`, with what it lacks.
#[must_use]
pub fn with_gaps<'a>(
    record: &'a SourceRecord,
    gaps: &'a [SourceGap],
) -> Document<SourceWithGapsBody<'a>> {
    let gaps = gaps.iter().map(gap).collect();
    Document::new("source.v1", SourceWithGapsBody { source: body(record), gaps })
}

fn body(record: &SourceRecord) -> SourceBody<'_> {
    SourceBody {
        name: &record.name,
        about: &record.about,
        state: record.state,
        reason: record.reason.as_deref(),
        changed_at: record.changed_at,
        cursor: record.position.cursor.as_deref(),
        number: record.position.number,
        generation: record.position.generation,
        epoch: record.epoch,
        holder: record.holder.as_deref(),
        held_until: record.held_until,
        head: record.head,
        imported: record.imported,
        repeated: record.repeated,
        quarantined: record.quarantined,
        dropped: record.dropped,
        open_gaps: record.open_gaps,
        imported_at: record.imported_at,
        polled_at: record.polled_at,
        next_at: record.next_at,
        overdue_since: record.overdue_since(Timestamp::wall_clock()),
        error: record.error.as_deref(),
        error_at: record.error_at,
        failures: record.failures,
    }
}

pub(super) fn gap(gap: &SourceGap) -> SourceGapBody<'_> {
    SourceGapBody {
        event: gap.event,
        why: gap.why,
        from: gap.from,
        to: gap.to,
        cursor: gap.cursor.as_deref(),
        answer: gap.answer,
        at: gap.at,
        closed_at: gap.closed_at,
    }
}
