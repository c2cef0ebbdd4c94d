//! Writing jobs.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use windlass::{Enqueued, JobId, NewJob};

use super::new::NewJobBody;
use crate::access::{Enqueue, May};
use crate::answer::{Document, created, ok};
use crate::api::Api;
use crate::extract::Body;
use crate::limits::BATCH_JOBS;
use crate::problem::Problem;
use crate::schema;

/// What happened to a job that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Enqueued)]
pub(crate) struct EnqueuedBody {
    #[schema(value_type = schema::JobId)]
    id: JobId,
    result: ResultWord,
}

/// What happened to it.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ResultWord {
    /// It was written.
    New,
    /// A job with this id was there already and was left alone.
    Existing,
    /// That job holds the unique key; nothing was written.
    Kept,
    /// That job holds the unique key, and has the args, the due time and the priority of the one that came.
    Replaced,
}

/// Jobs to be written together: all of them or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewJobs {
    /// At most 1,000.
    #[schema(max_items = 1000)]
    jobs: Vec<NewJobBody>,
}

/// What happened to each, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnqueuedJobs {
    jobs: Vec<EnqueuedBody>,
}

fn answer(enqueued: Enqueued) -> EnqueuedBody {
    let result = match enqueued {
        Enqueued::New(_) => ResultWord::New,
        Enqueued::Kept(_) => ResultWord::Kept,
        Enqueued::Replaced(_) => ResultWord::Replaced,
        _ => ResultWord::Existing,
    };
    EnqueuedBody { id: enqueued.id(), result }
}

/// Write a job
///
/// It is committed when the answer comes. A request that is repeated with the same `id` writes it once.
#[utoipa::path(
    post,
    path = "/jobs",
    operation_id = "enqueue",
    tag = "jobs",
    request_body = NewJobBody,
    responses(
        (status = 201, description = "It was written.", body = Document<EnqueuedBody>),
        (status = 200, description = "Nothing new was written.", body = Document<EnqueuedBody>),
    )
)]
pub(super) async fn one(
    may: May<Enqueue>,
    State(api): State<Api>,
    Body(body): Body<NewJobBody>,
) -> Result<Response, Problem> {
    let enqueued = api.client_of(&may.caller).enqueue(body.job("")?).await?;
    let document = Document::new("enqueued.v1", answer(enqueued));
    Ok(if matches!(enqueued, Enqueued::New(_)) { created(&document) } else { ok(&document) })
}

/// Write many jobs
///
/// All of them or none, in one transaction.
#[utoipa::path(
    post,
    path = "/jobs/batch",
    operation_id = "enqueue_many",
    tag = "jobs",
    request_body = NewJobs,
    responses((status = 200, description = "All are there.", body = Document<EnqueuedJobs>))
)]
pub(super) async fn many(
    may: May<Enqueue>,
    State(api): State<Api>,
    Body(body): Body<NewJobs>,
) -> Result<Response, Problem> {
    if body.jobs.len() > BATCH_JOBS {
        let detail = format!("at most {BATCH_JOBS} jobs at a time, found {}", body.jobs.len());
        return Err(Problem::body("/jobs".to_owned(), detail));
    }
    let drafts = body.jobs.into_iter().enumerate();
    let jobs = drafts.map(|(nth, draft)| draft.job(&format!("/jobs/{nth}")));
    let jobs: Vec<NewJob> = jobs.collect::<Result<_, _>>()?;
    let enqueued = api.client_of(&may.caller).enqueue_all(jobs).await?;
    let jobs = enqueued.into_iter().map(answer).collect();
    Ok(ok(&Document::new("enqueued_jobs.v1", EnqueuedJobs { jobs })))
}
