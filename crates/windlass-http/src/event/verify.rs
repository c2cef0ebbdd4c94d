//! Whether the log is whole, and whether each subscription has got what it wants.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use windlass::Timestamp;
use windlass::event::LogRecord;
use windlass::subscription::{GapRecord, Verified, VerifiedSubscription};

use super::{keep, sequence};
use crate::access::{May, Read};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::problem::Problem;
use crate::schema;

/// What a look at the whole log has found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventVerification)]
pub struct EventVerificationBody<'a> {
    /// Whether nothing is lost and nothing missed. Gaps are not counted.
    is_whole: bool,
    log: LogBody,
    /// Events that are in it.
    counted: u64,
    /// Positions without an event, though none was removed from there.
    lost: u64,
    /// Each subscription.
    subscriptions: Vec<VerifiedBody<'a>>,
}

/// How far the log reached when the look began.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventLog)]
struct LogBody {
    /// Changes when the log is not the one that it was, as after a restored backup.
    epoch: u64,
    /// The last position that was given; 0 where there is none.
    last: u64,
    /// The last position that the subscriptions which are live were fed.
    routed: u64,
    /// Of the event behind that one: the number up to which those that are live were fed it.
    part: u32,
    /// Changes with each change of a subscription.
    revision: u64,
    /// Events that were removed since their time was over.
    removed: u64,
    #[serde(flatten)]
    keep: keep::EventKeepBody,
}

/// Whether one subscription has got what it wants.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VerifiedSubscription)]
struct VerifiedBody<'a> {
    /// Its name.
    name: &'a str,
    /// Events in the log that it wants, and has been fed.
    wanted: u64,
    /// Of these, those whose jobs are there.
    found: u64,
    /// Those whose jobs may have ended and been removed.
    ended: u64,
    /// Those that wait for others, to become a job with them.
    gathered: u64,
    /// Those whose jobs should be there and are not.
    missed: u64,
    /// The positions of the first of them.
    missed_at: &'a [u64],
    /// What it was not fed, and never will be.
    gaps: Vec<GapBody<'a>>,
}

/// Events that a subscription was not fed, and never will be.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventGap)]
pub(crate) struct GapBody<'a> {
    /// The first position of it.
    from: u64,
    /// The last one.
    to: u64,
    /// Why.
    reason: &'a str,
    /// When it was made, or became longer.
    #[schema(value_type = schema::Moment)]
    at: Timestamp,
}

/// What a look at the whole log has found, as `event_verification.v1`.
#[must_use]
pub fn verification(verified: &Verified) -> Document<EventVerificationBody<'_>> {
    Document::new(
        "event_verification.v1",
        EventVerificationBody {
            is_whole: verified.is_whole(),
            log: log(&verified.log),
            counted: verified.counted,
            lost: verified.lost(),
            subscriptions: verified.subscriptions.iter().map(subscription).collect(),
        },
    )
}

fn log(log: &LogRecord) -> LogBody {
    let LogRecord { epoch, last, routed, part, revision, removed, .. } = *log;
    LogBody { epoch, last, routed, part, revision, removed, keep: keep::body(&log.keep) }
}

fn subscription(one: &VerifiedSubscription) -> VerifiedBody<'_> {
    VerifiedBody {
        name: &one.name,
        wanted: one.wanted,
        found: one.found,
        ended: one.ended,
        gathered: one.gathered,
        missed: one.missed,
        missed_at: &one.missed_at,
        gaps: one.gaps.iter().map(gap).collect(),
    }
}

pub(crate) fn gap(gap: &GapRecord) -> GapBody<'_> {
    GapBody { from: gap.from, to: gap.to, reason: &gap.reason, at: gap.at }
}

/// Verify the log
///
/// It reads all events, and writes nothing. What is found is an answer with status 200, also where something is lost.
#[utoipa::path(
    post,
    path = "/events/verify",
    tag = "events",
    responses((status = 200, description = "What was found.", body = Document<EventVerificationBody>))
)]
pub(super) async fn verify(_may: May<Read>, State(api): State<Api>) -> Result<Response, Problem> {
    sequence(&api).await?;
    Ok(ok(&verification(&api.client().verify_events().await?)))
}
