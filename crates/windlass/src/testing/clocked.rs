//! A store whose clock is in a test's hand.

mod access;
mod events;
mod stats;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use windlass_core::alert::{AlertChange, AlertStore, Alerts, Mute, MuteName};
use windlass_core::audit::{Act, AuditStore, EntriesWanted, Entry, EntryDigest};
use windlass_core::batch::{BatchFilter, BatchRecord, BatchStore, Begins, MemberRecord, Sealed};
use windlass_core::condition::{
    ConditionRecord, ConditionStore, Signal, SignalRecord, Signalled, Waived,
};
use windlass_core::edit::{Edit, EditStore, Edited, Expected};
use windlass_core::filter::{Bound, Found, JobCount};
use windlass_core::health::{HealthStore, Lanes, Observed, Thresholds};
use windlass_core::id::{BatchId, JobId, LeaseId, OperationId, WorkerId};
use windlass_core::idempotency::{Begun, IdempotencyStore, KeyedRequest, RequestEnd};
use windlass_core::job::{
    Batch, Cancelled, ClaimRequest, Completion, Counts, Duplicates, Enqueued, Fence, Fenced,
    Filter, InHand, JobHead, JobRecord, JobStore, Look, Moved, NewJob, Page, Retried, Settled,
    Settlement,
};
use windlass_core::json::Json;
use windlass_core::limit::{Limit, LimitOn, LimitRecord, LimitSet, LimitStore, SetBy};
use windlass_core::maintenance::{MaintenanceStore, Swept, Tidied};
use windlass_core::operation::{
    Control, Controlled, NewOperation, OperationRecord, OperationStore, Preview, Round, Which,
};
use windlass_core::progress::{LogLine, ProgressRecord, ProgressStore, Report};
use windlass_core::queue::{
    Aging, Pause, PausedKind, QueueBound, QueueRecord, QueueStore, Scope, Unserved,
};
use windlass_core::schedule::{
    DueSchedules, Fired, Firing, SchedulePut, ScheduleRecord, ScheduleStore,
};
use windlass_core::step::{NewStep, Others, Recalled, StepRecord, StepStore};
use windlass_core::store::{Facts, Now, Reply, Store};
use windlass_core::time::Timestamp;
use windlass_core::wake::Wakeups;
use windlass_core::worker::{
    Beat, MinimumBuild, Quiet, Registration, Renewal, RequiredBuild, WorkerRecord, WorkerStore,
};

/// A clock that stands still until it is moved. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(super) fn new() -> Self {
        Self::at(Timestamp::wall_clock())
    }

    /// One that shows this.
    pub(super) fn at(moment: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(moment.as_micros())))
    }

    /// What it shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }

    /// Sets it, also to a moment that is over: what is written then is of that moment.
    pub fn set(&self, moment: Timestamp) {
        self.0.store(moment.as_micros(), Ordering::SeqCst);
    }

    /// Moves it on, from the present moment at least: what a driver's transaction wrote meanwhile has the
    /// machine's time.
    pub fn advance(&self, time: Duration) {
        let present = Timestamp::wall_clock();
        let moved = |now| Some(Timestamp::from_micros(now).max(present).after(time).as_micros());
        // The function gives a moment in any case.
        let _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, moved);
    }
}

/// A store that asks the test's clock where the database's would be asked.
pub(super) struct ClockedStore {
    store: Arc<dyn Store>,
    clock: Clock,
}

impl ClockedStore {
    pub(super) fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, clock }
    }

    fn at(&self, now: Now) -> Now {
        Now::At(now.given().unwrap_or_else(|| self.clock.now()))
    }
}

impl JobStore for ClockedStore {
    fn enqueue<'a>(&'a self, jobs: &'a [NewJob], now: Now) -> Reply<'a, Vec<Enqueued>> {
        self.store.enqueue(jobs, self.at(now))
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest, now: Now) -> Reply<'a, Batch> {
        self.store.claim(request, self.at(now))
    }

    fn settle<'a>(
        &'a self,
        worker: WorkerId,
        settlements: &'a [Settlement],
        now: Now,
    ) -> Reply<'a, Vec<Settled>> {
        self.store.settle(worker, settlements, self.at(now))
    }

    fn release<'a>(&'a self, worker: WorkerId, lease: LeaseId, now: Now) -> Reply<'a, u64> {
        self.store.release(worker, lease, self.at(now))
    }

    fn in_hand(&self, worker: WorkerId) -> Reply<'_, Vec<InHand>> {
        self.store.in_hand(worker)
    }

    fn complete_with<'a>(
        &'a self,
        fence: &'a Fence,
        completion: &'a Completion,
        now: Now,
    ) -> Reply<'a, Settled> {
        self.store.complete_with(fence, completion, self.at(now))
    }

    fn cancel<'a>(
        &'a self,
        jobs: &'a [JobId],
        reason: &'a str,
        now: Now,
    ) -> Reply<'a, Vec<Cancelled>> {
        self.store.cancel(jobs, reason, self.at(now))
    }

    fn retry<'a>(&'a self, jobs: &'a [JobId], now: Now) -> Reply<'a, Vec<Retried>> {
        self.store.retry(jobs, self.at(now))
    }

    fn move_jobs<'a>(&'a self, jobs: &'a [JobId], queue: &'a str) -> Reply<'a, Vec<Moved>> {
        self.store.move_jobs(jobs, queue)
    }

    fn open_lane<'a>(&'a self, lane: &'a str) -> Reply<'a, Option<JobId>> {
        self.store.open_lane(lane)
    }

    fn job(&self, id: JobId) -> Reply<'_, Option<JobRecord>> {
        self.store.job(id)
    }

    fn look(&self, id: JobId, now: Now) -> Reply<'_, Option<Look>> {
        self.store.look(id, self.at(now))
    }

    fn find_jobs<'a>(
        &'a self,
        filter: &'a Filter,
        page: Page,
        bound: Bound,
    ) -> Reply<'a, Found<JobRecord, JobId>> {
        self.store.find_jobs(filter, page, bound)
    }

    fn count_jobs<'a>(&'a self, filter: &'a Filter, bound: Bound) -> Reply<'a, JobCount> {
        self.store.count_jobs(filter, bound)
    }

    fn job_heads<'a>(&'a self, jobs: &'a [JobId]) -> Reply<'a, Vec<JobHead>> {
        self.store.job_heads(jobs)
    }

    fn jobs_of_tree<'a>(
        &'a self,
        root: JobId,
        of_events: &'a [(JobId, JobId)],
        most: usize,
    ) -> Reply<'a, Vec<JobRecord>> {
        self.store.jobs_of_tree(root, of_events, most)
    }

    fn capped_counts(&self) -> Reply<'_, Counts> {
        self.store.capped_counts()
    }

    fn counts(&self) -> Reply<'_, Counts> {
        self.store.counts()
    }

    fn duplicates(&self, newest: usize) -> Reply<'_, Duplicates> {
        self.store.duplicates(newest)
    }
}

impl HealthStore for ClockedStore {
    fn observe<'a>(&'a self, thresholds: &'a Thresholds, now: Now) -> Reply<'a, Observed> {
        self.store.observe(thresholds, self.at(now))
    }

    fn lanes(&self) -> Reply<'_, Lanes> {
        self.store.lanes()
    }
}

impl OperationStore for ClockedStore {
    fn preview_operation<'a>(
        &'a self,
        new: &'a NewOperation,
        samples: usize,
        now: Now,
    ) -> Reply<'a, Preview> {
        self.store.preview_operation(new, samples, self.at(now))
    }

    fn start_operation<'a>(
        &'a self,
        new: &'a NewOperation,
        now: Now,
    ) -> Reply<'a, OperationRecord> {
        self.store.start_operation(new, self.at(now))
    }

    fn operation(&self, id: OperationId) -> Reply<'_, Option<OperationRecord>> {
        self.store.operation(id)
    }

    fn operations(
        &self,
        before: Option<OperationId>,
        limit: usize,
    ) -> Reply<'_, Vec<OperationRecord>> {
        self.store.operations(before, limit)
    }

    fn operation_round(&self, which: Which, most: usize, now: Now) -> Reply<'_, Round> {
        self.store.operation_round(which, most, self.at(now))
    }

    fn control_operation(
        &self,
        id: OperationId,
        control: Control,
        now: Now,
    ) -> Reply<'_, Controlled> {
        self.store.control_operation(id, control, self.at(now))
    }
}

impl IdempotencyStore for ClockedStore {
    fn begin_request(&self, request: KeyedRequest, now: Now) -> Reply<'_, Begun> {
        self.store.begin_request(request, self.at(now))
    }

    fn end_request<'a>(&'a self, request: KeyedRequest, end: &'a RequestEnd) -> Reply<'a, ()> {
        self.store.end_request(request, end)
    }
}

impl EditStore for ClockedStore {
    fn edit<'a>(&'a self, edit: &'a Edit, expected: &'a Expected, now: Now) -> Reply<'a, Edited> {
        self.store.edit(edit, expected, self.at(now))
    }
}

impl AuditStore for ClockedStore {
    fn add_act<'a>(&'a self, act: &'a Act, now: Now) -> Reply<'a, Entry> {
        self.store.add_act(act, self.at(now))
    }

    fn acts<'a>(&'a self, wanted: &'a EntriesWanted) -> Reply<'a, Vec<Entry>> {
        self.store.acts(wanted)
    }

    fn acts_after(&self, number: u64, limit: usize) -> Reply<'_, Vec<Entry>> {
        self.store.acts_after(number, limit)
    }

    fn audit_start(&self) -> Reply<'_, (u64, EntryDigest)> {
        self.store.audit_start()
    }
}

impl AlertStore for ClockedStore {
    fn alerts(&self) -> Reply<'_, Alerts> {
        self.store.alerts()
    }

    fn alert<'a>(&'a self, changes: &'a [AlertChange], seen: u64, now: Now) -> Reply<'a, bool> {
        self.store.alert(changes, seen, self.at(now))
    }

    fn mute_alerts<'a>(&'a self, mute: &'a Mute, now: Now) -> Reply<'a, ()> {
        self.store.mute_alerts(mute, self.at(now))
    }

    fn unmute_alerts<'a>(&'a self, name: &'a MuteName) -> Reply<'a, bool> {
        self.store.unmute_alerts(name)
    }

    fn declare_mutes<'a>(&'a self, kinds: &'a [String], now: Now) -> Reply<'a, ()> {
        self.store.declare_mutes(kinds, self.at(now))
    }
}

impl ConditionStore for ClockedStore {
    fn signal<'a>(&'a self, signal: &'a Signal, now: Now) -> Reply<'a, Signalled> {
        self.store.signal(signal, self.at(now))
    }

    fn signalled<'a>(&'a self, key: &'a str) -> Reply<'a, Option<SignalRecord>> {
        self.store.signalled(key)
    }

    fn waive<'a>(
        &'a self,
        job: JobId,
        name: &'a str,
        note: Option<&'a str>,
        now: Now,
    ) -> Reply<'a, Waived> {
        self.store.waive(job, name, note, self.at(now))
    }

    fn conditions(&self, job: JobId) -> Reply<'_, Vec<ConditionRecord>> {
        self.store.conditions(job)
    }
}

impl BatchStore for ClockedStore {
    fn open_batch<'a>(&'a self, batch: BatchId, begins: &'a Begins, now: Now) -> Reply<'a, bool> {
        self.store.open_batch(batch, begins, self.at(now))
    }

    fn seal_batch(&self, batch: BatchId, now: Now) -> Reply<'_, Sealed> {
        self.store.seal_batch(batch, self.at(now))
    }

    fn batch(&self, batch: BatchId) -> Reply<'_, Option<BatchRecord>> {
        self.store.batch(batch)
    }

    fn batches<'a>(&'a self, filter: &'a BatchFilter, limit: usize) -> Reply<'a, Vec<BatchRecord>> {
        self.store.batches(filter, limit)
    }

    fn members(
        &self,
        batch: BatchId,
        after: Option<JobId>,
        limit: usize,
    ) -> Reply<'_, Vec<MemberRecord>> {
        self.store.members(batch, after, limit)
    }
}

impl StepStore for ClockedStore {
    fn record_steps<'a>(
        &'a self,
        fence: &'a Fence,
        steps: &'a [NewStep],
        others: Others,
        now: Now,
    ) -> Reply<'a, Fenced> {
        self.store.record_steps(fence, steps, others, self.at(now))
    }

    fn recall<'a>(&'a self, fence: &'a Fence, now: Now) -> Reply<'a, Recalled> {
        self.store.recall(fence, self.at(now))
    }

    fn steps(&self, job: JobId) -> Reply<'_, Vec<StepRecord>> {
        self.store.steps(job)
    }
}

impl ProgressStore for ClockedStore {
    fn report<'a>(&'a self, reports: &'a [Report], now: Now) -> Reply<'a, Vec<Fenced>> {
        self.store.report(reports, self.at(now))
    }

    fn last_checkpoint<'a>(&'a self, fence: &'a Fence) -> Reply<'a, Option<Json>> {
        self.store.last_checkpoint(fence)
    }

    fn progress(&self, job: JobId) -> Reply<'_, Option<ProgressRecord>> {
        self.store.progress(job)
    }

    fn log(&self, job: JobId, most: usize) -> Reply<'_, Vec<LogLine>> {
        self.store.log(job, most)
    }
}

impl LimitStore for ClockedStore {
    fn set_limit<'a>(
        &'a self,
        limit: &'a Limit,
        by: SetBy,
        note: Option<&'a str>,
        now: Now,
    ) -> Reply<'a, LimitSet> {
        self.store.set_limit(limit, by, note, self.at(now))
    }

    fn close_breaker<'a>(&'a self, on: &'a LimitOn) -> Reply<'a, bool> {
        self.store.close_breaker(on)
    }

    fn remove_limit<'a>(&'a self, on: &'a LimitOn) -> Reply<'a, bool> {
        self.store.remove_limit(on)
    }

    fn limits(&self, now: Now) -> Reply<'_, Vec<LimitRecord>> {
        self.store.limits(self.at(now))
    }
}

impl QueueStore for ClockedStore {
    fn pause<'a>(&'a self, pause: &'a Pause, now: Now) -> Reply<'a, ()> {
        self.store.pause(pause, self.at(now))
    }

    fn resume<'a>(&'a self, scope: &'a Scope, now: Now) -> Reply<'a, bool> {
        self.store.resume(scope, self.at(now))
    }

    fn bound<'a>(&'a self, bound: &'a QueueBound) -> Reply<'a, ()> {
        self.store.bound(bound)
    }

    fn unbound<'a>(&'a self, queue: &'a str) -> Reply<'a, bool> {
        self.store.unbound(queue)
    }

    fn bounds(&self) -> Reply<'_, Vec<QueueBound>> {
        self.store.bounds()
    }

    fn age<'a>(&'a self, aging: &'a Aging) -> Reply<'a, ()> {
        self.store.age(aging)
    }

    fn stop_aging<'a>(&'a self, queue: &'a str) -> Reply<'a, bool> {
        self.store.stop_aging(queue)
    }

    fn agings(&self) -> Reply<'_, Vec<Aging>> {
        self.store.agings()
    }

    fn is_full<'a>(&'a self, bound: &'a QueueBound) -> Reply<'a, bool> {
        self.store.is_full(bound)
    }

    fn queues(&self, now: Now) -> Reply<'_, Vec<QueueRecord>> {
        self.store.queues(self.at(now))
    }

    fn paused_kinds(&self, now: Now) -> Reply<'_, Vec<PausedKind>> {
        self.store.paused_kinds(self.at(now))
    }

    fn unserved(&self, now: Now) -> Reply<'_, Vec<Unserved>> {
        self.store.unserved(self.at(now))
    }
}

impl WorkerStore for ClockedStore {
    fn register<'a>(&'a self, worker: &'a Registration, now: Now) -> Reply<'a, Vec<MinimumBuild>> {
        self.store.register(worker, self.at(now))
    }

    fn heartbeat(&self, worker: WorkerId, renewal: Renewal, now: Now) -> Reply<'_, Beat> {
        self.store.heartbeat(worker, renewal, self.at(now))
    }

    fn leave(&self, worker: WorkerId, now: Now) -> Reply<'_, ()> {
        self.store.leave(worker, self.at(now))
    }

    fn quiet(&self, worker: WorkerId, wish: Quiet, now: Now) -> Reply<'_, bool> {
        self.store.quiet(worker, wish, self.at(now))
    }

    fn stop_worker(&self, worker: WorkerId, now: Now) -> Reply<'_, bool> {
        self.store.stop_worker(worker, self.at(now))
    }

    fn require_build<'a>(&'a self, minimum: &'a MinimumBuild, now: Now) -> Reply<'a, ()> {
        self.store.require_build(minimum, self.at(now))
    }

    fn allow_builds<'a>(&'a self, program: &'a str) -> Reply<'a, bool> {
        self.store.allow_builds(program)
    }

    fn required_builds(&self) -> Reply<'_, Vec<RequiredBuild>> {
        self.store.required_builds()
    }

    fn workers(&self) -> Reply<'_, Vec<WorkerRecord>> {
        self.store.workers()
    }
}

impl ScheduleStore for ClockedStore {
    fn schedules(&self) -> Reply<'_, Vec<ScheduleRecord>> {
        self.store.schedules()
    }

    fn schedule<'a>(&'a self, name: &'a str) -> Reply<'a, Option<ScheduleRecord>> {
        self.store.schedule(name)
    }

    fn due_schedules(&self, most: usize, now: Now) -> Reply<'_, DueSchedules> {
        self.store.due_schedules(most, self.at(now))
    }

    fn put_schedules<'a>(&'a self, puts: &'a [SchedulePut], now: Now) -> Reply<'a, Vec<bool>> {
        self.store.put_schedules(puts, self.at(now))
    }

    fn fire<'a>(&'a self, firings: &'a [Firing], now: Now) -> Reply<'a, Fired> {
        self.store.fire(firings, self.at(now))
    }

    fn pause_schedule<'a>(
        &'a self,
        name: &'a str,
        note: Option<&'a str>,
        now: Now,
    ) -> Reply<'a, bool> {
        self.store.pause_schedule(name, note, self.at(now))
    }

    fn resume_schedule<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool> {
        self.store.resume_schedule(name, self.at(now))
    }

    fn remove_schedule<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool> {
        self.store.remove_schedule(name, self.at(now))
    }
}

impl MaintenanceStore for ClockedStore {
    fn sweep(&self, worker: WorkerId, now: Now) -> Reply<'_, Swept> {
        self.store.sweep(worker, self.at(now))
    }

    fn tidy(&self, now: Now) -> Reply<'_, Tidied> {
        self.store.tidy(self.at(now))
    }
}

impl Store for ClockedStore {
    fn facts(&self) -> Reply<'_, Facts> {
        self.store.facts()
    }

    fn schema(&self) -> &str {
        self.store.schema()
    }

    fn wakeups(&self) -> &Wakeups {
        self.store.wakeups()
    }
}
