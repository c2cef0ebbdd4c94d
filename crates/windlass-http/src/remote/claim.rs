//! Claiming by a request that waits for work.

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
use windlass::{Json, LeaseId, StoreError, Timestamp, WorkerId};

use super::document::{ClaimedBody, claimed};
use super::registry::{Held, Remote};
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
pub(super) struct Room {
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
    /// `quiet` where the worker is asked to take no new work.
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
    request_body = Room,
    responses((status = 200, description = "What was claimed.", body = Document<ClaimedJobs>))
)]
pub(super) async fn claim(
    may: MayIn<Work>,
    State(api): State<Api>,
    Named(id): Named<WorkerId>,
    Body(room): Body<Room>,
) -> Result<Response, Problem> {
    let (jobs, wait) = room.checked()?;
    let remote = api.remotes().get(api.store(), id).await?;
    may.check_worker(&remote.registration)?;
    let (answer, answered) = oneshot::channel();
    let claim =
        Claim { api: api.clone(), remote: Arc::clone(&remote), jobs, until: Instant::now() + wait };
    // A request that is given up must not leave a claim half-way: it runs on, and hands back what nobody is told of.
    api.tasks().spawn(claim.run(answer));
    let stopping = || Problem::new(Code::Unavailable, "the server stops; try again");
    let held = answered.await.map_err(|_| stopping())??;
    let checkpoints = checkpoints(&api, &remote, &held).await?;
    let told = held.iter().zip(&checkpoints);
    let jobs = told.map(|((token, held), checkpoint)| claimed(*token, held, checkpoint.as_ref()));
    let state = super::heartbeat::Asked::of(&remote);
    Ok(ok(&Document::new("claimed_jobs.v1", ClaimedJobs { jobs: jobs.collect(), state })))
}

/// Where an earlier attempt of each has got to.
async fn checkpoints(
    api: &Api,
    remote: &Remote,
    held: &[(LeaseToken, Held)],
) -> Result<Vec<Option<Json>>, StoreError> {
    let mut found = Vec::with_capacity(held.len());
    for (token, held) in held {
        found.push(match held.job.attempt {
            0 | 1 => None,
            _ => api.store().last_checkpoint(&remote.fence(*token, held)).await?,
        });
    }
    Ok(found)
}

impl Room {
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
        let claimed = self.wait(&mut answer).await;
        let tokens: Vec<LeaseToken> = match &claimed {
            Ok(held) => held.iter().map(|(token, _)| *token).collect(),
            Err(_) => Vec::new(),
        };
        if answer.send(claimed).is_err() {
            self.hand_back(&tokens).await;
        }
    }

    async fn wait(&self, answer: &mut oneshot::Sender<Told>) -> Told {
        let mut looks = 0;
        loop {
            // One that is quiet waits too: an answer at once would only be asked for again.
            if !self.remote.is_quiet.load(Ordering::Relaxed) {
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
        let registration = &self.remote.registration;
        let share = |queue| Share { queue, jobs: self.jobs };
        let request = ClaimRequest {
            worker: self.remote.id(),
            lease: LeaseId::new(),
            shares: self.remote.queues_in_turn().into_iter().map(share).collect(),
            jobs: self.jobs,
            bytes: CLAIM_BYTES,
            handlers: Arc::clone(&registration.handlers),
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
        let Some(first) = tokens.first() else { return };
        match self.api.store().release(first.worker, first.lease, Now::Database).await {
            Ok(_) => tokens.iter().for_each(|token| self.remote.lost(*token)),
            // A heartbeat that does not name them hands them back.
            Err(error) => {
                tracing::debug!(%error, "a claim that nobody waited for was not handed back")
            }
        }
    }
}
