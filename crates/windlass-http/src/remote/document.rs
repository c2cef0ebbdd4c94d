//! What a remote worker gets.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use windlass::event::CloudEventBody;
use windlass::{JobId, Json, Timestamp};

use super::recall::Recalled;
use super::registry::Held;
use super::token::LeaseToken;
use crate::job::{SubjectBody, subject};
use crate::schema;

/// A job in a worker's hands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClaimedJob)]
pub(crate) struct ClaimedBody<'a> {
    #[schema(value_type = schema::JobId)]
    id: JobId,
    /// What is to be done.
    kind: &'a str,
    /// The shape of `args`, from 1.
    version: u16,
    /// The args; of a job that comes of an event the event's data.
    #[schema(value_type = serde_json::Value)]
    args: &'a Json,
    /// The queue it came from.
    queue: &'a str,
    /// Its priority.
    priority: i16,
    /// The number of this attempt, from 1.
    attempt: u32,
    /// Attempts that failed so far.
    failures: u32,
    /// Failures after which it is dead; null leaves it to the default.
    max_attempts: Option<u16>,
    /// Goes back with everything that is said about this attempt.
    #[schema(value_type = String)]
    lease: LeaseToken,
    /// When the attempt must have ended.
    #[schema(value_type = schema::Moment)]
    deadline: Timestamp,
    /// The job at the root of its tree.
    #[schema(value_type = schema::JobId)]
    root: JobId,
    /// The job whose handler enqueued it.
    #[schema(value_type = Option<schema::JobId>)]
    parent: Option<JobId>,
    /// W3C trace context of the enqueuer.
    traceparent: Option<&'a str>,
    /// Words it is found by.
    tags: &'a [String],
    /// What it is about.
    subjects: Vec<SubjectBody<'a>>,
    /// The last checkpoint of an earlier attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>, required = false)]
    checkpoint: Option<&'a Json>,
    /// The steps that earlier attempts have done, with what each returned, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, required = false)]
    steps: Option<&'a BTreeMap<String, Option<Json>>>,
    /// The event it comes of, as a CloudEvent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, required = false)]
    event: Option<CloudEventBody<'a>>,
}

/// A job as a worker gets it.
pub(crate) fn claimed<'a>(
    token: LeaseToken,
    held: &'a Held,
    recalled: &'a Recalled,
) -> ClaimedBody<'a> {
    let job = &*held.job;
    ClaimedBody {
        id: job.id,
        kind: &job.kind,
        version: job.version,
        args: recalled.args.as_ref().unwrap_or_else(|| job.payload()),
        queue: &job.queue,
        priority: job.priority,
        attempt: job.attempt,
        failures: job.failures,
        max_attempts: job.max_attempts,
        lease: token,
        deadline: held.deadline(),
        root: job.root.unwrap_or(job.id),
        parent: job.parent,
        traceparent: job.meta.traceparent.as_deref(),
        tags: &job.meta.tags,
        subjects: job.meta.subjects.iter().map(subject).collect(),
        checkpoint: recalled.checkpoint.as_ref(),
        steps: Some(&recalled.steps).filter(|steps| !steps.is_empty()),
        event: job.event.as_deref().map(CloudEventBody::without_data),
    }
}
