//! A worker without a loop: runs one job after the other where it is called, by the engine's own verdicts.
//! For tests of applications.

use crate::reply::Now;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, timeout};
use tracing::Instrument as _;

use super::attempt::{self, HandlerExit};
use super::attempts::{FailureBudget, Interruption};
use super::beside::Hook;
use super::failure::Failure;
use super::last_words::{self, LastWords};
use super::start_error::StartError;
use super::verdict::{self, AttemptEnd};
use super::worker::{InlineParts, Worker};
use crate::alert::{Alerted, Watch};
use crate::client::Client;
use crate::context::{AttemptContext, AttemptParts, Context, News, Signals};
use crate::error::StoreError;
use crate::event;
use crate::handler::{Handler, Policy, Registered, Run, attempted, output_json};
use crate::health::Thresholds;
use crate::id::{JobId, LeaseId};
use crate::job::{
    ClaimRequest, Claimed, HandlerKey, JobError, Outcome, Settled, Settlement, Share, Verdict,
};
use crate::panics::{self, Caught};
use crate::schedule;
use crate::store::Store;
use crate::subscription::Feed;
use crate::worker::Registration;

/// How long a settlement waits for a transaction that holds its job.
const BUSY_TRIES: usize = 400;
const BUSY_AGAIN: Duration = Duration::from_millis(5);
/// Args of one job may be of any size that a store takes.
const CLAIM_BYTES: usize = usize::MAX >> 1;

/// Runs jobs one after the other in the caller's own task. The store must not have other workers.
#[must_use = "it runs jobs only when it is asked to"]
pub struct InlineWorker {
    client: Client,
    handlers: HashMap<String, Registered>,
    registration: Registration,
    failures: Option<Hook<Failure>>,
    thresholds: Thresholds,
}

/// An attempt that an [`InlineWorker`] ran.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The job.
    pub job: JobId,
    /// Its kind.
    pub kind: String,
    /// The attempt's number.
    pub attempt: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// What went wrong, where something did.
    pub error: Option<String>,
}

impl<App: Send + Sync + 'static> Worker<App> {
    /// This worker without its engine: it runs jobs only when it is asked to.
    ///
    /// # Errors
    /// When it makes no sense as declared, or the store cannot serve it.
    pub async fn inline(self) -> Result<InlineWorker, StartError> {
        self.check()?;
        panics::install();
        let parts = self.into_inline()?;
        let InlineParts { client, handlers, registration, declared, failures, thresholds } = parts;
        let worker = InlineWorker { client, handlers, registration, failures, thresholds };
        let store = &**worker.store();
        // It runs what it is asked to, whatever the minimum builds are.
        store.register(&worker.registration, Now::Database).await.map_err(StartError::Store)?;
        schedule::declare(store, &declared, Now::Database).await.map_err(StartError::Store)?;
        Ok(worker)
    }
}

/// One job in hand.
struct InHand {
    lease: LeaseId,
    job: Arc<Claimed>,
    context: Arc<AttemptContext>,
    policy: Policy,
    began: Instant,
}

impl InlineWorker {
    /// Runs the next available job of its queues, after whatever has become due was promoted; of a kind whose jobs are taken
    /// many at a time, as many as it takes. Empty where there is none.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn run_next(&self) -> Result<Vec<Ran>, StoreError> {
        let Some(first) = self.claim().await? else { return Ok(Vec::new()) };
        let Some(registered) = self.handlers.get(&first.job.kind) else { return Ok(Vec::new()) };
        let in_hand = self.with_its_chunk(first, registered).await?;
        let exits = join_all(in_hand.iter().map(|one| run(one, &registered.handler))).await;
        let mut ran = Vec::with_capacity(exits.len());
        for (one, (exit, why)) in in_hand.into_iter().zip(exits) {
            ran.push(self.settle(one, exit, why.as_ref()).await?);
        }
        Ok(ran)
    }

    /// Runs the next available job as one of this type, and gives what its handler returned. The job is
    /// settled by it, as a worker would.
    ///
    /// # Errors
    /// When the store cannot be asked, or has no such job.
    pub async fn run_as<J: Run<App>, App: Send + Sync + 'static>(
        &self,
        app: App,
    ) -> Result<Result<J::Output, JobError>, StoreError> {
        let none = || StoreError::NotFound { what: format!("an available job of {}", J::KIND) };
        let in_hand = self.claim().await?.ok_or_else(none)?;
        let payload: J =
            in_hand.job.payload().read().map_err(|error| StoreError::Backend(Box::new(error)))?;
        let cx = Context::new(Arc::new(app), Arc::clone(&in_hand.context));
        let ran = payload.run(&cx).await;
        let exit = match &ran {
            Ok(output) => HandlerExit::Value(output_json(output)),
            Err(error) => HandlerExit::Error(error.clone()),
        };
        self.settle(in_hand, exit, None).await?;
        Ok(ran)
    }

    /// Takes the worker off the list.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn leave(self) -> Result<(), StoreError> {
        self.store().leave(self.registration.worker, Now::Database).await
    }

    fn store(&self) -> &Arc<dyn Store> {
        self.client.store()
    }

    async fn claim(&self) -> Result<Option<InHand>, StoreError> {
        let worker = self.registration.worker;
        let swept = self.store().sweep(worker, Now::Database).await?;
        if swept.next_fire.is_some_and(|wait| wait.is_zero()) {
            schedule::fire_due(&**self.store(), Now::Database).await?;
        }
        let mut feeds = swept.feeds;
        if swept.alerts {
            let mut watch = Watch::new(self.thresholds.clone());
            feeds |= watch.round(&**self.store(), Now::Database).await? != Alerted::default();
        }
        if feeds {
            let mut feed = Feed::without_pace();
            while feed.round(&**self.store(), Now::Database).await?.is_behind {}
        }
        let (lease, jobs) = self.claim_of(1, &self.registration.handlers).await?;
        Ok(jobs.into_iter().next().map(|job| self.take_in_hand(lease, job, None)))
    }

    /// A job in hand, with others of its kind where these are taken together.
    async fn with_its_chunk(
        &self,
        first: InHand,
        registered: &Registered,
    ) -> Result<Vec<InHand>, StoreError> {
        let more = registered.chunks.map_or(0, |chunks| chunks.most().saturating_sub(1));
        if more == 0 {
            return Ok(vec![first]);
        }
        let (lease, jobs) = self.claim_of(more, &registered.keys().collect()).await?;
        let all = std::iter::once((first.lease, first.job));
        let all: Vec<_> = all.chain(jobs.into_iter().map(|job| (lease, job))).collect();
        let beside = all.iter().filter(|(_, job)| job.failures == 0).count();
        let in_hand = |(lease, job)| self.take_in_hand(lease, job, Some(beside));
        Ok(all.into_iter().map(in_hand).collect())
    }

    async fn claim_of(
        &self,
        jobs: usize,
        handlers: &Arc<[HandlerKey]>,
    ) -> Result<(LeaseId, Vec<Arc<Claimed>>), StoreError> {
        let shares = self.registration.queues.iter();
        let request = ClaimRequest {
            worker: self.registration.worker,
            lease: LeaseId::new(),
            shares: shares.map(|queue| Share { queue: queue.clone(), jobs }).collect(),
            jobs,
            bytes: CLAIM_BYTES,
            handlers: Arc::clone(handlers),
        };
        let batch = event::claim(&**self.store(), &request, Now::Database).await?;
        Ok((batch.lease, batch.jobs))
    }

    fn take_in_hand(&self, lease: LeaseId, job: Arc<Claimed>, beside: Option<usize>) -> InHand {
        let policy = self.handlers.get(&job.kind).map(|known| known.policy.clone());
        let policy = policy.unwrap_or_default();
        let parts = AttemptParts {
            lease,
            worker: self.registration.worker,
            worker_label: self.registration.label.as_str().into(),
            timeout: job.meta.timeout_ms.map_or(policy.timeout, Duration::from_millis),
            signals: Signals::default(),
            client: self.client.clone(),
            news: News::default(),
            beside,
        };
        let context = Arc::new(AttemptContext::new(Arc::clone(&job), parts));
        InHand { lease, job, context, policy, began: Instant::now() }
    }

    async fn settle(
        &self,
        in_hand: InHand,
        exit: HandlerExit,
        why: Option<&Interruption>,
    ) -> Result<Ran, StoreError> {
        let InHand { lease, job, context, policy, began } = in_hand;
        let failures = FailureBudget { failures: job.failures, max_attempts: job.max_attempts };
        let words = LastWords::of(&context, &exit);
        last_words::write(&**self.store(), words.as_deref().into_iter()).await?;
        let end = AttemptEnd { exit, finished: context.was_finished() };
        let cause = end.cause();
        // Only a lost lease gives no verdict, and nothing here loses one.
        let verdict = verdict::decide(end, why, failures, &policy)
            .unwrap_or(Verdict::Release { delay: Duration::ZERO });
        let settlement = Settlement { lease, job, ran: Some(began.elapsed()), verdict };
        let answer = self.write(&settlement).await?;
        let written = verdict::written(&settlement.verdict, answer);
        let label = self.registration.label.as_str().into();
        if let Some(hook) = &self.failures
            && let Some(failure) = Failure::of(&settlement.job, &label, written, cause)
        {
            hook.run_here(failure).await;
        }
        let (outcome, error) = verdict::outcome_of(written);
        let job = &settlement.job;
        Ok(Ran {
            job: job.id,
            kind: job.kind.clone(),
            attempt: job.attempt,
            outcome,
            error: error.map(str::to_owned),
        })
    }

    /// Writes an end; a transaction of somebody else's that holds the job may end meanwhile.
    async fn write(&self, settlement: &Settlement) -> Result<Settled, StoreError> {
        let (worker, one) = (self.registration.worker, std::slice::from_ref(settlement));
        for _ in 0..BUSY_TRIES {
            match self.store().settle(worker, one, Now::Database).await?.first() {
                Some(Settled::Busy) => tokio::time::sleep(BUSY_AGAIN).await,
                Some(Settled::Lost) | None => {
                    return Err(StoreError::LeaseLost { job: settlement.job.id });
                }
                Some(answer) => return Ok(*answer),
            }
        }
        let what =
            format!("an open transaction holds {}: commit it or roll it back", settlement.job.id);
        Err(StoreError::Conflict { what })
    }
}

/// Runs one attempt; with what has ended it, where that was not its handler.
async fn run(one: &InHand, handler: &Arc<dyn Handler>) -> (HandlerExit, Option<Interruption>) {
    let (handler, context) = (Arc::clone(handler), Arc::clone(&one.context));
    let span = attempt::span(&context);
    let handled = Caught::new(async move { attempted(&*handler, context).await }.instrument(span));
    match timeout(one.context.timeout(), handled).await {
        Ok(Ok(Ok(output))) => (HandlerExit::Value(output), None),
        Ok(Ok(Err(error))) => (HandlerExit::Error(error), None),
        Ok(Err(panic)) => (HandlerExit::Panic(panic), None),
        Err(_) => {
            let limit = one.context.timeout();
            (HandlerExit::Dropped, Some(Interruption::TimedOut(limit)))
        }
    }
}
