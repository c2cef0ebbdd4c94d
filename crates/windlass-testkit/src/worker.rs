//! A worker in a test: a registered name that claims and settles when it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use windlass_core::id::{JobId, LeaseId, WorkerId};
use windlass_core::job::{
    Batch, ClaimRequest, Fence, HandlerKey, KindLimits, Settled, Settlement, Share, Verdict,
};
use windlass_core::limits::{CLAIM_BYTES, LEASE};
use windlass_core::maintenance::Swept;
use windlass_core::name::DEFAULT_QUEUE;
use windlass_core::worker::{Beat, LivesWith, Registration};

use crate::draft::KIND;
use crate::fixture::StoreFixture;

/// How long a handler is said to have run.
pub const RAN: Duration = Duration::from_secs(2);

/// What a worker is to be like.
#[derive(Debug, Clone)]
pub struct Profile {
    queues: Vec<String>,
    handlers: Vec<HandlerKey>,
    build: String,
    kind_limits: BTreeMap<String, KindLimits>,
    kind_slots: BTreeMap<String, u32>,
    expected: BTreeMap<String, Duration>,
}

/// A worker of the default queue that knows [`KIND`] at version 1.
#[must_use]
pub fn worker() -> Profile {
    Profile {
        queues: vec![DEFAULT_QUEUE.to_owned()],
        handlers: vec![HandlerKey::new(KIND, 1)],
        build: "testkit".to_owned(),
        kind_limits: BTreeMap::new(),
        kind_slots: BTreeMap::new(),
        expected: BTreeMap::new(),
    }
}

impl Profile {
    /// Serves these queues instead, the first one first.
    #[must_use]
    pub fn serving(mut self, queues: &[&str]) -> Self {
        self.queues = queues.iter().map(|queue| (*queue).to_owned()).collect();
        self
    }

    /// Knows these kinds and versions instead.
    #[must_use]
    pub fn knowing(mut self, handlers: &[(&str, u16)]) -> Self {
        self.handlers =
            handlers.iter().map(|(kind, version)| HandlerKey::new(kind, *version)).collect();
        self
    }

    /// Is of this build instead.
    #[must_use]
    pub fn built(mut self, build: &str) -> Self {
        build.clone_into(&mut self.build);
        self
    }

    /// With this limit of losses for a kind.
    #[must_use]
    pub fn losing(mut self, kind: &str, max_losses: u16) -> Self {
        self.limits_of(kind).max_losses = Some(max_losses);
        self
    }

    /// With this limit of failures for a kind.
    #[must_use]
    pub fn giving_up(mut self, kind: &str, max_attempts: u16) -> Self {
        self.limits_of(kind).max_attempts = Some(max_attempts);
        self
    }

    fn limits_of(&mut self, kind: &str) -> &mut KindLimits {
        self.kind_limits.entry(kind.to_owned()).or_default()
    }

    /// Running so many jobs of a kind at once.
    #[must_use]
    pub fn with_slots_of(mut self, kind: &str, slots: u32) -> Self {
        self.kind_slots.insert(kind.to_owned(), slots);
        self
    }

    /// Expecting jobs of a kind to run so long.
    #[must_use]
    pub fn expecting(mut self, kind: &str, expected: Duration) -> Self {
        self.expected.insert(kind.to_owned(), expected);
        self
    }

    /// A registration under a new id.
    #[must_use]
    pub fn registration(self) -> Registration {
        let worker = WorkerId::new();
        Registration {
            lives_with: LivesWith::Process,
            worker,
            label: format!("fixture-{worker}"),
            host: "fixture".to_owned(),
            pid: std::process::id(),
            build: self.build,
            queues: self.queues,
            handlers: self.handlers.into(),
            limits: Vec::new(),
            kind_limits: self.kind_limits,
            expected: self.expected,
            slots: 10,
            kind_slots: self.kind_slots,
            lease: LEASE,
        }
    }
}

/// A registered worker.
#[derive(Debug)]
pub struct Worker<'b> {
    fixture: &'b StoreFixture,
    registration: Registration,
}

impl<'b> Worker<'b> {
    pub(crate) fn new(fixture: &'b StoreFixture, registration: Registration) -> Self {
        Self { fixture, registration }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> WorkerId {
        self.registration.worker
    }

    /// Its name for people.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.registration.label
    }

    /// A claim of up to so many jobs of its queues, under a new lease.
    #[must_use]
    pub fn request(&self, jobs: usize) -> ClaimRequest {
        request(&self.registration, jobs)
    }

    /// Claims up to so many jobs.
    pub async fn claim(&self, jobs: usize) -> Batch {
        self.claim_by(&self.request(jobs)).await
    }

    /// Claims by a request of its own.
    pub async fn claim_by(&self, request: &ClaimRequest) -> Batch {
        let claimed = self.fixture.store().claim(request, self.fixture.now()).await;
        claimed.expect("a claim reaches the store")
    }

    /// Claims one job and ends its attempt.
    pub async fn run_one(&self, verdict: Verdict) {
        let batch = self.claim(1).await;
        assert_eq!(self.settle(&batch, 0, verdict).await, Settled::Done, "of the one job claimed");
    }

    /// Settles one job of a batch.
    pub async fn settle(&self, batch: &Batch, nth: usize, verdict: Verdict) -> Settled {
        self.send(&[settlement(batch, nth, verdict)]).await[0]
    }

    /// Settles every job of a batch in the same way.
    pub async fn settle_all(&self, batch: &Batch, verdict: &Verdict) -> Vec<Settled> {
        let all: Vec<_> =
            (0..batch.jobs.len()).map(|nth| settlement(batch, nth, verdict.clone())).collect();
        self.send(&all).await
    }

    /// What fences the writes of an attempt of a batch.
    #[must_use]
    pub fn fence(&self, batch: &Batch, nth: usize) -> Fence {
        let job = batch.jobs.get(nth).expect("the batch has this many jobs");
        let (lease, label) = (batch.lease, self.label().into());
        Fence { lease, job: Arc::clone(job), worker: self.id(), label }
    }

    /// Sends settlements as they are.
    pub async fn send(&self, settlements: &[Settlement]) -> Vec<Settled> {
        let answers = self.fixture.store().settle(self.id(), settlements, self.fixture.now()).await;
        answers.expect("a settlement reaches the store")
    }

    /// Hands back what is unsettled of a batch.
    pub async fn release(&self, batch: &Batch) -> u64 {
        let released =
            self.fixture.store().release(self.id(), batch.lease, self.fixture.now()).await;
        released.expect("a release reaches the store")
    }

    /// Renews its lease.
    pub async fn beat(&self) -> Beat {
        let beat =
            self.fixture.store().heartbeat(self.id(), LEASE.into(), self.fixture.now()).await;
        beat.expect("a heartbeat reaches the store")
    }

    /// One sweep.
    pub async fn sweep(&self) -> Swept {
        let swept = self.fixture.store().sweep(self.id(), self.fixture.now()).await;
        swept.expect("a sweep reaches the store")
    }

    /// Checks which leases the store has under this worker.
    pub async fn check_leases(&self, expected: &[&Batch]) {
        let Beat::Alive { leases, .. } = self.beat().await else { panic!("the worker is gone") };
        let held: BTreeSet<LeaseId> = leases.into_iter().collect();
        let expected: BTreeSet<LeaseId> = expected.iter().map(|batch| batch.lease).collect();
        assert_eq!(held, expected, "leases under the worker");
    }

    /// Leaves, handing back what it holds.
    pub async fn leave(self) {
        let left = self.fixture.store().leave(self.id(), self.fixture.now()).await;
        left.expect("a worker can leave");
    }
}

/// A claim of up to so many jobs of a worker's queues, under a new lease.
#[must_use]
pub fn request(registration: &Registration, jobs: usize) -> ClaimRequest {
    let share = |queue: &String| Share { queue: queue.clone(), jobs };
    ClaimRequest {
        worker: registration.worker,
        lease: LeaseId::new(),
        shares: registration.queues.iter().map(share).collect(),
        jobs,
        bytes: CLAIM_BYTES,
        handlers: Arc::clone(&registration.handlers),
    }
}

/// The settlement of one job of a batch, after [`RAN`].
#[must_use]
pub fn settlement(batch: &Batch, nth: usize, verdict: Verdict) -> Settlement {
    let job = batch.jobs.get(nth).expect("the batch has this many jobs");
    Settlement { lease: batch.lease, job: Arc::clone(job), ran: Some(RAN), verdict }
}

/// The ids of a batch's jobs, in their order.
#[must_use]
pub fn job_ids(batch: &Batch) -> Vec<JobId> {
    batch.jobs.iter().map(|job| job.id).collect()
}
