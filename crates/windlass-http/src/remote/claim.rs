//! Claiming by a request that waits for work.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::time::Instant;
use utoipa::ToSchema;
use windlass::event;
use windlass::job::{ClaimRequest, Claimed, Share};
use windlass::limits::{CLAIM_BYTES, CLAIM_JOBS, POLL_WAITS};
use windlass::store::{Now, Store};
use windlass::worker::Registration;
use windlass::{LeaseId, StoreError, Timestamp, WorkerId};

use super::document::{ClaimedBody, claimed};
use super::recall::recall;
use super::registry::{Held, Remote};
use super::room::{Ask, Room};
use super::token::LeaseToken;
use crate::access::{MayIn, Work};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::{Body, Named};
use crate::limits::LONGEST_POLL;
use crate::problem::{Code, Problem};

/// How many jobs a worker has room for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ClaimRoom)]
pub(super) struct Wanted {
    /// At most so many.
    #[schema(minimum = 1, maximum = 500)]
    max: usize,
    /// How long to wait where there is nothing; 20 s unless given.
    #[schema(maximum = 60000)]
    wait_ms: Option<u64>,
}

/// Jobs that a worker has claimed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClaimedJobs)]
struct ClaimedJobs<'a> {
    /// In the order in which they are to start; empty where nothing came in time.
    jobs: Vec<ClaimedBody<'a>>,
    /// `quiet` where the worker is asked to take no new work, `terminate` where it is to end.
    state: super::heartbeat::Asked,
}

/// Claim jobs
///
/// Waits until there is work, and answers with none where nothing came in time. Their attempts are counted when they are
/// claimed. Jobs of an answer that was lost come back: a heartbeat that does not name them hands them back.
#[utoipa::path(
    post,
    path = "/workers/{id}/claim",
    tag = "worker protocol",
    params(("id" = String, Path, description = "The worker's id.")),
    request_body = Wanted,
    responses((status = 200, description = "What was claimed.", body = Document<ClaimedJobs>))
)]
pub(super) async fn claim(
    may: MayIn<Work>,
    State(api): State<Api>,
    Named(id): Named<WorkerId>,
    Body(wanted): Body<Wanted>,
) -> Result<Response, Problem> {
    let (jobs, wait) = wanted.checked()?;
    let remote = api.remotes().get(api.store(), id).await?;
    may.check_worker(&remote.registration)?;
    let (answer, answered) = oneshot::channel();
    let claim =
        Claim { api: api.clone(), remote: Arc::clone(&remote), jobs, until: Instant::now() + wait };
    // A request that is given up must not leave a claim half-way: it runs on, and hands back what nobody is told of.
    api.tasks().spawn(claim.run(answer));
    let stopping = || Problem::new(Code::Unavailable, "the server stops; try again");
    let held = answered.await.map_err(|_| stopping())??;
    let told = recall(&api, &remote, held).await?;
    api.remotes().measures().started(told.iter().map(|(_, held, _)| held));
    let jobs = told.iter().map(|(token, held, recalled)| claimed(*token, held, recalled));
    let state = super::heartbeat::Asked::of(&remote);
    Ok(ok(&Document::new("claimed_jobs.v1", ClaimedJobs { jobs: jobs.collect(), state })))
}

impl Wanted {
    fn checked(&self) -> Result<(usize, Duration), Problem> {
        if !(1..=CLAIM_JOBS).contains(&self.max) {
            let detail = format!("expected 1 to {CLAIM_JOBS}, found {}", self.max);
            return Err(Problem::body("/max".to_owned(), detail));
        }
        let wait = self.wait_ms.map_or(LONGEST_POLL / 3, Duration::from_millis);
        if wait > LONGEST_POLL {
            let detail = format!("expected at most {}", LONGEST_POLL.as_millis());
            return Err(Problem::body("/wait_ms".to_owned(), detail));
        }
        Ok((self.max, wait))
    }
}

/// A claim that waits.
struct Claim {
    api: Api,
    remote: Arc<Remote>,
    jobs: usize,
    until: Instant,
}

type Told = Result<Vec<(LeaseToken, Held)>, Problem>;

impl Claim {
    async fn run(self, mut answer: oneshot::Sender<Told>) {
        let _one = tokio::select! {
            one = self.remote.claiming.lock() => one,
            () = answer.closed() => return,
        };
        let claimed = match self.begin().await {
            Ok(()) => self.wait(&mut answer).await,
            Err(error) => Err(error.into()),
        };
        let tokens: Vec<LeaseToken> = match &claimed {
            Ok(held) => held.iter().map(|(token, _)| *token).collect(),
            Err(_) => Vec::new(),
        };
        if answer.send(claimed).is_err() {
            self.hand_back(&tokens).await;
        }
    }

    /// Where it runs so many of a kind at once, what it holds of each must be known, also what another process has claimed for it.
    async fn begin(&self) -> Result<(), StoreError> {
        if self.remote.registration.kind_slots.is_empty() {
            return Ok(());
        }
        self.remote.reread_hands(self.api.store()).await
    }

    async fn wait(&self, answer: &mut oneshot::Sender<Told>) -> Told {
        let mut looks = 0;
        let was_stopping = self.remote.is_stopping.load(Ordering::Relaxed);
        loop {
            let is_stopping = self.remote.is_stopping.load(Ordering::Relaxed);
            if is_stopping && !was_stopping {
                return Ok(Vec::new());
            }
            // One that takes nothing waits too: an answer at once would only be asked for again.
            if !is_stopping && !self.remote.is_quiet.load(Ordering::Relaxed) {
                let held = self.look().await?;
                if !held.is_empty() {
                    return Ok(held);
                }
            }
            let poll = POLL_WAITS[looks.min(POLL_WAITS.len() - 1)];
            let next = (Instant::now() + poll).min(self.until);
            tokio::select! {
                () = self.remote.wake.work() => looks = 0,
                () = self.remote.wake.news() => {}
                () = tokio::time::sleep_until(next) => looks += 1,
                () = answer.closed() => return Ok(Vec::new()),
                () = self.api.stopping().cancelled() => return Ok(Vec::new()),
            }
            if Instant::now() >= self.until {
                return Ok(Vec::new());
            }
        }
    }

    async fn look(&self) -> Told {
        let Registration { handlers, kind_slots, .. } = &self.remote.registration;
        let held = if kind_slots.is_empty() { Vec::new() } else { self.remote.in_hand() };
        let kinds = held.iter().map(|(_, held)| held.job.kind.as_str());
        let mut room = Room::of((handlers, kind_slots), self.jobs, kinds);
        let Some(first) = room.first() else { return Ok(Vec::new()) };
        let wanted = first.jobs;
        let mut taken = self.take(first, CLAIM_BYTES).await?;
        taken.iter().for_each(|(_, held)| room.took(&held.job.kind));
        if taken.len() < wanted || wanted == self.jobs {
            return Ok(taken);
        }
        for part in room.parts() {
            let bytes: usize =
                taken.iter().map(|(_, held)| held.job.payload().as_str().len()).sum();
            let (Some(ask), true) = (room.ask(part), bytes < CLAIM_BYTES) else { continue };
            match self.take(ask, CLAIM_BYTES - bytes).await {
                Ok(more) => {
                    more.iter().for_each(|(_, held)| room.took(&held.job.kind));
                    taken.extend(more);
                }
                // What was taken before is told anyway; the next claim meets it again.
                Err(error) => {
                    tracing::debug!(
                        error = error.detail(),
                        "a part of a claim was not carried out"
                    );
                    break;
                }
            }
        }
        Ok(taken)
    }

    /// Takes jobs of these kinds.
    async fn take(&self, ask: Ask, bytes: usize) -> Told {
        let share = |queue| Share { queue, jobs: ask.jobs };
        let request = ClaimRequest {
            worker: self.remote.id(),
            lease: LeaseId::new(),
            shares: self.remote.queues_in_turn().into_iter().map(share).collect(),
            jobs: ask.jobs,
            bytes,
            handlers: ask.handlers,
        };
        let store: &dyn Store = self.api.store();
        let batch = event::claim(store, &request, Now::Database).await?;
        let claimed_at = batch.claimed_at.unwrap_or_else(Timestamp::wall_clock);
        let hold = |job: Arc<Claimed>| {
            let token = LeaseToken::of(self.remote.id(), batch.lease, &job);
            (token, Held::new(job, claimed_at))
        };
        let held: Vec<_> = batch.jobs.into_iter().map(hold).collect();
        self.remote.take(held.iter().cloned());
        Ok(held)
    }

    /// Nobody is there to be told: the jobs are for others.
    async fn hand_back(&self, tokens: &[LeaseToken]) {
        let leases: HashSet<LeaseId> = tokens.iter().map(|token| token.lease).collect();
        for lease in leases {
            match self.api.store().release(self.remote.id(), lease, Now::Database).await {
                Ok(_) => {
                    let of_lease = tokens.iter().filter(|token| token.lease == lease);
                    of_lease.for_each(|token| self.remote.lost(*token));
                }
                // A heartbeat that does not name them hands them back.
                Err(error) => {
                    tracing::debug!(%error, "a claim that nobody waited for was not handed back")
                }
            }
        }
    }
}
