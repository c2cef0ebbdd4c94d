//! The remote workers that this process speaks for, and what they hold.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;
use windlass::job::{Claimed, Fence, InHand};
use windlass::limits::TIMEOUT;
use windlass::store::{Now, Store};
use windlass::worker::{LivesWith, Registration, WorkerRecord};
use windlass::{StoreError, Timestamp, WorkerId};

use super::measures::RemoteMeasures;
use super::token::LeaseToken;
use crate::problem::{Code, Problem};

/// Settled attempts that are remembered of each worker: a result that is sent again finds itself.
const SETTLED_KEPT: usize = 10_000;

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Remotes {
    workers: Mutex<HashMap<WorkerId, Arc<Remote>>>,
    /// One adoption at a time: a worker is registered again once, however many requests it sends.
    adopting: AsyncMutex<()>,
    measures: RemoteMeasures,
}

/// One remote worker.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) registration: Registration,
    pub(crate) label: Arc<str>,
    pub(crate) wake: Arc<windlass::store::WakeHandle>,
    /// One claim at a time: a second one waits for the first.
    pub(crate) claiming: AsyncMutex<()>,
    pub(crate) is_quiet: AtomicBool,
    /// Whether it was told to end.
    pub(crate) is_stopping: AtomicBool,
    /// Which queue is asked first, so that none waits behind the others for ever.
    turn: AtomicUsize,
    hands: Mutex<Hands>,
    /// One write of steps at a time: each takes the numbers behind those before it.
    pub(crate) recording: AsyncMutex<()>,
}

/// What is in a worker's hands.
#[derive(Debug)]
struct Hands {
    seen: Instant,
    /// When a claim has last brought it jobs here.
    claimed: Option<Instant>,
    jobs: HashMap<LeaseToken, Held>,
    settled: HashSet<LeaseToken>,
    /// The same in the order in which they came, to be forgotten in.
    settled_order: VecDeque<LeaseToken>,
}

/// A job in a worker's hands.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) job: Arc<Claimed>,
    /// Since when, by this process's clock; of a job that another one claimed, since it is known here.
    pub(crate) since: Instant,
    pub(crate) claimed_at: Timestamp,
}

impl Held {
    pub(crate) fn new(job: Arc<Claimed>, claimed_at: Timestamp) -> Self {
        Self { job, since: Instant::now(), claimed_at }
    }

    /// How long an attempt of it may run.
    pub(crate) fn limit(&self) -> Duration {
        self.job.meta.timeout_ms.map_or(TIMEOUT, Duration::from_millis)
    }

    /// When it must have ended.
    pub(crate) fn deadline(&self) -> Timestamp {
        self.claimed_at.after(self.limit())
    }
}

impl Remotes {
    /// Registers a new worker.
    pub(crate) async fn register(
        &self,
        store: &dyn Store,
        registration: Registration,
    ) -> Result<Arc<Remote>, StoreError> {
        self.forget_silent(store);
        let remote = Self::enlist(store, registration).await?;
        self.lock().insert(remote.id(), Arc::clone(&remote));
        Ok(remote)
    }

    /// Registers it with the store, for wake-ups too.
    async fn enlist(
        store: &dyn Store,
        registration: Registration,
    ) -> Result<Arc<Remote>, StoreError> {
        let id = registration.worker;
        let wake = store.wakeups().add(id, registration.queues.clone());
        if let Err(error) = store.register(&registration, Now::Database).await {
            store.wakeups().forget(id);
            return Err(error);
        }
        Ok(Arc::new(Remote::new(registration, wake)))
    }

    /// The worker, which another process may have registered, or this one before it was started again.
    pub(crate) async fn get(
        &self,
        store: &dyn Store,
        id: WorkerId,
    ) -> Result<Arc<Remote>, Problem> {
        if let Some(remote) = self.known(id) {
            remote.touch();
            return Ok(remote);
        }
        let _one = self.adopting.lock().await;
        if let Some(remote) = self.known(id) {
            return Ok(remote);
        }
        let workers = store.workers().await?;
        // A worker that runs elsewhere is nobody's to speak for but its process's.
        let is_it =
            |worker: &WorkerRecord| worker.id == id && worker.lives_with == LivesWith::Lease;
        let record = workers.into_iter().find(is_it).ok_or_else(|| gone(id))?;
        let (is_quiet, is_stopping) = (record.quiet, record.stopping);
        self.forget_silent(store);
        let remote = Self::enlist(store, registration_of(record)).await?;
        remote.is_quiet.store(is_quiet, Ordering::Relaxed);
        remote.is_stopping.store(is_stopping, Ordering::Relaxed);
        // Only then is it known here: a request that finds it finds its hands read.
        if let Err(error) = remote.read_hands(store).await {
            store.wakeups().forget(id);
            return Err(error.into());
        }
        self.lock().insert(id, Arc::clone(&remote));
        Ok(remote)
    }

    /// A worker of another process, with what it holds: who was given the lease of one of its attempts may speak for that attempt,
    /// and for nothing else of it. Nothing is kept of it here.
    pub(crate) async fn elsewhere(
        &self,
        store: &dyn Store,
        id: WorkerId,
    ) -> Result<Option<Remote>, StoreError> {
        let is_it =
            |worker: &WorkerRecord| worker.id == id && worker.lives_with == LivesWith::Process;
        let Some(record) = store.workers().await?.into_iter().find(is_it) else { return Ok(None) };
        let other = Remote::new(registration_of(record), Arc::default());
        other.read_hands(store).await?;
        Ok(Some(other))
    }

    /// What is counted of their attempts.
    pub(crate) fn measures(&self) -> &RemoteMeasures {
        &self.measures
    }

    /// The worker is not registered any more.
    pub(crate) fn forget(&self, store: &dyn Store, id: WorkerId) {
        self.lock().remove(&id);
        store.wakeups().forget(id);
    }

    fn known(&self, id: WorkerId) -> Option<Arc<Remote>> {
        self.lock().get(&id).cloned()
    }

    /// Forgets workers that have not been heard of for longer than their lease: the store has taken them off its list.
    fn forget_silent(&self, store: &dyn Store) {
        let now = Instant::now();
        let is_silent = |remote: &Remote| now > remote.hands().seen + remote.registration.lease * 2;
        let silent: Vec<WorkerId> = {
            let workers = self.lock();
            workers.values().filter(|one| is_silent(one)).map(|one| one.id()).collect()
        };
        silent.into_iter().for_each(|id| self.forget(store, id));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<WorkerId, Arc<Remote>>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer to a worker that is not on the list.
pub(crate) fn gone(id: WorkerId) -> Problem {
    let detail = format!(
        "{id} is not registered, or not any more: its jobs were given to others; register again"
    );
    Problem::new(Code::WorkerGone, detail)
}

fn registration_of(record: WorkerRecord) -> Registration {
    Registration {
        worker: record.id,
        lease: record.expires_at.since(record.seen_at),
        label: record.label,
        host: record.host,
        pid: record.pid,
        build: record.build,
        queues: record.queues,
        handlers: record.handlers.into(),
        kind_limits: std::collections::BTreeMap::new(),
        expected: std::collections::BTreeMap::new(),
        limits: Vec::new(),
        slots: record.slots,
        kind_slots: record.kind_slots,
        lives_with: LivesWith::Lease,
    }
}

impl Remote {
    fn new(registration: Registration, wake: Arc<windlass::store::WakeHandle>) -> Self {
        let hands = Hands {
            seen: Instant::now(),
            claimed: None,
            jobs: HashMap::new(),
            settled: HashSet::new(),
            settled_order: VecDeque::new(),
        };
        Self {
            label: registration.label.as_str().into(),
            registration,
            wake,
            claiming: AsyncMutex::new(()),
            is_quiet: AtomicBool::new(false),
            is_stopping: AtomicBool::new(false),
            turn: AtomicUsize::new(0),
            hands: Mutex::new(hands),
            recording: AsyncMutex::new(()),
        }
    }

    pub(crate) fn id(&self) -> WorkerId {
        self.registration.worker
    }

    /// Its queues, each first in its turn.
    pub(crate) fn queues_in_turn(&self) -> Vec<String> {
        let mut queues = self.registration.queues.clone();
        if !queues.is_empty() {
            let first = self.turn.fetch_add(1, Ordering::Relaxed) % queues.len();
            queues.rotate_left(first);
        }
        queues
    }

    /// Puts jobs into its hands that a claim has brought.
    pub(crate) fn take(&self, jobs: impl IntoIterator<Item = (LeaseToken, Held)>) {
        let mut hands = self.hands();
        let before = hands.jobs.len();
        hands.jobs.extend(jobs);
        if hands.jobs.len() > before {
            hands.claimed = Some(Instant::now());
        }
    }

    /// How long ago a claim has last brought it jobs here.
    pub(crate) fn claimed(&self) -> Option<Duration> {
        self.hands().claimed.map(|at| at.elapsed())
    }

    /// What it holds.
    pub(crate) fn in_hand(&self) -> Vec<(LeaseToken, Held)> {
        self.hands().jobs.iter().map(|(token, held)| (*token, held.clone())).collect()
    }

    /// The job of a lease, where it is in its hands.
    pub(crate) fn held(&self, token: LeaseToken) -> Option<Held> {
        self.hands().jobs.get(&token).cloned()
    }

    /// A job is no longer in its hands, since it settled it.
    pub(crate) fn settled(&self, token: LeaseToken) {
        let mut hands = self.hands();
        hands.jobs.remove(&token);
        if hands.settled.insert(token) {
            hands.settled_order.push_back(token);
        }
        if hands.settled_order.len() > SETTLED_KEPT
            && let Some(oldest) = hands.settled_order.pop_front()
        {
            hands.settled.remove(&oldest);
        }
    }

    /// A job is no longer in its hands, since somebody else has it.
    pub(crate) fn lost(&self, token: LeaseToken) {
        self.hands().jobs.remove(&token);
    }

    pub(crate) fn has_settled(&self, token: LeaseToken) -> bool {
        self.hands().settled.contains(&token)
    }

    /// Whether nothing is known of this lease: another process may have claimed the job for it.
    pub(crate) fn is_unknown(&self, token: LeaseToken) -> bool {
        let hands = self.hands();
        !hands.jobs.contains_key(&token) && !hands.settled.contains(&token)
    }

    /// Reads what it holds: what another process claimed for it is known here from now on.
    pub(crate) async fn read_hands(&self, store: &dyn Store) -> Result<(), StoreError> {
        self.put_into_hands(store.in_hand(self.id()).await?);
        Ok(())
    }

    /// Reads what it holds, and forgets what it does not hold any more, where another process has settled or claimed some. Only
    /// while nothing is claimed for it here.
    pub(crate) async fn reread_hands(&self, store: &dyn Store) -> Result<(), StoreError> {
        let found = store.in_hand(self.id()).await?;
        let held: HashSet<LeaseToken> =
            found.iter().map(|one| LeaseToken::of(self.id(), one.lease, &one.job)).collect();
        self.hands().jobs.retain(|token, _| held.contains(token));
        self.put_into_hands(found);
        Ok(())
    }

    fn put_into_hands(&self, found: Vec<InHand>) {
        let mut hands = self.hands();
        for InHand { lease, claimed_at, job } in found {
            let token = LeaseToken::of(self.id(), lease, &job);
            if !hands.settled.contains(&token) {
                hands.jobs.entry(token).or_insert_with(|| Held::new(job, claimed_at));
            }
        }
    }

    /// What fences its writes about a job.
    pub(crate) fn fence(&self, token: LeaseToken, held: &Held) -> Fence {
        Fence {
            lease: token.lease,
            job: Arc::clone(&held.job),
            worker: self.id(),
            label: Arc::clone(&self.label),
        }
    }

    fn touch(&self) {
        self.hands().seen = Instant::now();
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use windlass::job::HandlerKey;
    use windlass::limits::LEASE;
    use windlass::{LeaseId, NewJob};

    use super::*;

    pub(in super::super) fn remote() -> Remote {
        let registration = Registration {
            worker: WorkerId::new(),
            label: "test".to_owned(),
            host: String::new(),
            pid: 0,
            build: String::new(),
            queues: vec!["a".to_owned(), "b".to_owned()],
            handlers: [HandlerKey::new("k", 1)].into(),
            kind_limits: std::collections::BTreeMap::new(),
            expected: std::collections::BTreeMap::new(),
            limits: Vec::new(),
            slots: 1,
            kind_slots: std::collections::BTreeMap::new(),
            lease: LEASE,
            lives_with: LivesWith::Lease,
        };
        Remote::new(registration, Arc::default())
    }

    pub(in super::super) fn claimed(job: &NewJob) -> Arc<Claimed> {
        Arc::new(Claimed {
            position: 1,
            batch: 1,
            id: job.id,
            kind: job.kind.clone(),
            version: job.version,
            queue: job.queue.clone(),
            priority: job.priority,
            attempt: 1,
            failures: 0,
            losses: 0,
            max_attempts: None,
            args: job.args.clone(),
            event: None,
            run_at: Timestamp::wall_clock(),
            created_at: Timestamp::wall_clock(),
            root: None,
            parent: None,
            origin: None,
            meta: job.meta.clone(),
            history: None,
        })
    }

    /// E1: no queue waits behind the others for ever.
    #[test]
    fn each_queue_is_asked_first_in_its_turn() {
        let remote = remote();
        let firsts: Vec<String> = (0..4).map(|_| remote.queues_in_turn().remove(0)).collect();
        assert_eq!(firsts, ["a", "b", "a", "b"]);
    }

    /// T8: what a worker has settled is remembered, and not for ever.
    #[test]
    fn the_oldest_settled_attempts_are_forgotten() {
        let (remote, job) = (remote(), claimed(&NewJob::new("k", windlass::Json::stored("null"))));
        let token = || LeaseToken::of(remote.id(), LeaseId::new(), &job);
        let (first, second) = (token(), token());
        remote.settled(first);
        remote.settled(first);
        remote.settled(second);
        (2..SETTLED_KEPT).for_each(|_| remote.settled(token()));
        assert!(remote.has_settled(first) && remote.has_settled(second));
        remote.settled(token());
        assert!(!remote.has_settled(first) && remote.has_settled(second));
    }
}
