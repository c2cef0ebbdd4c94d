//! Starting batches, and adding jobs to one that is open.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use windlass::batch::{Batch, Begins, Started};
use windlass::store::Now;
use windlass::{BatchId, NewJob, StoreError};

use super::BatchName;
use super::new::{added, standalone};
use crate::access::{Enqueue, May};
use crate::answer::{Document, created, ok};
use crate::api::Api;
use crate::extract::{Body, Named};
use crate::job::{EnqueuedJobs, NewJobBody, NewJobs, enqueued_jobs};
use crate::limits::BATCH_JOBS;
use crate::problem::Problem;
use crate::schema;

/// A batch that is open.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = BatchOpened)]
pub struct BatchOpenedBody {
    #[schema(value_type = schema::BatchId)]
    id: BatchId,
}

/// A batch that is open, as `batch_opened.v1`.
#[must_use]
pub const fn opened(id: BatchId) -> Document<BatchOpenedBody> {
    Document::new("batch_opened.v1", BatchOpenedBody { id })
}

/// What came of starting a batch or a workflow.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BatchStarted)]
pub(crate) struct StartedBody {
    /// The one that is there now.
    #[schema(value_type = schema::BatchId)]
    id: BatchId,
    result: StartedWord,
    /// The store that it is in, where the server has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    store: Option<Arc<str>>,
}

#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum StartedWord {
    /// It was written with its jobs.
    New,
    /// There was one with its key, or with its id; nothing was written.
    Existing,
}

/// The answer to a start.
pub(crate) fn started(
    schema: &'static str,
    (started, store): (Started, Option<Arc<str>>),
) -> Response {
    let (result, id) = match started {
        Started::New(id) => (StartedWord::New, id),
        Started::Existing(id) => (StartedWord::Existing, id),
    };
    let document = Document::new(schema, StartedBody { id, result, store });
    match started {
        Started::New(_) => created(&document),
        Started::Existing(_) => ok(&document),
    }
}

/// A batch to be started with its jobs, or one that is left open for jobs that come later.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBatch {
    /// Its name, for people.
    #[schema(max_length = 128)]
    name: Option<String>,
    /// There is one batch with this key: a request that is repeated with it starts no second one.
    #[schema(max_length = 1024)]
    key: Option<String>,
    /// The id it is to have, which makes a request repeatable, too.
    #[schema(value_type = Option<schema::BatchId>)]
    id: Option<BatchId>,
    /// Its jobs, at most 1,000, without `batch` and `step`.
    #[serde(default)]
    #[schema(max_items = 1000)]
    jobs: Vec<NewJobBody>,
    /// Jobs that run once all of these have ended, however.
    #[serde(default)]
    #[schema(max_items = 1000)]
    then: Vec<NewJobBody>,
    /// Jobs that run once all of these are completed.
    #[serde(default)]
    #[schema(max_items = 1000)]
    then_if_completed: Vec<NewJobBody>,
    /// Whether it is left open: it is made without jobs, which are added to it, and ends only after it is sealed.
    #[serde(default)]
    open: bool,
}

impl NewBatch {
    fn check(&self) -> Result<(), Problem> {
        let jobs = self.jobs.len() + self.then.len() + self.then_if_completed.len();
        if jobs > BATCH_JOBS {
            let detail = format!("at most {BATCH_JOBS} jobs at a time, found {jobs}");
            return Err(Problem::body("/jobs".to_owned(), detail));
        }
        if self.open && jobs > 0 {
            let detail = "stands without jobs: add them to the batch that is open";
            return Err(Problem::body("/open".to_owned(), detail));
        }
        if !self.open && self.jobs.is_empty() {
            let detail = "a batch begins with a job, or says `open`, for jobs that come later";
            return Err(Problem::body("/jobs".to_owned(), detail));
        }
        Ok(())
    }

    fn batch(self) -> Result<Batch, Problem> {
        let mut batch = Batch::new().jobs(each(self.jobs, "/jobs")?);
        if let Some(id) = self.id {
            batch = batch.with_id(id);
        }
        batch = self.name.into_iter().fold(batch, Batch::name);
        batch = self.key.into_iter().fold(batch, Batch::key);
        batch = each(self.then, "/then")?.into_iter().fold(batch, Batch::then);
        let completed = each(self.then_if_completed, "/then_if_completed")?;
        Ok(completed.into_iter().fold(batch, Batch::then_if_completed))
    }
}

fn each(drafts: Vec<NewJobBody>, at: &str) -> Result<Vec<NewJob>, Problem> {
    let drafts = drafts.into_iter().enumerate();
    drafts.map(|(nth, draft)| standalone(draft, &format!("{at}/{nth}"))).collect()
}

/// Start a batch
///
/// With its jobs, in one transaction, in the store that all of them belong to. One that is left open is in the default store, or in
/// that whose path it was sent to. A request that is repeated with the same `key` or `id` writes nothing, and answers with the batch
/// that is there.
#[utoipa::path(
    post,
    path = "/batches",
    tag = "batches",
    request_body = NewBatch,
    responses(
        (status = 201, description = "It was written.", body = Document<StartedBody>),
        (status = 200, description = "It was there.", body = Document<StartedBody>),
    )
)]
pub(super) async fn start(
    may: May<Enqueue>,
    State(api): State<Api>,
    Body(body): Body<NewBatch>,
) -> Result<Response, Problem> {
    body.check()?;
    let answer = match body.open {
        true => (open(&api, body).await?, None),
        false => api.start(&may.caller, body.batch()?).await?,
    };
    Ok(started("batch_started.v1", answer))
}

async fn open(api: &Api, body: NewBatch) -> Result<Started, StoreError> {
    let begins = Begins { name: body.name, key: body.key, undoes: None };
    begins.check()?;
    let id = body.id.unwrap_or_else(BatchId::new);
    match api.store().open_batch(id, &begins, Now::Database).await {
        Ok(true) => Ok(Started::New(id)),
        Ok(false) => Ok(Started::Existing(id)),
        Err(StoreError::BatchExists { batch, .. }) => Ok(Started::Existing(batch)),
        Err(error) => Err(error),
    }
}

/// Add jobs to a batch
///
/// All of them or none, in one transaction. One that has ended takes no more: 409. A request whose jobs have ids can be repeated.
#[utoipa::path(
    post,
    path = "/batches/{id}/jobs",
    operation_id = "add_jobs",
    tag = "batches",
    params(("id" = String, Path, description = "The batch's id, or its key.")),
    request_body = NewJobs,
    responses((status = 200, description = "All are there.", body = Document<EnqueuedJobs>))
)]
pub(super) async fn add(
    may: May<Enqueue>,
    State(api): State<Api>,
    Named(name): Named<BatchName>,
    Body(body): Body<NewJobs>,
) -> Result<Response, Problem> {
    let batch = name.find(&api).await?.id;
    let jobs = body.jobs(|draft, pointer| added(draft, batch, pointer))?;
    api.check_here(&jobs)?;
    let enqueued = api.client_of(&may.caller).enqueue_all(jobs).await?;
    Ok(ok(&enqueued_jobs(enqueued)))
}
