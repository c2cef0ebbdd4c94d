//! Verbs that a wrapped store leaves as they are.

mod events;

/// Hands the named verbs on to `self.store`.
macro_rules! forward {
    ($($verb:ident)+) => { $( $crate::fault::forward::forward_one!($verb); )+ };
}

macro_rules! forward_one {
    (enqueue) => {
        fn enqueue<'a>(&'a self, jobs: &'a [NewJob], now: Now) -> Reply<'a, Vec<Enqueued>> {
            self.store.enqueue(jobs, now)
        }
    };
    (claim) => {
        fn claim<'a>(&'a self, request: &'a ClaimRequest, now: Now) -> Reply<'a, Batch> {
            self.store.claim(request, now)
        }
    };
    (settle) => {
        fn settle<'a>(
            &'a self,
            worker: WorkerId,
            settlements: &'a [Settlement],
            now: Now,
        ) -> Reply<'a, Vec<Settled>> {
            self.store.settle(worker, settlements, now)
        }
    };
    (heartbeat) => {
        fn heartbeat(&self, worker: WorkerId, renewal: Renewal, now: Now) -> Reply<'_, Beat> {
            self.store.heartbeat(worker, renewal, now)
        }
    };
    (register) => {
        fn register<'a>(
            &'a self,
            worker: &'a Registration,
            now: Now,
        ) -> Reply<'a, Vec<MinimumBuild>> {
            self.store.register(worker, now)
        }
    };
    (pause) => {
        fn pause<'a>(&'a self, pause: &'a Pause, now: Now) -> Reply<'a, ()> {
            self.store.pause(pause, now)
        }
    };
    (resume) => {
        fn resume<'a>(&'a self, scope: &'a Scope, now: Now) -> Reply<'a, bool> {
            self.store.resume(scope, now)
        }
    };
    (retry) => {
        fn retry<'a>(&'a self, jobs: &'a [JobId], now: Now) -> Reply<'a, Vec<Retried>> {
            self.store.retry(jobs, now)
        }
    };
    (release) => {
        fn release<'a>(&'a self, worker: WorkerId, lease: LeaseId, now: Now) -> Reply<'a, u64> {
            self.store.release(worker, lease, now)
        }
    };
    (in_hand) => {
        fn in_hand(&self, worker: WorkerId) -> Reply<'_, Vec<InHand>> {
            self.store.in_hand(worker)
        }
    };
    (complete_with) => {
        fn complete_with<'a>(
            &'a self,
            fence: &'a Fence,
            completion: &'a Completion,
            now: Now,
        ) -> Reply<'a, Settled> {
            self.store.complete_with(fence, completion, now)
        }
    };
    (leave) => {
        fn leave(&self, worker: WorkerId, now: Now) -> Reply<'_, ()> {
            self.store.leave(worker, now)
        }
    };
    (sweep) => {
        fn sweep(&self, worker: WorkerId, now: Now) -> Reply<'_, Swept> {
            self.store.sweep(worker, now)
        }
    };
    (tidy) => {
        fn tidy(&self, now: Now) -> Reply<'_, Tidied> {
            self.store.tidy(now)
        }
    };
    (cancel) => {
        fn cancel<'a>(
            &'a self,
            jobs: &'a [JobId],
            reason: &'a str,
            now: Now,
        ) -> Reply<'a, Vec<Cancelled>> {
            self.store.cancel(jobs, reason, now)
        }
    };
    (move_jobs) => {
        fn move_jobs<'a>(&'a self, jobs: &'a [JobId], queue: &'a str) -> Reply<'a, Vec<Moved>> {
            self.store.move_jobs(jobs, queue)
        }
    };
    (quiet) => {
        fn quiet(&self, worker: WorkerId, wish: Quiet, now: Now) -> Reply<'_, bool> {
            self.store.quiet(worker, wish, now)
        }

        fn stop_worker(&self, worker: WorkerId, now: Now) -> Reply<'_, bool> {
            self.store.stop_worker(worker, now)
        }
    };
    (builds) => {
        fn require_build<'a>(&'a self, minimum: &'a MinimumBuild, now: Now) -> Reply<'a, ()> {
            self.store.require_build(minimum, now)
        }

        fn allow_builds<'a>(&'a self, program: &'a str) -> Reply<'a, bool> {
            self.store.allow_builds(program)
        }

        fn required_builds(&self) -> Reply<'_, Vec<RequiredBuild>> {
            self.store.required_builds()
        }
    };
    (set_limit) => {
        fn set_limit<'a>(
            &'a self,
            limit: &'a Limit,
            by: SetBy,
            note: Option<&'a str>,
            now: Now,
        ) -> Reply<'a, LimitSet> {
            self.store.set_limit(limit, by, note, now)
        }
    };
    (remove_limit) => {
        fn remove_limit<'a>(&'a self, on: &'a LimitOn) -> Reply<'a, bool> {
            self.store.remove_limit(on)
        }
    };
    (close_breaker) => {
        fn close_breaker<'a>(&'a self, on: &'a LimitOn) -> Reply<'a, bool> {
            self.store.close_breaker(on)
        }
    };
    (signal) => {
        fn signal<'a>(&'a self, signal: &'a Signal, now: Now) -> Reply<'a, Signalled> {
            self.store.signal(signal, now)
        }
    };
    (waive) => {
        fn waive<'a>(
            &'a self,
            job: JobId,
            name: &'a str,
            note: Option<&'a str>,
            now: Now,
        ) -> Reply<'a, Waived> {
            self.store.waive(job, name, note, now)
        }
    };
    (conditions) => {
        fn conditions(&self, job: JobId) -> Reply<'_, Vec<ConditionRecord>> {
            self.store.conditions(job)
        }
    };
    (open_batch) => {
        fn open_batch<'a>(
            &'a self,
            batch: BatchId,
            begins: &'a Begins,
            now: Now,
        ) -> Reply<'a, bool> {
            self.store.open_batch(batch, begins, now)
        }
    };
    (seal_batch) => {
        fn seal_batch(&self, batch: BatchId, now: Now) -> Reply<'_, Sealed> {
            self.store.seal_batch(batch, now)
        }
    };
    (batch) => {
        fn batch(&self, batch: BatchId) -> Reply<'_, Option<BatchRecord>> {
            self.store.batch(batch)
        }
    };
    (batches) => {
        fn batches<'a>(
            &'a self,
            filter: &'a BatchFilter,
            limit: usize,
        ) -> Reply<'a, Vec<BatchRecord>> {
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
    };
    (limits) => {
        fn limits(&self, now: Now) -> Reply<'_, Vec<LimitRecord>> {
            self.store.limits(now)
        }
    };
    (open_lane) => {
        fn open_lane<'a>(&'a self, lane: &'a str) -> Reply<'a, Option<JobId>> {
            self.store.open_lane(lane)
        }
    };
    (job) => {
        fn job(&self, id: JobId) -> Reply<'_, Option<JobRecord>> {
            self.store.job(id)
        }
    };
    (look) => {
        fn look(&self, id: JobId, now: Now) -> Reply<'_, Option<Look>> {
            self.store.look(id, now)
        }
    };
    (jobs) => {
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

        fn jobs_of_tree<'a>(
            &'a self,
            root: JobId,
            of_events: &'a [(JobId, JobId)],
            most: usize,
        ) -> Reply<'a, Vec<JobRecord>> {
            self.store.jobs_of_tree(root, of_events, most)
        }
    };
    (job_heads) => {
        fn job_heads<'a>(&'a self, jobs: &'a [JobId]) -> Reply<'a, Vec<JobHead>> {
            self.store.job_heads(jobs)
        }
    };
    (counts) => {
        fn capped_counts(&self) -> Reply<'_, Counts> {
            self.store.capped_counts()
        }

        fn counts(&self) -> Reply<'_, Counts> {
            self.store.counts()
        }
    };
    (duplicates) => {
        fn duplicates(&self, newest: usize) -> Reply<'_, Duplicates> {
            self.store.duplicates(newest)
        }
    };
    (queues) => {
        fn queues(&self, now: Now) -> Reply<'_, Vec<QueueRecord>> {
            self.store.queues(now)
        }
    };
    (bounds) => {
        fn bound<'a>(&'a self, bound: &'a QueueBound) -> Reply<'a, ()> {
            self.store.bound(bound)
        }

        fn unbound<'a>(&'a self, queue: &'a str) -> Reply<'a, bool> {
            self.store.unbound(queue)
        }

        fn bounds(&self) -> Reply<'_, Vec<QueueBound>> {
            self.store.bounds()
        }

        fn is_full<'a>(&'a self, bound: &'a QueueBound) -> Reply<'a, bool> {
            self.store.is_full(bound)
        }
    };
    (agings) => {
        fn age<'a>(&'a self, aging: &'a Aging) -> Reply<'a, ()> {
            self.store.age(aging)
        }

        fn stop_aging<'a>(&'a self, queue: &'a str) -> Reply<'a, bool> {
            self.store.stop_aging(queue)
        }

        fn agings(&self) -> Reply<'_, Vec<Aging>> {
            self.store.agings()
        }
    };
    (paused_kinds) => {
        fn paused_kinds(&self, now: Now) -> Reply<'_, Vec<PausedKind>> {
            self.store.paused_kinds(now)
        }
    };
    (workers) => {
        fn workers(&self) -> Reply<'_, Vec<WorkerRecord>> {
            self.store.workers()
        }
    };
    (unserved) => {
        fn unserved(&self, now: Now) -> Reply<'_, Vec<Unserved>> {
            self.store.unserved(now)
        }
    };
    (schedules) => {
        fn schedules(&self) -> Reply<'_, Vec<ScheduleRecord>> {
            self.store.schedules()
        }

        fn schedule<'a>(&'a self, name: &'a str) -> Reply<'a, Option<ScheduleRecord>> {
            self.store.schedule(name)
        }

        fn due_schedules(&self, most: usize, now: Now) -> Reply<'_, DueSchedules> {
            self.store.due_schedules(most, now)
        }

        fn put_schedules<'a>(&'a self, puts: &'a [SchedulePut], now: Now) -> Reply<'a, Vec<bool>> {
            self.store.put_schedules(puts, now)
        }

        fn pause_schedule<'a>(
            &'a self,
            name: &'a str,
            note: Option<&'a str>,
            now: Now,
        ) -> Reply<'a, bool> {
            self.store.pause_schedule(name, note, now)
        }

        fn resume_schedule<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool> {
            self.store.resume_schedule(name, now)
        }

        fn remove_schedule<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool> {
            self.store.remove_schedule(name, now)
        }
    };
    (fire) => {
        fn fire<'a>(&'a self, firings: &'a [Firing], now: Now) -> Reply<'a, Fired> {
            self.store.fire(firings, now)
        }
    };
    (observe) => {
        fn observe<'a>(&'a self, thresholds: &'a Thresholds, now: Now) -> Reply<'a, Observed> {
            self.store.observe(thresholds, now)
        }
    };
    (lanes) => {
        fn lanes(&self) -> Reply<'_, Lanes> {
            self.store.lanes()
        }
    };
    (facts) => {
        fn facts(&self) -> Reply<'_, Facts> {
            self.store.facts()
        }
    };
    (signalled) => {
        fn signalled<'a>(&'a self, key: &'a str) -> Reply<'a, Option<SignalRecord>> {
            self.store.signalled(key)
        }
    };
    (record_steps) => {
        fn record_steps<'a>(
            &'a self,
            fence: &'a Fence,
            steps: &'a [NewStep],
            others: Others,
            now: Now,
        ) -> Reply<'a, Fenced> {
            self.store.record_steps(fence, steps, others, now)
        }
    };
    (recall) => {
        fn recall<'a>(&'a self, fence: &'a Fence, now: Now) -> Reply<'a, Recalled> {
            self.store.recall(fence, now)
        }
    };
    (steps) => {
        fn steps(&self, job: JobId) -> Reply<'_, Vec<StepRecord>> {
            self.store.steps(job)
        }
    };
    (report) => {
        fn report<'a>(&'a self, reports: &'a [Report], now: Now) -> Reply<'a, Vec<Fenced>> {
            self.store.report(reports, now)
        }
    };
    (last_checkpoint) => {
        fn last_checkpoint<'a>(&'a self, fence: &'a Fence) -> Reply<'a, Option<Json>> {
            self.store.last_checkpoint(fence)
        }
    };
    (progress) => {
        fn progress(&self, job: JobId) -> Reply<'_, Option<ProgressRecord>> {
            self.store.progress(job)
        }
    };
    (log) => {
        fn log(&self, job: JobId, most: usize) -> Reply<'_, Vec<LogLine>> {
            self.store.log(job, most)
        }
    };
    (schema) => {
        fn schema(&self) -> &str {
            self.store.schema()
        }
    };
    (wakeups) => {
        fn wakeups(&self) -> &Wakeups {
            self.store.wakeups()
        }
    };
    ($verb:ident) => {
        $crate::fault::forward::forward_of_events!($verb);
    };
}

pub(crate) use events::forward_of_events;
pub(crate) use {forward, forward_one};

/// What the forwarded signatures name.
pub(crate) mod names {
    pub(crate) use std::time::Duration;
    pub(crate) use windlass_core::alert::{AlertChange, AlertStore, Alerts, Mute, MuteName};
    pub(crate) use windlass_core::audit::{Act, AuditStore, EntriesWanted, Entry, EntryDigest};
    pub(crate) use windlass_core::batch::{
        BatchFilter, BatchRecord, BatchStore, Begins, MemberRecord, Sealed,
    };
    pub(crate) use windlass_core::condition::{
        ConditionRecord, ConditionStore, Signal, SignalRecord, Signalled, Waived,
    };
    pub(crate) use windlass_core::edit::{Edit, EditStore, Edited, Expected};
    pub(crate) use windlass_core::event::{
        EventHead, EventRecord, EventStore, Keep, LogRecord, NewEvent, Published,
    };
    pub(crate) use windlass_core::filter::{Bound, Found, JobCount};
    pub(crate) use windlass_core::health::{HealthStore, Lanes, Observed, Thresholds};
    pub(crate) use windlass_core::id::{BatchId, EventId, JobId, LeaseId, OperationId, WorkerId};
    pub(crate) use windlass_core::idempotency::{
        Begun, IdempotencyStore, KeyedRequest, RequestEnd,
    };
    pub(crate) use windlass_core::job::{
        Batch, Cancelled, ClaimRequest, Completion, Counts, Duplicates, Enqueued, Fence, Fenced,
        Filter, InHand, JobHead, JobRecord, JobStore, Look, Moved, NewJob, Page, Retried, Settled,
        Settlement,
    };
    pub(crate) use windlass_core::json::Json;
    pub(crate) use windlass_core::limit::{
        Limit, LimitOn, LimitRecord, LimitSet, LimitStore, SetBy,
    };
    pub(crate) use windlass_core::maintenance::{MaintenanceStore, Swept, Tidied};
    pub(crate) use windlass_core::operation::{
        Control, Controlled, NewOperation, OperationRecord, OperationStore, Preview, Round, Which,
    };
    pub(crate) use windlass_core::progress::{LogLine, ProgressRecord, ProgressStore, Report};
    pub(crate) use windlass_core::queue::{
        Aging, Pause, PausedKind, QueueBound, QueueRecord, QueueStore, Scope, Unserved,
    };
    pub(crate) use windlass_core::schedule::{
        DueSchedules, Fired, Firing, SchedulePut, ScheduleRecord, ScheduleStore,
    };
    pub(crate) use windlass_core::source::{
        Hold, Holding, ImportPage, Imported, QuarantineRecord, Release, Reset, SourceGap,
        SourceRecord, SourceStore,
    };
    pub(crate) use windlass_core::stats::{
        Fold, Kept, PartsSeen, StatsAsk, StatsPart, StatsRows, StatsStore,
    };
    pub(crate) use windlass_core::step::{NewStep, Others, Recalled, StepRecord, StepStore};
    pub(crate) use windlass_core::store::{Facts, Now, Reply, Store};
    pub(crate) use windlass_core::subscription::{
        Closing, DueWindows, EventWindow, GapRecord, RequestAnswer, Routed, Slice, Start,
        Subscription, SubscriptionRequest, SubscriptionStore, Subscriptions,
    };
    pub(crate) use windlass_core::token::{Token, TokenDigest, TokenRecord, TokenStore};
    pub(crate) use windlass_core::user::{
        OwnPassword, Session, SessionRecord, User, UserChange, UserRecord, UserStore,
    };
    pub(crate) use windlass_core::wake::Wakeups;
    pub(crate) use windlass_core::worker::{
        Beat, MinimumBuild, Quiet, Registration, Renewal, RequiredBuild, WorkerRecord, WorkerStore,
    };
}
