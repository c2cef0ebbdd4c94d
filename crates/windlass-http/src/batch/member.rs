//! The jobs of a batch.

use axum::extract::State as Shared;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use windlass::batch::MemberRecord;
use windlass::{BatchId, Client, JobId, JobRecord, State, StoreError};

use super::BatchName;
use crate::access::{May, Read};
use crate::answer::Items;
use crate::api::Api;
use crate::extract::{Asked, Named};
use crate::page::{self, PageCursor};
use crate::problem::Problem;
use crate::schema;

/// Some jobs of a batch, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchMembers)]
pub struct Members {
    /// The jobs.
    pub members: Vec<Member>,
    /// Whether there are newer ones.
    pub more: bool,
}

/// A job of a batch; of one that was removed there is left how it ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchMember)]
pub struct Member {
    /// The job.
    #[schema(value_type = schema::JobId)]
    pub job: JobId,
    /// Its name, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What is to be done; null where it is gone.
    pub kind: Option<String>,
    /// Where it waits; null where it is gone.
    pub queue: Option<String>,
    /// Where it stands.
    #[schema(value_type = Option<schema::State>)]
    pub state: Option<State>,
}

impl Members {
    /// Those behind one, at most so many.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn of(
        client: &Client,
        batch: BatchId,
        (after, limit): (Option<JobId>, usize),
    ) -> Result<Self, StoreError> {
        // One more than asked for tells whether there is another page.
        let mut found = client.members(batch, after, limit + 1).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        let mut members = Vec::with_capacity(found.len());
        for member in found {
            let job = client.job(member.job).await?;
            members.push(Member::of(member, job));
        }
        Ok(Self { members, more })
    }
}

impl Member {
    fn of(member: MemberRecord, job: Option<JobRecord>) -> Self {
        let state = job.as_ref().map(|job| job.state).or(member.ended);
        let (kind, queue) = job.map(|job| (job.kind, job.queue)).unzip();
        Self { job: member.job, step: member.step, kind, queue, state }
    }
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// At most so many; 50 unless given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
    /// `next` or `prev` of another page.
    cursor: Option<String>,
}

/// List jobs of a batch
///
/// The oldest first.
#[utoipa::path(
    get,
    path = "/batches/{id}/members",
    operation_id = "list_members",
    tag = "batches",
    params(("id" = String, Path, description = "The batch's id, or its key."), Wanted),
    responses((status = 200, description = "A page of its jobs.", body = Items<Member>))
)]
pub(super) async fn list(
    _may: May<Read>,
    Shared(api): Shared<Api>,
    Named(name): Named<BatchName>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let size = page::size(wanted.limit)?;
    let place = PageCursor::of(wanted.cursor.as_deref())?;
    let batch = name.find(&api).await?.id;
    let Members { members, more } = Members::of(api.client(), batch, (place.start, size)).await?;
    let next = members.last().filter(|_| more).map(|last| last.job);
    Ok(page::items(members, (&place, next)))
}
