//! Results of attempts, many at a time, each written only while its lease holds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use windlass::event::NewEvent;
use windlass::job::{Completion, Settled, Settlement, Verdict};
use windlass::store::Now;
use windlass::{JobId, NewJob, Outcome, Parent, State as JobState, StoreError, WorkerId};

use super::holder::holder;
use super::outcome::{ResultBody, Wanted};
use super::registry::{Held, Remote};
use super::token::LeaseToken;
use crate::access::{MayIn, Work};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::Body;
use crate::job::bounds;
use crate::limits::BATCH_JOBS;
use crate::problem::Problem;

/// How attempts ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AttemptResults)]
pub(super) struct Results {
    /// At most 1,000.
    #[schema(max_items = 1000)]
    results: Vec<ResultBody>,
}

/// What happened to each result, in their order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SettledResults)]
struct Answers {
    results: Vec<Answer>,
}

/// What happened to a result.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SettledResult)]
struct Answer {
    #[schema(value_type = crate::schema::JobId)]
    job: JobId,
    status: Status,
    /// With `refused`: the code of the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// With `refused`: what is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// What happened to it.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = SettledStatus)]
enum Status {
    /// It is written.
    Done,
    /// It was written before: an answer got lost.
    Already,
    /// The lease was lost, and nothing was written: somebody else has the job.
    Lost,
    /// Somebody has it locked right now: send it again.
    Busy,
    /// It cannot be written as it is; the job is still the worker's.
    Refused,
}

impl From<Settled> for Status {
    fn from(settled: Settled) -> Self {
        match settled {
            Settled::Done => Self::Done,
            Settled::Already => Self::Already,
            Settled::Lost => Self::Lost,
            Settled::Busy => Self::Busy,
        }
    }
}

/// Settle attempts
///
/// Each result is written only while its lease holds, and on its own: one that is lost or refused keeps no other from being
/// written. A result that is sent again finds itself. What a completion brings with it, jobs and events, is written in one transaction
/// with it, or not at all.
#[utoipa::path(
    post,
    path = "/results",
    tag = "worker protocol",
    request_body = Results,
    responses((status = 200, description = "What happened to each.", body = Document<Answers>))
)]
pub(super) async fn settle(
    may: MayIn<Work>,
    State(api): State<Api>,
    Body(body): Body<Results>,
) -> Result<Response, Problem> {
    if body.results.len() > BATCH_JOBS {
        let detail = format!("at most {BATCH_JOBS} at a time, found {}", body.results.len());
        return Err(Problem::body("/results".to_owned(), detail));
    }
    let remotes = remotes_of(&may, &api, &body.results).await?;
    let mut answers: Vec<Answer> = Vec::with_capacity(body.results.len());
    let mut plain: BTreeMap<WorkerId, (Arc<Remote>, Vec<Plain>)> = BTreeMap::new();
    for (nth, result) in body.results.into_iter().enumerate() {
        let (job, token) = (result.job, result.lease);
        let status = match Attempt::find((&api, &may), &remotes, &result).await? {
            Found::Here(attempt) => match attempt.wanted((&api, &may), result, nth).await? {
                Next::Answer(status) => status,
                Next::Settle(settlement) => {
                    let remote = || (Arc::clone(&attempt.remote), Vec::new());
                    let (_, of_worker) = plain.entry(token.worker).or_insert_with(remote);
                    of_worker.push(Plain { nth, token, settlement });
                    Ok(Status::Busy)
                }
            },
            Found::Gone(status) => Ok(status),
        };
        answers.push(answer(job, status));
    }
    for (remote, settlements) in plain.into_values() {
        send(&api, &remote, settlements, &mut answers).await?;
    }
    Ok(ok(&Document::new("settled_results.v1", Answers { results: answers })))
}

/// The workers that results are of; none for one that is gone.
type ByWorker = BTreeMap<WorkerId, Option<Arc<Remote>>>;

/// Before anything is written: a request with leases that are not for the caller is refused as a whole. What a worker holds is read again
/// where it is said to hold what is not known here, once for all its results.
async fn remotes_of(
    may: &MayIn<Work>,
    api: &Api,
    results: &[ResultBody],
) -> Result<ByWorker, Problem> {
    let mut tokens: BTreeMap<WorkerId, Vec<LeaseToken>> = BTreeMap::new();
    for result in results {
        tokens.entry(result.lease.worker).or_default().push(result.lease);
    }
    let mut remotes = ByWorker::new();
    for (worker, tokens) in tokens {
        remotes.insert(worker, holder((may, api), worker, &tokens).await?);
    }
    Ok(remotes)
}

fn answer(job: JobId, status: Result<Status, Problem>) -> Answer {
    match status {
        Ok(status) => Answer { job, status, code: None, detail: None },
        Err(problem) => Answer {
            job,
            status: Status::Refused,
            code: Some(problem.code().word()),
            detail: Some(problem.detail().to_owned()),
        },
    }
}

/// A result that shares its statement with others.
struct Plain {
    nth: usize,
    token: LeaseToken,
    settlement: Settlement,
}

async fn send(
    api: &Api,
    remote: &Remote,
    plain: Vec<Plain>,
    answers: &mut [Answer],
) -> Result<(), Problem> {
    let settlements: Vec<Settlement> = plain.iter().map(|one| one.settlement.clone()).collect();
    let settled = api.store().settle(remote.id(), &settlements, Now::Database).await?;
    for (one, settled) in plain.iter().zip(settled) {
        api.remotes().measures().settled(&one.settlement, settled);
        note((api, remote), one.token, settled);
        answers[one.nth].status = settled.into();
    }
    Ok(())
}

fn note((api, remote): (&Api, &Remote), token: LeaseToken, settled: Settled) {
    match settled {
        Settled::Done | Settled::Already => {
            remote.settled(token);
            if !remote.registration.kind_slots.is_empty() {
                // A claim that waits while a kind is full looks again.
                api.store().wakeups().work_for(remote.id());
            }
        }
        Settled::Lost => remote.lost(token),
        Settled::Busy => {}
    }
}

/// An attempt that its worker still holds, as far as is known.
struct Attempt {
    remote: Arc<Remote>,
    token: LeaseToken,
    held: Held,
}

enum Found {
    Here(Box<Attempt>),
    Gone(Status),
}

enum Next {
    Settle(Settlement),
    Answer(Result<Status, Problem>),
}

impl Attempt {
    async fn find(
        by: (&Api, &MayIn<Work>),
        remotes: &ByWorker,
        result: &ResultBody,
    ) -> Result<Found, Problem> {
        let (job, token) = (result.job, result.lease);
        let Some(remote) = remotes.get(&token.worker).and_then(Option::as_ref) else {
            // Its label is not known any more, but ends like its id; and an attempt has one worker.
            let id = token.worker.to_string();
            let is_its = |worker: &str| worker.ends_with(&id[id.len() - 4..]);
            return ended_before(by, result, is_its).await.map(Found::Gone);
        };
        // What is settled is not held any more: whose job it was, the job itself says.
        if remote.has_settled(token) && !by.1.caller.grant().is_limited_to_tags() {
            return Ok(Found::Gone(Status::Already));
        }
        let remote = Arc::clone(remote);
        match remote.held(token).filter(|held| held.job.id == job) {
            Some(held) => Ok(Found::Here(Box::new(Self { remote, token, held }))),
            None => {
                ended_before(by, result, |worker| *worker == *remote.label).await.map(Found::Gone)
            }
        }
    }

    async fn wanted(
        &self,
        (api, may): (&Api, &MayIn<Work>),
        result: ResultBody,
        nth: usize,
    ) -> Result<Next, Problem> {
        let ran = result.ran_ms.map_or_else(|| self.held.since.elapsed(), Duration::from_millis);
        let ran = Some(ran);
        let wanted = match result.wanted(&format!("/results/{nth}"), &self.held) {
            Ok(wanted) => wanted,
            // It is this result's alone: the others are written.
            Err(problem) => return Ok(Next::Answer(Err(problem))),
        };
        Ok(match wanted {
            Wanted::Settle(verdict) => Next::Settle(self.settlement(ran, verdict)),
            Wanted::Complete { output, jobs, events } if jobs.is_empty() && events.is_empty() => {
                Next::Settle(self.settlement(ran, Verdict::Complete { output }))
            }
            Wanted::Complete { output, jobs, events } => {
                Next::Answer(match self.prepared((api, may), jobs, events).await {
                    Ok((jobs, events)) => {
                        let completion = Completion { output, ran, jobs, events };
                        self.complete((api, may), &completion).await
                    }
                    Err(problem) => Err(problem),
                })
            }
        })
    }

    fn settlement(&self, ran: Option<Duration>, verdict: Verdict) -> Settlement {
        Settlement { lease: self.token.lease, job: self.held.job.clone(), ran, verdict }
    }

    /// What follows, as this job's children.
    async fn prepared(
        &self,
        (api, may): (&Api, &MayIn<Work>),
        jobs: Vec<NewJob>,
        events: Vec<NewEvent>,
    ) -> Result<(Vec<NewJob>, Vec<NewEvent>), Problem> {
        jobs.iter().try_for_each(|job| may.check_new(job))?;
        bounds::check_awaited(may, api.client(), &jobs).await?;
        if !events.is_empty() {
            may.check_publish()?;
        }
        let job = &self.held.job;
        let parent = Parent {
            job: job.id,
            root: job.root.unwrap_or(job.id),
            traceparent: job.meta.traceparent.clone(),
            depth: job.depth(),
        };
        let client = api.client().clone().with_parent(parent);
        let pipeline = client.pipeline();
        Ok((pipeline.prepare_all(jobs)?, pipeline.prepare_events(events)?))
    }

    async fn complete(
        &self,
        (api, may): (&Api, &MayIn<Work>),
        completion: &Completion,
    ) -> Result<Status, Problem> {
        let fence = self.remote.fence(self.token, &self.held);
        let settled = match api.store().complete_with(&fence, completion, Now::Database).await {
            Ok(settled) => settled,
            // It may pass by itself: the worker sends it again.
            Err(error) if error.is_passing() => return Ok(Status::Busy),
            Err(StoreError::QueueFull { .. }) => return Ok(Status::Busy),
            Err(error) => return Err(bounds::problem(may, api.client(), error).await),
        };
        api.remotes().measures().settled(&completion.settlement(&fence), settled);
        note((api, &self.remote), self.token, settled);
        Ok(settled.into())
    }
}

/// Whether an attempt that ended so was ended by somebody else than who sends this result.
fn is_by_others(outcome: Outcome, result: &ResultBody) -> bool {
    match outcome {
        Outcome::Lost | Outcome::Released | Outcome::Timeout => true,
        // A failure of a job that was cancelled meanwhile ends so, work that is done never.
        Outcome::Cancelled => result.completes(),
        _ => false,
    }
}

/// Whether an attempt that nobody holds ended as its worker said: where an answer got lost, and the server that sent it too.
async fn ended_before(
    (api, may): (&Api, &MayIn<Work>),
    result: &ResultBody,
    is_its: impl Fn(&str) -> bool,
) -> Result<Status, Problem> {
    let token = result.lease;
    let Some(record) = api.client().job(result.job).await? else { return Ok(Status::Lost) };
    if !may.sees(&record) {
        return Ok(Status::Lost);
    }
    let past = record.history.iter().rev().find(|past| past.attempt == token.attempt);
    let by_itself = match past {
        Some(past) => is_its(&past.worker) && !is_by_others(past.outcome, result),
        None => {
            let ended = record.state == JobState::Completed && record.attempt == token.attempt;
            ended && record.worker.as_deref().is_some_and(is_its)
        }
    };
    Ok(if by_itself { Status::Already } else { Status::Lost })
}
