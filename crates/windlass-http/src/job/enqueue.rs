//! Writing jobs.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use windlass::job::Identity;
use windlass::{Enqueued, JobId, NewJob};

use super::bounds;
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
    /// The job; absent with `held`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = schema::JobId)]
    id: Option<JobId>,
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
    /// A job that is not for the caller has its id or holds the unique key; nothing was written. For who is limited to some jobs.
    Held,
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
    enqueued_in(enqueued.into_iter().map(Some), None)
}

fn enqueued_in(
    enqueued: impl Iterator<Item = Option<Enqueued>>,
    store: Option<&Arc<str>>,
) -> Document<EnqueuedJobs> {
    let jobs = enqueued.map(|one| answer(one, store.cloned())).collect();
    Document::new("enqueued_jobs.v1", EnqueuedJobs { jobs })
}

/// What is told of a job; of another one that is not for the caller, that it is there.
fn answer(enqueued: Option<Enqueued>, store: Option<Arc<str>>) -> EnqueuedBody {
    let result = match enqueued {
        None => ResultWord::Held,
        Some(Enqueued::New(_)) => ResultWord::New,
        Some(Enqueued::Kept(_)) => ResultWord::Kept,
        Some(Enqueued::Replaced(_)) => ResultWord::Replaced,
        Some(_) => ResultWord::Existing,
    };
    EnqueuedBody { id: enqueued.map(|one| one.id()), result, store }
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
    may.check_new(&job)?;
    let Written { client, store } = api.for_jobs(&may.caller, std::slice::from_ref(&job)).await?;
    bounds::check_awaited(&may, &client, std::slice::from_ref(&job)).await?;
    let enqueued = match client.enqueue(job).await {
        Ok(enqueued) => bounds::told(&may, &client, vec![enqueued]).await.pop().flatten(),
        Err(error) => return Err(bounds::problem(&may, &client, error).await),
    };
    let document = Document::new("enqueued.v1", answer(enqueued, store));
    let is_new = matches!(enqueued, Some(Enqueued::New(_)));
    Ok(if is_new { created(&document) } else { ok(&document) })
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
    jobs.iter().try_for_each(|job| may.check_new(job))?;
    let Written { client, store } = api.for_jobs(&may.caller, &jobs).await?;
    bounds::check_awaited(&may, &client, &jobs).await?;
    let enqueued = match client.enqueue_all(jobs).await {
        Ok(enqueued) => enqueued,
        Err(error) => return Err(bounds::problem(&may, &client, error).await),
    };
    let told = bounds::told(&may, &client, enqueued).await;
    Ok(ok(&enqueued_in(told.into_iter(), store.as_ref())))
}
