//! Writing jobs.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use windlass::job::Identity;
use windlass::{Enqueued, JobId, NewJob};

use super::new::NewJobBody;
use crate::access::{Enqueue, MayIn};
use crate::answer::{Document, created, ok};
use crate::api::Api;
use crate::extract::Body;
use crate::idempotency::Ids;
use crate::limits::BATCH_JOBS;
use crate::problem::Problem;
use crate::schema;
use crate::stores::Written;

/// What happened to a job that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Enqueued)]
pub(crate) struct EnqueuedBody {
    #[schema(value_type = schema::JobId)]
    id: JobId,
    result: ResultWord,
    /// The store that it is in, where the server has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = String)]
    store: Option<Arc<str>>,
}

/// What happened to it.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = EnqueueResult)]
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

impl NewJobs {
    /// The jobs, each read with its place in the body.
    pub(crate) fn jobs(
        self,
        read: impl Fn(NewJobBody, &str) -> Result<NewJob, Problem>,
    ) -> Result<Vec<NewJob>, Problem> {
        if self.jobs.len() > BATCH_JOBS {
            let detail = format!("at most {BATCH_JOBS} jobs at a time, found {}", self.jobs.len());
            return Err(Problem::body("/jobs".to_owned(), detail));
        }
        let drafts = self.jobs.into_iter().enumerate();
        drafts.map(|(nth, draft)| read(draft, &format!("/jobs/{nth}"))).collect()
    }
}

/// What happened to each, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnqueuedJobs {
    jobs: Vec<EnqueuedBody>,
}

/// What happened to jobs that were asked for together.
pub(crate) fn enqueued_jobs(enqueued: Vec<Enqueued>) -> Document<EnqueuedJobs> {
    enqueued_in(enqueued, None)
}

fn enqueued_in(enqueued: Vec<Enqueued>, store: Option<&Arc<str>>) -> Document<EnqueuedJobs> {
    let jobs = enqueued.into_iter().map(|one| answer(one, store.cloned())).collect();
    Document::new("enqueued_jobs.v1", EnqueuedJobs { jobs })
}

fn answer(enqueued: Enqueued, store: Option<Arc<str>>) -> EnqueuedBody {
    let result = match enqueued {
        Enqueued::New(_) => ResultWord::New,
        Enqueued::Kept(_) => ResultWord::Kept,
        Enqueued::Replaced(_) => ResultWord::Replaced,
        _ => ResultWord::Existing,
    };
    EnqueuedBody { id: enqueued.id(), result, store }
}

/// The job with an id that its request makes again, unless it has one of its own.
fn with_id(mut job: NewJob, id: Option<JobId>) -> NewJob {
    if let Some(id) = id.filter(|_| job.identity == Identity::Fresh) {
        (job.id, job.identity) = (id, Identity::Given);
    }
    job
}

/// Write a job
///
/// It is committed when the answer comes. A request that is repeated with the same `id` writes it once. A server of several stores
/// writes it to the one that its routes say, and names it.
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
    may: MayIn<Enqueue>,
    State(api): State<Api>,
    ids: Ids,
    Body(body): Body<NewJobBody>,
) -> Result<Response, Problem> {
    let job = with_id(body.job("")?, ids.job(0));
    may.check(&job.queue, &job.kind)?;
    let Written { client, store } = api.for_jobs(&may.caller, std::slice::from_ref(&job)).await?;
    let enqueued = client.enqueue(job).await?;
    let document = Document::new("enqueued.v1", answer(enqueued, store));
    Ok(if matches!(enqueued, Enqueued::New(_)) { created(&document) } else { ok(&document) })
}

/// Write many jobs
///
/// All of them or none, in one transaction. On a server of several stores they have to belong to one.
#[utoipa::path(
    post,
    path = "/jobs/batch",
    operation_id = "enqueue_many",
    tag = "jobs",
    request_body = NewJobs,
    responses((status = 200, description = "All are there.", body = Document<EnqueuedJobs>))
)]
pub(super) async fn many(
    may: MayIn<Enqueue>,
    State(api): State<Api>,
    ids: Ids,
    Body(body): Body<NewJobs>,
) -> Result<Response, Problem> {
    let jobs = body.jobs(NewJobBody::job)?.into_iter().enumerate();
    let jobs: Vec<NewJob> = jobs.map(|(nth, job)| with_id(job, ids.job(nth))).collect();
    jobs.iter().try_for_each(|job| may.check(&job.queue, &job.kind))?;
    let Written { client, store } = api.for_jobs(&may.caller, &jobs).await?;
    let enqueued = client.enqueue_all(jobs).await?;
    Ok(ok(&enqueued_in(enqueued, store.as_ref())))
}
