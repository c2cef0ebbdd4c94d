//! What is set for a queue: its bound, and how its jobs age.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use windlass::edit::{Edit, Expected};
use windlass::queue::{Aging, QueueBound};

use super::document::QueueBody;
use super::list::now;
use crate::access::{May, Operate};
use crate::answer::Document;
use crate::api::Api;
use crate::conditional::{Expects, unless_stale};
use crate::extract::{Body, Named};
use crate::name::QueueName;
use crate::problem::Problem;

/// How many of a queue's jobs may be available.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBound {
    /// So many; those that are due later, failed or run do not count.
    #[schema(minimum = 1, maximum = 4_294_967_295_u64)]
    jobs: u32,
    /// What happens to an enqueue then: `error` unless given.
    #[serde(default)]
    when_full: WhenFullWord,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum WhenFullWord {
    /// It is refused.
    #[default]
    Error,
    /// It waits for room.
    Wait,
}

/// How the jobs of a queue age.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAging {
    /// Each so much of waiting makes a job's priority smaller by one: a second at least, 30 days at most.
    #[schema(minimum = 1_000, maximum = 2_592_000_000_u64)]
    every_ms: u64,
}

/// Bound a queue
///
/// While so many of its jobs are available, no more come in. Once more, the new bound stands in place of the one before.
#[utoipa::path(
    put,
    path = "/queues/{name}/bound",
    tag = "queues",
    params(("name" = String, Path, description = "The queue's name.", max_length = 128)),
    request_body = NewBound,
    responses((status = 200, description = "The queue as it is now.", body = Document<QueueBody>))
)]
pub(super) async fn bound(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(name): Named<QueueName>,
    Expects(expected): Expects,
    Body(body): Body<NewBound>,
) -> Result<Response, Problem> {
    if body.jobs == 0 {
        return Err(Problem::body("/jobs".to_owned(), "a queue's bound is one job at least"));
    }
    let bound = QueueBound::new(&*name, body.jobs.into());
    let bound = match body.when_full {
        WhenFullWord::Error => bound,
        WhenFullWord::Wait => bound.waiting(),
    };
    edit(&api, &Edit::Bound(bound), &expected).await?;
    now(&api, &name).await
}

/// Remove a queue's bound
///
/// One that has none stays as it is, so that a second call changes nothing.
#[utoipa::path(
    delete,
    path = "/queues/{name}/bound",
    tag = "queues",
    params(("name" = String, Path, description = "The queue's name.", max_length = 128)),
    responses((status = 200, description = "The queue as it is now.", body = Document<QueueBody>))
)]
pub(super) async fn unbound(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(name): Named<QueueName>,
    Expects(expected): Expects,
) -> Result<Response, Problem> {
    edit(&api, &Edit::Unbound(name.to_string()), &expected).await?;
    now(&api, &name).await
}

/// Let a queue's jobs age
///
/// Those that have waited for long go before more urgent ones. Once more, the new time stands in place of the one before.
#[utoipa::path(
    put,
    path = "/queues/{name}/aging",
    tag = "queues",
    params(("name" = String, Path, description = "The queue's name.", max_length = 128)),
    request_body = NewAging,
    responses((status = 200, description = "The queue as it is now.", body = Document<QueueBody>))
)]
pub(super) async fn age(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(name): Named<QueueName>,
    Expects(expected): Expects,
    Body(body): Body<NewAging>,
) -> Result<Response, Problem> {
    let aging = Aging::new(&*name, Duration::from_millis(body.every_ms));
    edit(&api, &Edit::Age(aging), &expected).await?;
    now(&api, &name).await
}

/// Stop the aging of a queue's jobs
///
/// What they have gained they keep. Where they do not age a second call changes nothing.
#[utoipa::path(
    delete,
    path = "/queues/{name}/aging",
    tag = "queues",
    params(("name" = String, Path, description = "The queue's name.", max_length = 128)),
    responses((status = 200, description = "The queue as it is now.", body = Document<QueueBody>))
)]
pub(super) async fn stop_aging(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(name): Named<QueueName>,
    Expects(expected): Expects,
) -> Result<Response, Problem> {
    edit(&api, &Edit::StopAging(name.to_string()), &expected).await?;
    now(&api, &name).await
}

async fn edit(api: &Api, edit: &Edit, expected: &Expected) -> Result<(), Problem> {
    let edited = api.client().edit(edit, expected).await?;
    unless_stale(edited, "what is set for the queue").map(drop)
}
