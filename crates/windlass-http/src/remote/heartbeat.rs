//! Heartbeats: a worker says what it runs, and learns what is lost and what is to end.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::ToSchema;
use windlass::job::{Settled, Settlement, Verdict, verdict_of_timeout};
use windlass::store::Now;
use windlass::worker::{Beat, Renewal};
use windlass::{JobId, LeaseId, Policy, Timestamp, WorkerId};

use super::register::heartbeat_of;
use super::registry::{Held, Remote, gone};
use super::token::LeaseToken;
use crate::access::{MayIn, Work};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::{Body, Named};
use crate::problem::Problem;
use crate::schema;

/// What a worker runs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RunningLeases)]
pub(super) struct Running {
    /// The leases of the jobs that it runs or has yet to start.
    #[schema(value_type = Vec<String>)]
    leases: Vec<LeaseToken>,
}

/// What the worker is asked to do.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = WorkerWish)]
pub(super) enum Asked {
    /// Go on.
    Run,
    /// Take no new work.
    Quiet,
    /// Take no new work, end what runs, and leave.
    Terminate,
}

impl Asked {
    pub(super) fn of(remote: &Remote) -> Self {
        if remote.is_stopping.load(Ordering::Relaxed) {
            Self::Terminate
        } else if remote.is_quiet.load(Ordering::Relaxed) {
            Self::Quiet
        } else {
            Self::Run
        }
    }
}

/// What a heartbeat brings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Heartbeat)]
struct BeatBody {
    /// Until when the worker's jobs are its own without another heartbeat.
    #[schema(value_type = schema::Moment)]
    expires_at: Timestamp,
    /// Leases that are lost: their jobs are others', and nothing that is said about them is written.
    #[schema(value_type = Vec<String>)]
    lost: Vec<LeaseToken>,
    /// Leases that it names and whose result is written already, by the worker itself or by who has the lease from it.
    #[schema(value_type = Vec<String>)]
    settled: Vec<LeaseToken>,
    /// Jobs that are to end.
    cancel: Vec<CancelBody>,
    state: Asked,
    /// The server's clock.
    #[schema(value_type = schema::Moment)]
    server_time: Timestamp,
}

/// A job that is to end.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CancelledJob)]
struct CancelBody {
    #[schema(value_type = schema::JobId)]
    job: JobId,
    #[schema(value_type = String)]
    lease: LeaseToken,
    /// Why.
    reason: String,
}

/// Send a heartbeat
///
/// Renews the lease of all that the worker holds. Jobs that it does not name, and was given some time ago, are handed back: it
/// does not know them. A job that has run for longer than it may is to end; where it has not a lease later, it has failed.
#[utoipa::path(
    post,
    path = "/workers/{id}/heartbeat",
    tag = "worker protocol",
    params(("id" = String, Path, description = "The worker's id.")),
    request_body = Running,
    responses((status = 200, description = "The lease is renewed.", body = Document<BeatBody>))
)]
pub(super) async fn heartbeat(
    may: MayIn<Work>,
    State(api): State<Api>,
    Named(id): Named<WorkerId>,
    Body(running): Body<Running>,
) -> Result<Response, Problem> {
    let remote = api.remotes().get(api.store(), id).await?;
    may.check_worker(&remote.registration)?;
    let lease = remote.registration.lease;
    let renewal = Renewal { lease, claimed: remote.claimed() };
    let beat = api.store().heartbeat(id, renewal, Now::Database).await?;
    let Beat::Alive { leases, cancels, quiet, stopping, .. } = beat else {
        api.remotes().forget(api.store(), id);
        return Err(gone(id));
    };
    remote.is_quiet.store(quiet, Ordering::Relaxed);
    if stopping && !remote.is_stopping.swap(true, Ordering::Relaxed) {
        // A claim that waits ends, so that the worker need not wait for it.
        api.store().wakeups().news_for(id);
    }
    let named: HashSet<LeaseToken> = running.leases.iter().copied().collect();
    // What another server claimed, or a claim whose answer was lost, is under a lease that nobody here knows; the jobs of one
    // are known together.
    let known: HashSet<LeaseId> = remote.in_hand().iter().map(|(token, _)| token.lease).collect();
    if leases.iter().any(|lease| !known.contains(lease)) {
        remote.read_hands(api.store()).await?;
    }
    let held: HashMap<LeaseToken, Held> = remote.in_hand().into_iter().collect();
    let is_lost = |token: &LeaseToken| {
        token.worker != id || !leases.contains(&token.lease) || !held.contains_key(token)
    };
    let lost: Vec<LeaseToken> = named
        .iter()
        .filter(|token| is_lost(token) && !remote.has_settled(**token))
        .copied()
        .collect();
    lost.iter().for_each(|token| remote.lost(*token));
    let over = Overdue::of(&remote, &held, &named);
    over.settle(&api, &remote).await?;
    api.remotes().measures().write_due(api.store()).await;
    let mut cancel = over.to_end();
    let reasons: HashMap<JobId, String> = cancels.into_iter().collect();
    cancel.extend(held.iter().filter(|(token, _)| named.contains(token)).filter_map(
        |(token, held)| {
            let (job, lease) = (held.job.id, *token);
            reasons.get(&job).map(|reason| CancelBody { job, lease, reason: reason.clone() })
        },
    ));
    let server_time = Timestamp::wall_clock();
    let (expires_at, state) = (server_time.after(lease), Asked::of(&remote));
    let is_settled = |token: &&LeaseToken| remote.has_settled(**token);
    let settled = running.leases.iter().filter(is_settled).copied().collect();
    let body = BeatBody { expires_at, lost, settled, cancel, state, server_time };
    Ok(ok(&Document::new("heartbeat.v1", body)))
}

/// Jobs in a worker's hands that should not be there any more.
struct Overdue {
    /// It does not know them: they are handed back.
    unknown: Vec<(LeaseToken, Held)>,
    /// They ran longer than they may.
    late: Vec<(LeaseToken, Held)>,
    /// The same, and a lease ago.
    abandoned: Vec<(LeaseToken, Held)>,
}

impl Overdue {
    fn of(remote: &Remote, held: &HashMap<LeaseToken, Held>, named: &HashSet<LeaseToken>) -> Self {
        let now = Instant::now();
        let lease = remote.registration.lease;
        let mut over = Self { unknown: Vec::new(), late: Vec::new(), abandoned: Vec::new() };
        for (token, held) in held {
            let one = (*token, held.clone());
            let age = now.saturating_duration_since(held.since);
            if !named.contains(token) {
                // The answer to the claim may still be on its way.
                if age > heartbeat_of(lease) * 2 {
                    over.unknown.push(one);
                }
            } else if age > held.limit() + lease {
                over.abandoned.push(one);
            } else if age > held.limit() {
                over.late.push(one);
            }
        }
        over
    }

    /// Settles what the worker does not.
    async fn settle(&self, api: &Api, remote: &Remote) -> Result<(), Problem> {
        let back = self
            .unknown
            .iter()
            .map(|one| (one, Verdict::Release { delay: std::time::Duration::ZERO }));
        let policy = Policy::default();
        let failed = self
            .abandoned
            .iter()
            .map(|one| (one, verdict_of_timeout(one.1.limit(), &one.1.job, &policy)));
        let settlements: Vec<Settlement> = back
            .chain(failed)
            .map(|((token, held), verdict)| Settlement {
                lease: token.lease,
                job: held.job.clone(),
                ran: Some(held.since.elapsed()),
                verdict,
            })
            .collect();
        if settlements.is_empty() {
            return Ok(());
        }
        let answers = api.store().settle(remote.id(), &settlements, Now::Database).await?;
        let ended = self.unknown.iter().chain(&self.abandoned).zip(&settlements).zip(answers);
        for (((token, _), settlement), answer) in ended {
            api.remotes().measures().settled(settlement, answer);
            // What is locked right now comes again with the next heartbeat.
            if answer != Settled::Busy {
                remote.lost(*token);
            }
        }
        Ok(())
    }

    fn to_end(&self) -> Vec<CancelBody> {
        let late = self.late.iter().chain(&self.abandoned);
        late.map(|(token, held)| CancelBody {
            job: held.job.id,
            lease: *token,
            reason: format!("ran longer than {:?}", held.limit()),
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use windlass::NewJob;
    use windlass::job::Claimed;

    use super::super::registry::tests::{claimed, remote};
    use super::*;

    fn over(age: Duration, job: Arc<Claimed>, is_named: bool) -> (usize, usize, usize) {
        let remote = remote();
        let token = LeaseToken::of(remote.id(), LeaseId::new(), &job);
        let mut held = Held::new(job, Timestamp::wall_clock());
        held.since = Instant::now() - age;
        let held = HashMap::from([(token, held)]);
        let named = if is_named { HashSet::from([token]) } else { HashSet::new() };
        let over = Overdue::of(&remote, &held, &named);
        (over.unknown.len(), over.late.len(), over.abandoned.len())
    }

    fn job() -> NewJob {
        let mut job = NewJob::new("k", windlass::Json::stored("null"));
        job.meta.timeout_ms = Some(60_000);
        job
    }

    /// T8: the answer to a claim may be on its way; what the worker does not know later is for others.
    #[test]
    fn what_a_worker_does_not_name_is_handed_back_in_time() {
        for (seconds, expected) in [(0, 0), (19, 0), (21, 1)] {
            let found = over(Duration::from_secs(seconds), claimed(&job()), false);
            assert_eq!(found, (expected, 0, 0), "{seconds} s");
        }
    }

    /// T14: a job that runs longer than it may is told to end, and has failed where it does not.
    #[test]
    fn what_runs_too_long_is_to_end() {
        for (seconds, late, abandoned) in [(59, 0, 0), (61, 1, 0), (89, 1, 0), (91, 0, 1)] {
            let found = over(Duration::from_secs(seconds), claimed(&job()), true);
            assert_eq!(found, (0, late, abandoned), "{seconds} s");
        }
    }
}
