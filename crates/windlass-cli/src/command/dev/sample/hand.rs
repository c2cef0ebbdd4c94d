//! Hand: a worker of the sample that claims and settles when it is told to, at whatever time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use windlass::job::{ClaimRequest, Claimed, Fence, HandlerKey, Settlement, Share, Verdict};
use windlass::progress::Report;
use windlass::source::{Hold, Holding, Said, SourceState};
use windlass::stats::{Gather, of_verdict};
use windlass::store::{Now, Store};
use windlass::worker::{Beat, LivesWith, Registration, Renewal};
use windlass::{JobId, LeaseId, Timestamp, WorkerId};

use super::scene_flows::read_by;

/// A claim takes args of any size.
const CLAIM_BYTES: usize = usize::MAX >> 1;

/// What a worker of the sample is.
pub(super) struct Profile {
    pub(super) host: &'static str,
    pub(super) pid: u32,
    pub(super) build: &'static str,
    pub(super) queues: &'static [&'static str],
    pub(super) kinds: &'static [&'static str],
    pub(super) slots: u32,
}

/// A job in hand.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) lease: LeaseId,
    pub(super) job: Arc<Claimed>,
}

/// A worker that does what it is told.
pub(crate) struct Hand {
    store: Arc<dyn Store>,
    me: Registration,
    gather: Gather,
    /// Jobs that run until somebody cancels them.
    pub(super) keeps: Vec<Held>,
}

impl Hand {
    /// Registers one.
    pub(super) async fn register(
        store: &Arc<dyn Store>,
        profile: &Profile,
        lease: Duration,
    ) -> anyhow::Result<Self> {
        let Profile { host, pid, build, queues, kinds, slots } = *profile;
        let worker = WorkerId::new();
        let me = Registration {
            worker,
            label: label(host, pid, worker),
            host: host.to_owned(),
            pid,
            build: build.to_owned(),
            queues: queues.iter().map(|queue| (*queue).to_owned()).collect(),
            handlers: kinds.iter().map(|kind| HandlerKey::new(kind, 1)).collect(),
            kind_limits: BTreeMap::new(),
            expected: BTreeMap::new(),
            limits: Vec::new(),
            slots,
            kind_slots: BTreeMap::new(),
            lease,
            lives_with: LivesWith::Lease,
        };
        store.register(&me, Now::Database).await?;
        Ok(Self { store: Arc::clone(store), me, gather: Gather::default(), keeps: Vec::new() })
    }

    /// The same on another view of the store.
    pub(super) fn on(self, store: Arc<dyn Store>) -> Self {
        Self { store, ..self }
    }

    pub(super) fn worker(&self) -> WorkerId {
        self.me.worker
    }

    pub(super) fn label(&self) -> &str {
        &self.me.label
    }

    pub(super) fn slots(&self) -> usize {
        self.me.slots as usize
    }

    /// Lives on for so long; the jobs that it is to cancel.
    pub(super) async fn beat(&mut self, lease: Duration) -> anyhow::Result<Vec<JobId>> {
        let renewal = Renewal { lease, claimed: Some(Duration::ZERO) };
        match self.store.heartbeat(self.me.worker, renewal, Now::Database).await? {
            Beat::Alive { cancels, .. } => Ok(cancels.into_iter().map(|(job, _)| job).collect()),
            Beat::Gone => {
                self.start_again().await?;
                Ok(Vec::new())
            }
        }
    }

    /// Another process on its machine: what ran before is not this one's.
    async fn start_again(&mut self) -> anyhow::Result<()> {
        let me = &mut self.me;
        (me.worker, me.pid) = (WorkerId::new(), me.pid + 31);
        me.label = label(&me.host, me.pid, me.worker);
        self.keeps.clear();
        self.store.register(&self.me, Now::Database).await?;
        Ok(())
    }

    /// Takes jobs, at this time.
    pub(super) async fn claim(&mut self, jobs: usize, at: Timestamp) -> anyhow::Result<Vec<Held>> {
        let shares = self.me.queues.iter().map(|queue| Share { queue: queue.clone(), jobs });
        let request = ClaimRequest {
            worker: self.me.worker,
            lease: LeaseId::new(),
            shares: shares.collect(),
            jobs,
            bytes: CLAIM_BYTES,
            handlers: Arc::clone(&self.me.handlers),
        };
        let batch = windlass::event::claim(&*self.store, &request, Now::At(at)).await?;
        let lease = batch.lease;
        let held: Vec<Held> = batch.jobs.into_iter().map(|job| Held { lease, job }).collect();
        for one in &held {
            self.gather.started(&one.job, at);
        }
        Ok(held)
    }

    /// Ends attempts, at this time.
    pub(super) async fn settle(
        &mut self,
        ends: Vec<(Held, Duration, Verdict)>,
        at: Timestamp,
    ) -> anyhow::Result<()> {
        let settlements: Vec<Settlement> = ends
            .into_iter()
            .map(|(Held { lease, job }, ran, verdict)| Settlement {
                lease,
                job,
                ran: Some(ran),
                verdict,
            })
            .collect();
        let answers = self.store.settle(self.me.worker, &settlements, Now::At(at)).await?;
        for (settlement, answer) in settlements.iter().zip(answers) {
            if let Some(end) = of_verdict(&settlement.verdict, answer) {
                self.gather.ended(&settlement.job, at, (end, settlement.ran));
            }
        }
        Ok(())
    }

    /// Says something of a job in hand.
    pub(super) async fn report(
        &self,
        held: &Held,
        fill: impl FnOnce(&mut Report),
    ) -> anyhow::Result<()> {
        let fence = Fence {
            lease: held.lease,
            job: Arc::clone(&held.job),
            worker: self.me.worker,
            label: self.me.label.as_str().into(),
        };
        let mut report = Report { fence, checkpoint: None, progress: None, lines: Vec::new() };
        fill(&mut report);
        self.store.report(&[report], Now::Database).await?;
        Ok(())
    }

    /// Asks the feed, which has nothing new, unless somebody has paused it.
    pub(super) async fn read_feed(&self) -> anyhow::Result<()> {
        let read = read_by(self);
        let look = Hold { said: Said::Nothing, ..read.clone() };
        let held = self.store.hold_source(&look, Now::Database).await?;
        if matches!(held, Holding::Held(held) if held.state == SourceState::Running) {
            self.store.hold_source(&read, Now::Database).await?;
        }
        Ok(())
    }

    /// Writes what it has counted.
    pub(super) async fn write_stats(&mut self) -> anyhow::Result<()> {
        if let Some(part) = self.gather.take() {
            self.store.put_stats_part(&part, Now::Database).await?;
        }
        Ok(())
    }
}

fn label(host: &str, pid: u32, worker: WorkerId) -> String {
    let letters = worker.to_string().to_lowercase();
    format!("{host}-{pid}-{}", &letters[letters.len().saturating_sub(4)..])
}
