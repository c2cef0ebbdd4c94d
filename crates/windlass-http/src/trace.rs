//! Traces over HTTP: the tree of jobs and events that one of them belongs to.

use std::str::FromStr;

use axum::extract::State as Shared;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use windlass::trace::{Member, MemberId, Trace, What};
use windlass::{JobId, State, Timestamp};

use crate::access::{May, Read};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::event::EventName;
use crate::extract::Named;
use crate::problem::{Code, Problem};
use crate::schema;

/// Their routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(show))
}

/// A tree of jobs and events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trace)]
pub struct TraceBody<'a> {
    /// Its members, each before what has come of it.
    members: Vec<MemberBody<'a>>,
    /// Whether there are more, which are not shown.
    is_cut: bool,
}

/// A job or an event of a tree.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TraceMember)]
struct MemberBody<'a> {
    /// The id of a job or of an event.
    id: String,
    /// What it comes of: a job or an event.
    parent: Option<String>,
    /// How many it is shown below, which come before it.
    level: usize,
    /// Whether it comes of one that is not there any more.
    is_torn_off: bool,
    /// The kind of a job, the type of an event.
    name: &'a str,
    /// Where a job waits.
    queue: Option<&'a str>,
    /// Where a job stands.
    #[schema(value_type = Option<schema::State>)]
    state: Option<State>,
    /// Attempts of a job that failed.
    failures: Option<u32>,
    /// Where an event comes from.
    source: Option<&'a str>,
    /// What an event has happened to.
    subject: Option<&'a str>,
    /// When it was written.
    #[schema(value_type = schema::Moment)]
    at: Timestamp,
    /// When the last attempt of a job started.
    #[schema(value_type = Option<schema::Moment>)]
    started_at: Option<Timestamp>,
    /// When a job ended.
    #[schema(value_type = Option<schema::Moment>)]
    finished_at: Option<Timestamp>,
    /// Why a job is in its state, where there is something to say.
    reason: Option<&'a str>,
}

/// A tree as `trace.v1`.
#[must_use]
pub fn document(trace: &Trace) -> Document<TraceBody<'_>> {
    let members = trace.members.iter().enumerate().map(|(nth, _)| body(trace, nth)).collect();
    Document::new("trace.v1", TraceBody { members, is_cut: trace.is_cut })
}

fn id(member: &Member) -> String {
    match member.what.id() {
        MemberId::Job(id) => id.to_string(),
        MemberId::Event(id) => id.to_string(),
    }
}

fn body(trace: &Trace, nth: usize) -> MemberBody<'_> {
    let member = &trace.members[nth];
    let above = trace.members[..nth].iter().rfind(|one| one.level < member.level);
    let parent = above.map(id).or_else(|| member.what.parent().map(|id| id.to_string()));
    let (level, is_torn_off, at) = (member.level, member.is_torn_off, member.what.at());
    let id = id(member);
    match &member.what {
        What::Job(job) => MemberBody {
            id,
            parent,
            level,
            is_torn_off,
            name: &job.kind,
            queue: Some(&job.queue),
            state: Some(job.state),
            failures: Some(job.failures),
            source: None,
            subject: None,
            at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            reason: job.reason.as_deref(),
        },
        What::Event(event) => MemberBody {
            id,
            parent,
            level,
            is_torn_off,
            name: &event.event_type,
            queue: None,
            state: None,
            failures: None,
            source: Some(&event.source),
            subject: event.subject.as_deref(),
            at,
            started_at: None,
            finished_at: None,
            reason: None,
        },
    }
}

/// A member of a tree, as a path names it.
#[derive(Debug, Clone, Copy)]
enum MemberName {
    Job(JobId),
    Event(EventName),
}

impl FromStr for MemberName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("job_") {
            let id = JobId::from_str(text).map(Self::Job);
            return id.map_err(|error| error.to_string());
        }
        text.parse().map(Self::Event)
    }
}

/// Show a trace
///
/// The whole tree that a job or an event belongs to, whichever of its members is named; at most 1,000 jobs and 1,000 events of it.
#[utoipa::path(
    get,
    path = "/traces/{id}",
    tag = "traces",
    params(("id" = String, Path, description = "The id of a job or an event of the tree, or an event's position in the log.")),
    responses((status = 200, description = "The tree.", body = Document<TraceBody>))
)]
async fn show(
    _may: May<Read>,
    Shared(api): Shared<Api>,
    Named(name): Named<MemberName>,
) -> Result<Response, Problem> {
    let (member, named): (MemberId, String) = match name {
        MemberName::Job(id) => (id.into(), id.to_string()),
        MemberName::Event(event) => {
            let id = event.find(&api).await?.id;
            (id.into(), id.to_string())
        }
    };
    let missing = || Problem::new(Code::NotFound, format!("{named} does not exist in this store"));
    Ok(ok(&document(&api.client().trace(member).await?.ok_or_else(missing)?)))
}
