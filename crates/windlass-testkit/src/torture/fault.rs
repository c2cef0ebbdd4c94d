//! The faults, and how each is injected.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use windlass_core::health::Thresholds;
use windlass_core::id::JobId;
use windlass_core::job::{Filter, Page, State};
use windlass_core::limit::{Limit, LimitOn, SetBy};
use windlass_core::queue::{Pause, Scope};
use windlass_core::store::Now;

use super::{LIMITED, QUEUES, Torture, subscribers};
use crate::fault::clock;
use crate::fault::process::Process;
use crate::history::record::Event;

/// Jobs that one cancel, move or retry names.
const NAMED_AT_ONCE: usize = 20;

/// How many milliseconds a worker is frozen for less and for longer than its lease.
const SHORT: Range<u64> = 200..1_500;
const LONG: Range<u64> = 3_500..5_000;

/// A kind of fault. Cancels, moves and pauses race with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// SIGKILL to a worker process.
    Kill,
    /// SIGSTOP to a worker process for less than its lease.
    ShortFreeze,
    /// SIGSTOP to a worker process for longer than its lease.
    LongFreeze,
    /// SIGTERM to a worker process, and SIGTERM again.
    TerminateTwice,
    /// The database server stops without a checkpoint and starts again.
    CrashServer,
    /// Every session of the database is ended by the server.
    EndSessions,
    /// Somebody else holds the tables, or the file, for a while.
    HoldTables,
    /// Some jobs are cancelled.
    Cancel,
    /// Some jobs move to the other queue.
    Move,
    /// Some ended jobs run again.
    Retry,
    /// A queue is paused and resumed.
    Pause,
    /// The limit of a kind is set, changed or removed.
    Limit,
    /// SIGKILL to the worker that leads, which feeds the subscriptions.
    KillLeader,
    /// SIGSTOP to the worker that leads, for less or longer than its lease.
    FreezeLeader,
    /// A subscription is paused, changed or removed, or a part of the log fed once more.
    Subscription,
    /// Somebody tidies beside the leader, and removes events.
    Tidy,
    /// SIGKILL to the worker that reads the feed.
    KillReader,
    /// SIGSTOP to the worker that reads the feed, for less or longer than it holds it.
    FreezeReader,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Kill => "worker killed",
            Self::ShortFreeze => "worker frozen for less than its lease",
            Self::LongFreeze => "worker frozen for longer than its lease",
            Self::TerminateTwice => "worker terminated, twice",
            Self::CrashServer => "server crashed",
            Self::EndSessions => "sessions ended",
            Self::HoldTables => "tables held",
            Self::Cancel => "jobs cancelled",
            Self::Move => "jobs moved",
            Self::Retry => "jobs retried",
            Self::Pause => "queue paused",
            Self::Limit => "limit changed",
            Self::KillLeader => "leader killed",
            Self::FreezeLeader => "leader frozen",
            Self::Subscription => "subscription changed",
            Self::Tidy => "tidied beside the leader",
            Self::KillReader => "reader killed",
            Self::FreezeReader => "reader frozen",
        })
    }
}

impl Torture {
    /// Whether there was one: without a leader none can be killed.
    pub(super) async fn inject(&mut self, fault: Fault) -> bool {
        match fault {
            Fault::Kill => {
                let at = self.some_worker();
                self.kill(at).await;
            }
            Fault::ShortFreeze => {
                let at = self.some_worker();
                self.freeze(at, SHORT).await;
            }
            Fault::LongFreeze => {
                let at = self.some_worker();
                self.freeze(at, LONG).await;
            }
            Fault::KillLeader => {
                let Some(at) = self.leader().await else { return false };
                self.kill(at).await;
            }
            Fault::FreezeLeader => {
                let Some(at) = self.leader().await else { return false };
                let millis = if self.random.bool() { SHORT } else { LONG };
                self.freeze(at, millis).await;
            }
            Fault::KillReader => {
                let Some(at) = self.reader().await else { return false };
                self.kill(at).await;
            }
            Fault::FreezeReader => {
                let Some(at) = self.reader().await else { return false };
                self.freeze(at, SHORT.start..2 * SHORT.end).await;
            }
            Fault::Subscription => {
                subscribers::change(&self.fixture.store, &mut self.random).await;
            }
            Fault::TerminateTwice => self.terminate_twice().await,
            Fault::CrashServer => {
                let began = clock::now();
                let journal = &self.fixture.journal;
                self.target.crash_server(|| journal.note(Event::Crashed { began }));
            }
            Fault::EndSessions => {
                let began = clock::now();
                self.target.end_sessions();
                self.fixture.journal.note(Event::SessionsEnded { began });
            }
            Fault::HoldTables => {
                let held = Duration::from_millis(self.random.u64(200..1_500));
                self.target.hold_tables(held).await;
            }
            Fault::Cancel => self.cancel().await,
            Fault::Move => self.move_jobs().await,
            Fault::Retry => self.retry().await,
            Fault::Pause => self.pause().await,
            Fault::Limit => self.change_limit().await,
            Fault::Tidy => {
                let _ = self.fixture.store.tidy(Now::Database).await;
            }
        }
        true
    }

    /// The process of the worker that leads now, as the store says.
    async fn leader(&self) -> Option<usize> {
        let store = &self.fixture.store;
        let observed = store.observe(&Thresholds::default(), Now::Database).await.ok()?;
        let leader = observed.leader.filter(|leader| leader.until > observed.at)?;
        let workers = store.workers().await.ok()?;
        let label = &workers.iter().find(|worker| worker.id == leader.worker)?.label;
        let is_its = |worker: &Process| label.contains(&format!(":{}:", worker.pid()));
        self.workers.iter().position(is_its)
    }

    /// The process of the worker that reads the feed now, as the store says.
    async fn reader(&self) -> Option<usize> {
        let by = self.fixture.store.source("feed").await.ok()??.holder?;
        self.workers.iter().position(|worker| by.contains(&format!(":{}:", worker.pid())))
    }

    async fn kill(&mut self, at: usize) {
        self.workers[at].kill().await;
        self.workers[at] = self.fixture.start(&self.settings);
    }

    async fn freeze(&mut self, at: usize, millis: Range<u64>) {
        self.workers[at].freeze();
        self.wait(millis).await;
        self.workers[at].wake();
    }

    async fn terminate_twice(&mut self) {
        let at = self.some_worker();
        self.workers[at].terminate();
        self.wait(10..800).await;
        self.workers[at].terminate();
        self.workers[at].ended().await;
        self.workers[at].note_death();
        self.workers[at] = self.fixture.start(&self.settings);
    }

    async fn cancel(&mut self) {
        let jobs = self.some_jobs("state:scheduled,available,retryable,running").await;
        // The store may refuse now: the run asks often enough.
        let _ = self.fixture.store.cancel(&jobs, "torture", Now::Database).await;
    }

    async fn move_jobs(&mut self) {
        let jobs = self.some_jobs("state:scheduled,available,retryable").await;
        let queue = QUEUES[self.random.usize(..QUEUES.len())];
        let _ = self.fixture.store.move_jobs(&jobs, queue).await;
    }

    async fn retry(&mut self) {
        let jobs = self.some_jobs("state:dead,cancelled").await;
        let _ = self.fixture.store.retry(&jobs, Now::Database).await;
    }

    async fn pause(&mut self) {
        let queue = QUEUES[self.random.usize(..QUEUES.len())];
        let _ = self.fixture.store.pause(&Pause::queue(queue).note("torture"), Now::Database).await;
        self.wait(100..1_000).await;
        let _ = self.fixture.store.resume(&Scope::Queue(queue.to_owned()), Now::Database).await;
    }

    /// It stays as it is while other faults come.
    async fn change_limit(&mut self) {
        let on = LimitOn::Kind(LIMITED.to_owned());
        if self.random.u8(..4) == 0 {
            let _ = self.fixture.store.remove_limit(&on).await;
            return;
        }
        let limit = Limit::on(on).running(self.random.u32(2..7));
        let _ = self
            .fixture
            .store
            .set_limit(&limit, SetBy::Person, Some("torture"), Now::Database)
            .await;
    }

    /// Some of the newest jobs that match; none where the store cannot be asked now.
    async fn some_jobs(&mut self, filter: &str) -> Vec<JobId> {
        let filter: Filter = filter.parse().expect("a filter");
        debug_assert!(State::ALL.len() == 8, "the filters above name states");
        let page = Page { before: None, limit: 10 * NAMED_AT_ONCE };
        let found = self.fixture.store.jobs(&filter, page).await.unwrap_or_default();
        let mut jobs: Vec<JobId> = found.into_iter().map(|job| job.id).collect();
        self.random.shuffle(&mut jobs);
        jobs.truncate(NAMED_AT_ONCE);
        jobs
    }
}
