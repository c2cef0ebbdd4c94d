//! Queues, and one of them.

use axum::extract::State;
use axum::response::Response;
use windlass::StoreError;
use windlass::edit::Edition;
use windlass::job::Counts;
use windlass::queue::{Aging, QueueBound, QueueRecord};
use windlass::store::{Now, Store};

use super::document::{QueueBody, document};
use crate::access::{May, Read};
use crate::answer::{Document, Items, ok};
use crate::api::Api;
use crate::conditional::of_edition;
use crate::extract::{Asked, Named};
use crate::health::{CountAsked, JobCounts};
use crate::name::QueueName;
use crate::page;
use crate::problem::Problem;

/// What is known of all queues.
struct Look {
    queues: Vec<QueueRecord>,
    counts: Counts,
    bounds: Vec<QueueBound>,
    agings: Vec<Aging>,
}

impl Look {
    async fn at(store: &dyn Store, counting: JobCounts) -> Result<Self, StoreError> {
        Ok(Self {
            queues: store.queues(Now::Database).await?,
            counts: counting.counts(store).await?,
            bounds: store.bounds().await?,
            agings: store.agings().await?,
        })
    }

    fn bound(&self, name: &str) -> Option<&QueueBound> {
        self.bounds.iter().find(|bound| bound.queue == name)
    }

    fn aging(&self, name: &str) -> Option<&Aging> {
        self.agings.iter().find(|aging| aging.queue == name)
    }

    /// The queue, with the edition of what is set for it.
    fn shown(&self, queue: &QueueRecord) -> Response {
        let shown = ok(&self.document(queue));
        match Edition::of_queue(self.bound(&queue.name), self.aging(&queue.name)) {
            Some(edition) => of_edition(shown, &edition),
            None => shown,
        }
    }

    fn document<'a>(&self, queue: &'a QueueRecord) -> Document<QueueBody<'a>> {
        let rules = (self.bound(&queue.name), self.aging(&queue.name));
        document(queue, &self.counts, rules)
    }

    /// The queue of this name, and whether somebody knows it.
    fn queue(&self, name: &str) -> (QueueRecord, bool) {
        let found = self.queues.iter().find(|queue| queue.name == name);
        let is_known = found.is_some() || self.bound(name).is_some() || self.aging(name).is_some();
        let none = || QueueRecord {
            name: name.to_owned(),
            paused_at: None,
            paused_until: None,
            note: None,
            workers: 0,
            oldest_due_at: None,
        };
        (found.cloned().unwrap_or_else(none), is_known)
    }
}

/// List queues
///
/// Those that have jobs, workers or a pause, by name and all on one page.
#[utoipa::path(
    get,
    path = "/queues",
    tag = "queues",
    params(CountAsked),
    responses((status = 200, description = "The queues.", body = Items<Document<QueueBody>>))
)]
pub(super) async fn list(
    _may: May<Read>,
    State(api): State<Api>,
    Asked(CountAsked { count }): Asked<CountAsked>,
) -> Result<Response, Problem> {
    let look = Look::at(api.store(), count).await?;
    Ok(page::whole(look.queues.iter().map(|queue| look.document(queue)).collect()))
}

/// Show a queue
///
/// A name that no job, no worker, no pause, no bound and no aging has is not found.
#[utoipa::path(
    get,
    path = "/queues/{name}",
    tag = "queues",
    params(("name" = String, Path, description = "The queue's name.", max_length = 128), CountAsked),
    responses((status = 200, description = "The queue.", body = Document<QueueBody>))
)]
pub(super) async fn show(
    _may: May<Read>,
    State(api): State<Api>,
    Named(name): Named<QueueName>,
    Asked(CountAsked { count }): Asked<CountAsked>,
) -> Result<Response, Problem> {
    let look = Look::at(api.store(), count).await?;
    match look.queue(&name) {
        (queue, true) => Ok(look.shown(&queue)),
        (_, false) => Err(Problem::missing(format!("queue {name}"))),
    }
}

/// The queue as it is now, whether or not somebody knows it.
pub(super) async fn now(api: &Api, name: &str) -> Result<Response, Problem> {
    let look = Look::at(api.store(), JobCounts::Capped).await?;
    Ok(look.shown(&look.queue(name).0))
}
