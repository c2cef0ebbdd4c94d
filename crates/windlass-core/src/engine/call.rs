//! Calls to the store: what the loop sends and what comes back. The only file of the engine that
//! waits for a store.

use crate::reply::Now;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::pending::PendingSettlement;
use super::{last_words, settle};
use crate::alert::{Alerted, Watch};
use crate::error::StoreError;
use crate::event;
use crate::id::{LeaseId, WorkerId};
use crate::job::{Batch, ClaimRequest, Fenced, Settled};
use crate::limits::OPERATION_JOBS;
use crate::maintenance::{Swept, Tidied};
use crate::operation::{Round, Which};
use crate::progress::{self, Report};
use crate::schedule::{self, Declared, FireRound};
use crate::stats::{self, Folded, Kept, StatsPart};
use crate::store::Store;
use crate::subscription::{Fed, Feed};
use crate::worker::{Beat, MinimumBuild, Registration, Renewal};

/// What is asked of the store.
pub(super) enum Request {
    Register(Registration),
    Heartbeat(WorkerId, Renewal),
    Claim(ClaimRequest),
    Settle(WorkerId, Vec<PendingSettlement>),
    Report(Vec<Report>),
    Release(WorkerId, LeaseId),
    Sweep(WorkerId),
    Fire,
    Feed(Box<Feed>),
    AwaitEvents(WorkerId),
    Alert(Box<Watch>),
    Operate,
    Measure(Arc<StatsPart>),
    Fold(Kept),
    Declare(Arc<[Declared]>),
    Tidy,
}

/// What the store said.
pub(super) enum Answer {
    Registered(Result<Vec<MinimumBuild>, StoreError>),
    Heartbeat(Result<Beat, StoreError>),
    /// Which worker asked, and what it got.
    Claimed(WorkerId, Result<Batch, StoreError>),
    Settled(Vec<PendingSettlement>, Result<Vec<Settled>, StoreError>),
    Reported(Vec<Report>, Result<Vec<Fenced>, StoreError>),
    Released(Result<u64, StoreError>),
    Swept(Result<Swept, StoreError>),
    Fired(Result<FireRound, StoreError>),
    Fed(Box<Feed>, Result<Fed, StoreError>),
    AwaitsEvents(Result<bool, StoreError>),
    Alerted(Box<Watch>, Result<Alerted, StoreError>),
    Operated(Result<Round, StoreError>),
    Measured(Result<(), StoreError>),
    Folded(Result<Folded, StoreError>),
    Declared(Result<(), StoreError>),
    Tidied(Result<Tidied, StoreError>),
}

/// An answer, and when its request was sent.
pub(super) struct Answered {
    pub(super) sent: Instant,
    pub(super) answer: Answer,
}

/// Sends a request.
pub(super) fn send(
    store: Arc<dyn Store>,
    request: Request,
    now: Instant,
) -> BoxFuture<'static, Answered> {
    Box::pin(async move { Answered { sent: now, answer: answer(&*store, request).await } })
}

async fn answer(store: &dyn Store, request: Request) -> Answer {
    match request {
        Request::Register(worker) => {
            Answer::Registered(store.register(&worker, Now::Database).await)
        }
        Request::Heartbeat(worker, renewal) => {
            Answer::Heartbeat(store.heartbeat(worker, renewal, Now::Database).await)
        }
        Request::Claim(request) => {
            Answer::Claimed(request.worker, event::claim(store, &request, Now::Database).await)
        }
        Request::Settle(worker, pending) => {
            let result = write_ends(store, worker, &pending).await;
            Answer::Settled(pending, result)
        }
        Request::Report(reports) => {
            let result = progress::write_all(store, &reports).await;
            Answer::Reported(reports, result)
        }
        Request::Release(worker, lease) => {
            Answer::Released(store.release(worker, lease, Now::Database).await)
        }
        Request::Sweep(worker) => Answer::Swept(store.sweep(worker, Now::Database).await),
        Request::Fire => Answer::Fired(schedule::fire_due(store, Now::Database).await),
        Request::Feed(mut feed) => {
            let fed = feed.round(store, Now::Database).await;
            Answer::Fed(feed, fed)
        }
        Request::AwaitEvents(worker) => Answer::AwaitsEvents(store.await_events(worker).await),
        Request::Alert(mut watch) => {
            let alerted = watch.round(store, Now::Database).await;
            Answer::Alerted(watch, alerted)
        }
        Request::Operate => Answer::Operated(
            store.operation_round(Which::Next, OPERATION_JOBS, Now::Database).await,
        ),
        Request::Measure(part) => {
            Answer::Measured(store.put_stats_part(&part, Now::Database).await)
        }
        Request::Fold(kept) => Answer::Folded(stats::fold(store, kept, Now::Database).await),
        Request::Declare(declared) => {
            Answer::Declared(schedule::declare(store, &declared, Now::Database).await)
        }
        Request::Tidy => Answer::Tidied(store.tidy(Now::Database).await),
    }
}

/// Writes how attempts ended, after what they have said last: under a settled lease they can say nothing more.
async fn write_ends(
    store: &dyn Store,
    worker: WorkerId,
    pending: &[PendingSettlement],
) -> Result<Vec<Settled>, StoreError> {
    last_words::write(store, pending.iter().filter_map(|one| one.words.as_deref())).await?;
    let settlements = pending.iter().map(|one| one.settlement.clone()).collect();
    settle::write(store, worker, settlements).await
}
