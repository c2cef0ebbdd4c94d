//! What a store does with jobs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    Batch, ClaimRequest, Completion, Enqueued, Fence, Filter, InHand, JobHead, JobRecord, Look,
    NewJob, Settled, Settlement, State,
};
use crate::filter::{Bound, Found, JobCount};
use crate::id::{BatchId, JobId, LeaseId, WorkerId};
use crate::reply::{Now, Reply};
use crate::time::Timestamp;

/// The result of a cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Cancelled {
    /// It will never start.
    Now,
    /// It is running; its worker is told.
    Requested,
    /// It had ended already.
    Ended(State),
    /// There is no such job.
    Missing,
}

/// The result of a retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Retried {
    /// It is available again, with its failures and losses at zero and its history kept.
    Now,
    /// It runs or is about to: nothing to do.
    Unneeded(State),
    /// Its unique key is held by another job by now: it stays as it is.
    Held(JobId),
    /// It is a step of this workflow, which has failed and is undone, or undoes a step of it though it has not failed: it stays
    /// as it is.
    Undone(BatchId),
    /// There is no such job.
    Missing,
}

/// The result of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Moved {
    /// It is on that queue now, in the state and at the place in line that it had.
    Now,
    /// It was on that queue already.
    Unneeded(State),
    /// It runs or has ended, and stays where it is. One that runs and is tried again comes back
    /// to the queue it was claimed from.
    Left(State),
    /// There is no such job.
    Missing,
}

/// Numbers of jobs by queue and state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// The numbers; what is absent is zero.
    pub by_queue: BTreeMap<String, BTreeMap<State, u64>>,
    /// Jobs that were completed or cancelled and then removed when their time of keeping ended, and those that an operation has
    /// deleted.
    pub pruned: u64,
    /// The same by the queues that they ended in: with these a queue's ended jobs only become more.
    pub pruned_by_queue: BTreeMap<String, u64>,
    /// False where counting took too long. PostgreSQL's estimate stands in then; on SQLite there
    /// are at least so many.
    pub exact: bool,
    /// The states of queues of which there are at least so many as counted, where counting ended early
    /// ([`JobStore::capped_counts`]).
    pub or_more: BTreeMap<String, BTreeSet<State>>,
    /// The same of all queues, also of those of which nothing was counted: jobs in these states do not lie by queue.
    pub cut: BTreeSet<State>,
}

impl Counts {
    /// Adds jobs of a queue by the code that their state is stored with, [`State::PRUNED`] for those that were removed: how a
    /// backend reads its rows.
    pub fn add(&mut self, queue: &str, code: i16, jobs: u64) {
        match State::from_code(code) {
            _ if jobs == 0 => {}
            Some(state) => {
                let states = self.by_queue.entry(queue.to_owned()).or_default();
                *states.entry(state).or_default() += jobs;
            }
            None if code == State::PRUNED => {
                self.pruned += jobs;
                *self.pruned_by_queue.entry(queue.to_owned()).or_default() += jobs;
            }
            None => {}
        }
    }

    /// Whether there may be more jobs of a queue in this state than were counted.
    #[must_use]
    pub fn may_be_more(&self, queue: &str, state: State) -> bool {
        self.cut.contains(&state)
            || self.or_more.get(queue).is_some_and(|states| states.contains(&state))
    }

    /// The states of a queue of which there may be more jobs than were counted.
    #[must_use]
    pub fn or_more_of(&self, queue: &str) -> BTreeSet<State> {
        self.or_more.get(queue).into_iter().flatten().chain(&self.cut).copied().collect()
    }

    /// Whether all jobs of a queue were counted.
    #[must_use]
    pub fn is_exact(&self, queue: &str) -> bool {
        let is_capped = self.cut.is_empty() && !self.or_more.is_empty();
        self.exact || (is_capped && !self.or_more.contains_key(queue))
    }

    /// Notes that there may be more jobs of a queue in this state than were counted.
    pub fn may_have_more(&mut self, queue: &str, state: State) {
        self.or_more.entry(queue.to_owned()).or_default().insert(state);
        self.exact = false;
    }

    /// Notes of these states that there may be more jobs than were counted, whatever their queues.
    pub fn cut_short(&mut self, states: impl IntoIterator<Item = State>) {
        self.cut.extend(states);
        self.exact = self.exact && self.cut.is_empty();
    }

    /// The states of which there may be more jobs than were counted.
    #[must_use]
    pub fn states_or_more(&self) -> BTreeSet<State> {
        self.or_more.values().flatten().chain(&self.cut).copied().collect()
    }

    /// The number in one state over all queues.
    #[must_use]
    pub fn of(&self, state: State) -> u64 {
        self.by_queue.values().filter_map(|queue| queue.get(&state)).sum()
    }

    /// Jobs of a queue that have ended, those that were removed since among them; `None` where nothing is known of the queue. It
    /// becomes smaller only where ended jobs are retried.
    #[must_use]
    pub fn ended(&self, queue: &str) -> Option<u64> {
        let (states, pruned) = (self.by_queue.get(queue), self.pruned_by_queue.get(queue));
        let ended = |states: &BTreeMap<State, u64>| {
            let ended = states.iter().filter(|(state, _)| state.is_terminal());
            ended.map(|(_, jobs)| jobs).sum::<u64>()
        };
        match (states, pruned) {
            (None, None) => None,
            (states, pruned) => Some(states.map_or(0, ended) + pruned.copied().unwrap_or(0)),
        }
    }

    /// All jobs there are or were.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_queue.values().flat_map(BTreeMap::values).sum::<u64>() + self.pruned
    }
}

/// One page of a listing.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Jobs older than this one; `None` begins with the newest.
    pub before: Option<JobId>,
    /// At most this many.
    pub limit: usize,
}

impl Default for Page {
    /// The newest hundred.
    fn default() -> Self {
        Self { before: None, limit: 100 }
    }
}

/// A job that was not written since its unique key was held, or since a rule of its lane refused it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Duplicate {
    /// When it came.
    pub at: Timestamp,
    /// Its kind.
    pub kind: String,
    /// Its key, or that of its lane.
    pub key: String,
    /// What happened to it.
    pub answer: DuplicateAnswer,
    /// The job that held the key.
    pub job: JobId,
    /// Who enqueued it.
    pub origin: Option<String>,
}

/// What happened to a job whose unique key was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DuplicateAnswer {
    /// The job that held the key was kept as it was.
    Kept,
    /// The job that held the key got its args, due time and priority.
    Replaced,
    /// Its call was refused.
    Rejected,
    /// Its call was refused by a rule of its lane.
    #[serde(rename = "refused")]
    LaneRefused,
}

impl DuplicateAnswer {
    /// The answer of this code.
    #[must_use]
    pub const fn from_code(code: i16) -> Option<Self> {
        match code {
            2 => Some(Self::Kept),
            3 => Some(Self::Replaced),
            4 => Some(Self::Rejected),
            6 => Some(Self::LaneRefused),
            _ => None,
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Replaced => "replaced",
            Self::Rejected => "rejected",
            Self::LaneRefused => "refused",
        }
    }
}

/// Jobs that were not written since their unique keys were held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Duplicates {
    /// How many there were of each kind.
    pub counts: BTreeMap<(String, DuplicateAnswer), u64>,
    /// The newest, newest first.
    pub newest: Vec<Duplicate>,
}

/// The verbs of jobs. Each method is one atomic change over a batch; a batch of none changes nothing.
pub trait JobStore: Send + Sync {
    /// Writes jobs, all or none. Committed when it returns.
    fn enqueue<'a>(&'a self, jobs: &'a [NewJob], now: Now) -> Reply<'a, Vec<Enqueued>>;

    /// Takes available jobs under a new lease, counting their attempts.
    fn claim<'a>(&'a self, request: &'a ClaimRequest, now: Now) -> Reply<'a, Batch>;

    /// Writes how attempts ended, each only where its lease still holds. Each is atomic; those of
    /// one call need not be written together. A settlement brings lease, place and job as one
    /// claim gave them; a store need not check that they belong together. The answers are in the
    /// order of the settlements.
    fn settle<'a>(
        &'a self,
        worker: WorkerId,
        settlements: &'a [Settlement],
        now: Now,
    ) -> Reply<'a, Vec<Settled>>;

    /// Hands back what is unsettled of one lease, without counting a failure.
    fn release<'a>(&'a self, worker: WorkerId, lease: LeaseId, now: Now) -> Reply<'a, u64>;

    /// The jobs that a worker holds, by lease and place, for who speaks for a worker and does not know them.
    fn in_hand(&self, worker: WorkerId) -> Reply<'_, Vec<InHand>>;

    /// Completes a job and writes what follows it, all in one transaction: where the lease is gone, or was settled before,
    /// nothing of it is written.
    ///
    /// # Errors
    /// As [`JobStore::enqueue`] for what is to follow: the job runs on then.
    fn complete_with<'a>(
        &'a self,
        fence: &'a Fence,
        completion: &'a Completion,
        now: Now,
    ) -> Reply<'a, Settled>;

    /// Cancels jobs. The answers are in the order of the ids.
    fn cancel<'a>(
        &'a self,
        jobs: &'a [JobId],
        reason: &'a str,
        now: Now,
    ) -> Reply<'a, Vec<Cancelled>>;

    /// Makes jobs available at once, whatever they wait for or how they ended. The answers are
    /// in the order of the ids.
    fn retry<'a>(&'a self, jobs: &'a [JobId], now: Now) -> Reply<'a, Vec<Retried>>;

    /// Gives jobs that neither run nor have ended to another queue, and wakes its workers. The
    /// answers are in the order of the ids.
    fn move_jobs<'a>(&'a self, jobs: &'a [JobId], queue: &'a str) -> Reply<'a, Vec<Moved>>;

    /// Lets a lane go on that stands still behind a dead job; that job, where there is one. It stays dead.
    fn open_lane<'a>(&'a self, lane: &'a str) -> Reply<'a, Option<JobId>>;

    /// One job, wherever it is.
    fn job(&self, id: JobId) -> Reply<'_, Option<JobRecord>>;

    /// One job with all that decides about it, of one moment.
    fn look(&self, id: JobId, now: Now) -> Reply<'_, Option<Look>>;

    /// Jobs that match, newest first, among as many as the bound lets it look through. By tags, subjects, batches, workers'
    /// ids and states with few jobs it looks them up, however many jobs there are; by anything else it looks through the
    /// jobs, the newest first, until the page is full or the bound is reached.
    fn find_jobs<'a>(
        &'a self,
        filter: &'a Filter,
        page: Page,
        bound: Bound,
    ) -> Reply<'a, Found<JobRecord, JobId>>;

    /// How many jobs match, among as many as the bound lets it look through.
    fn count_jobs<'a>(&'a self, filter: &'a Filter, bound: Bound) -> Reply<'a, JobCount>;

    /// Jobs that match, newest first: a full page wherever there are so many, in as many looks as that takes.
    fn jobs<'a>(&'a self, filter: &'a Filter, page: Page) -> Reply<'a, Vec<JobRecord>> {
        Box::pin(async move {
            let (mut jobs, mut before) = (Vec::new(), page.before);
            while jobs.len() < page.limit {
                let rest = Page { before, limit: page.limit - jobs.len() };
                let found = self.find_jobs(filter, rest, Bound::default()).await?;
                jobs.extend(found.items);
                if found.next.is_none() {
                    break;
                }
                before = found.next;
            }
            Ok(jobs)
        })
    }

    /// How these jobs stand at one moment, each once, in the order of their ids; those that are gone are left out.
    fn job_heads<'a>(&'a self, jobs: &'a [JobId]) -> Reply<'a, Vec<JobHead>>;

    /// The jobs of a tree, oldest first, at most so many: its root, those whose root it is, and those with ids between two of
    /// these, which come of its events.
    fn jobs_of_tree<'a>(
        &'a self,
        root: JobId,
        of_events: &'a [(JobId, JobId)],
        most: usize,
    ) -> Reply<'a, Vec<JobRecord>>;

    /// The jobs that were not written since their unique keys were held: how many, and so many of the newest.
    fn duplicates(&self, newest: usize) -> Reply<'_, Duplicates>;

    /// Numbers of jobs by queue and state, exact unless that takes longer than the limit.
    fn counts(&self) -> Reply<'_, Counts>;

    /// The same, of waiting jobs no more than [`limits::COUNTED`](crate::limits::COUNTED) of each queue and state: it costs the
    /// same however many wait. Scheduled and failed jobs lie in the order in which they are due, and not by queue: of both, and
    /// of those of unknown kinds, [`limits::COUNTED_ALL`](crate::limits::COUNTED_ALL) are looked at.
    fn capped_counts(&self) -> Reply<'_, Counts>;
}
