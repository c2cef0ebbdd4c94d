//! What a job waits for: `condition.v1`.

pub mod words;

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use windlass::condition::{Awaited, ConditionRecord, Overdue, Waived};
use windlass::redact::{Redaction, Shown};
use windlass::{Client, JobId, JobRecord, State as JobState, StoreError, Timestamp};

use super::show;
use crate::access::{MayIn, Operate, Read};
use crate::answer::{Document, Items, ok};
use crate::api::Api;
use crate::ending::{NoteBody, note};
use crate::extract::{MaybeBody, Named, NamedPair};
use crate::name::Text;
use crate::page;
use crate::problem::Problem;
use crate::schema;
use crate::words::escape::in_one_line;

/// A condition of a job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConditionOfJob)]
pub struct ConditionBody<'a> {
    /// The job that waits.
    #[schema(value_type = schema::JobId)]
    job: JobId,
    #[serde(flatten)]
    #[schema(value_type = schema::condition::Condition)]
    condition: &'a ConditionRecord,
    /// That of the job, while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<DeadlineBody>,
}

/// Until when a job waits.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Deadline)]
struct DeadlineBody {
    #[schema(value_type = schema::Moment)]
    at: Timestamp,
    #[schema(value_type = schema::condition::Overdue)]
    then: Overdue,
}

/// A condition that a person let a job pass.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConditionWaived)]
pub struct ConditionWaivedBody<'a> {
    /// The job.
    #[schema(value_type = schema::JobId)]
    job: JobId,
    /// The condition's name.
    condition: &'a str,
}

/// Until when a job waits, while it does, and what happens to it then.
#[must_use]
pub fn deadline(job: &JobRecord) -> Option<(Timestamp, Overdue)> {
    let waits = job.meta.waits.as_ref().filter(|_| job.state == JobState::Waiting)?;
    waits.until(job.created_at)
}

/// What a job waits for, or has waited for, each as `condition.v1`.
#[must_use]
pub fn conditions<'a>(
    job: &JobRecord,
    conditions: &'a Shown<Vec<ConditionRecord>>,
) -> Vec<Document<ConditionBody<'a>>> {
    let deadline = deadline(job).map(|(at, then)| DeadlineBody { at, then });
    let body = |condition| ConditionBody { job: job.id, condition, deadline };
    conditions.iter().map(|one| Document::new("condition.v1", body(one))).collect()
}

/// What a job waits for as it is shown: by what the jobs whose outputs came with it mark, too.
///
/// # Errors
/// When the store cannot be asked.
pub async fn shown(
    client: &Client,
    redaction: &Redaction,
    job: &JobRecord,
    conditions: Vec<ConditionRecord>,
) -> Result<Shown<Vec<ConditionRecord>>, StoreError> {
    let mut awaited = BTreeMap::new();
    for one in conditions.iter().filter(|one| one.data.is_some()) {
        if let Awaited::Job { job, .. } = one.awaits
            && let Some(found) = client.job(job).await?
        {
            awaited.insert(job, found);
        }
    }
    Ok(redaction.conditions(job, conditions, &awaited))
}

/// A condition that a person let a job pass, as `condition_waived.v1`.
#[must_use]
pub const fn waived(job: JobId, condition: &str) -> Document<ConditionWaivedBody<'_>> {
    Document::new("condition_waived.v1", ConditionWaivedBody { job, condition })
}

/// What lets a job pass the condition of this name.
#[must_use]
pub fn command_to_waive(job: JobId, name: &str) -> String {
    let name = in_one_line(name).replace('\'', r"'\''");
    format!("windlass condition waive {job} '{name}'")
}

/// List a job's conditions
///
/// What it waits for, or has waited for, in the order in which it was said and all on one page.
#[utoipa::path(
    get,
    path = "/jobs/{id}/conditions",
    tag = "jobs",
    params(("id" = String, Path, description = "The job's id.")),
    responses((status = 200, description = "Its conditions.", body = Items<Document<ConditionBody>>))
)]
pub(super) async fn list_conditions(
    may: MayIn<Read>,
    State(api): State<Api>,
    Named(id): Named<JobId>,
) -> Result<Response, Problem> {
    let job = show::of(&may, &api, id).await?;
    let found = api.client().conditions(id).await?;
    let found = shown(api.client(), api.redaction(), &job, found).await?;
    Ok(page::whole(conditions(&job, &found)))
}

/// Waive a condition
///
/// The job does not wait for it any more. Where it does not anyway, as at a second call: 409.
#[utoipa::path(
    post,
    path = "/jobs/{id}/conditions/{name}/waive",
    tag = "jobs",
    params(
        ("id" = String, Path, description = "The job's id."),
        ("name" = String, Path, description = "The condition's name.", max_length = 128)
    ),
    request_body = Option<NoteBody>,
    responses((status = 200, description = "It is waived.", body = Document<ConditionWaivedBody>))
)]
pub(super) async fn waive(
    may: MayIn<Operate>,
    State(api): State<Api>,
    NamedPair(id, name): NamedPair<JobId, Text>,
    MaybeBody(body): MaybeBody<NoteBody>,
) -> Result<Response, Problem> {
    show::of(&may, &api, id).await?;
    let who = may.caller.name();
    let note = note("/note", body.note)?;
    let note = note.map_or_else(|| who.to_owned(), |note| format!("{note} ({who})"));
    match api.client().waive(id, &name, Some(&note)).await? {
        Waived::Missing => {
            Err(Problem::missing(format!("a condition `{}` of {id}", name.escape_debug())))
        }
        Waived::Unneeded => {
            let what = format!("{id} does not wait for `{}` any more", name.escape_debug());
            Err(Problem::conflict(what))
        }
        _ => Ok(ok(&waived(id, &name))),
    }
}
