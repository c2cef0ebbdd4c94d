//! Verbs that a wrapped store leaves as they are.

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
        fn heartbeat(&self, worker: WorkerId, lease: Duration, now: Now) -> Reply<'_, Beat> {
            self.store.heartbeat(worker, lease, now)
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
    (publish) => {
        fn publish<'a>(&'a self, events: &'a [NewEvent], now: Now) -> Reply<'a, Vec<Published>> {
            self.store.publish(events, now)
        }
    };
    (sequence) => {
        fn sequence(&self, most: usize, now: Now) -> Reply<'_, u64> {
            self.store.sequence(most, now)
        }
    };
    (events) => {
        fn events(&self, after: u64, most: usize) -> Reply<'_, Vec<EventRecord>> {
            self.store.events(after, most)
        }

        $crate::fault::forward::forward_one!(events_by_name);
        $crate::fault::forward::forward_one!(keep_events);
    };
    (keep_events) => {
        fn keep_events(&self, keep: Keep) -> Reply<'_, ()> {
            self.store.keep_events(keep)
        }
    };
    (events_by_name) => {
        fn event(&self, id: EventId) -> Reply<'_, Option<EventRecord>> {
            self.store.event(id)
        }

        fn events_at<'a>(&'a self, positions: &'a [u64]) -> Reply<'a, Vec<EventRecord>> {
            self.store.events_at(positions)
        }

        fn events_of_tree(&self, root: JobId, most: usize) -> Reply<'_, Vec<EventRecord>> {
            self.store.events_of_tree(root, most)
        }

        fn await_events(&self, worker: WorkerId) -> Reply<'_, bool> {
            self.store.await_events(worker)
        }

        fn event_log(&self) -> Reply<'_, LogRecord> {
            self.store.event_log()
        }
    };
    (alerts) => {
        fn alerts(&self) -> Reply<'_, Alerts> {
            self.store.alerts()
        }

        fn alert<'a>(&'a self, changes: &'a [AlertChange], seen: u64, now: Now) -> Reply<'a, bool> {
            self.store.alert(changes, seen, now)
        }

        fn mute_alerts<'a>(&'a self, mute: &'a Mute, now: Now) -> Reply<'a, ()> {
            self.store.mute_alerts(mute, now)
        }

        fn unmute_alerts<'a>(&'a self, name: &'a MuteName) -> Reply<'a, bool> {
            self.store.unmute_alerts(name)
        }

        fn declare_mutes<'a>(&'a self, kinds: &'a [String], now: Now) -> Reply<'a, ()> {
            self.store.declare_mutes(kinds, now)
        }
    };
    (subscriptions) => {
        fn put_subscription<'a>(
            &'a self,
            name: &'a str,
            definition: &'a Subscription,
            start: Start,
            now: Now,
        ) -> Reply<'a, bool> {
            self.store.put_subscription(name, definition, start, now)
        }

        fn remove_subscription<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
            self.store.remove_subscription(name)
        }

        $crate::fault::forward::forward_one!(pauses_of_subscriptions);
    };
    (pauses_of_subscriptions) => {
        fn pause_subscription<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool> {
            self.store.pause_subscription(name, now)
        }

        fn resume_subscription<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
            self.store.resume_subscription(name)
        }

        fn subscriptions(&self) -> Reply<'_, Subscriptions> {
            self.store.subscriptions()
        }
    };
    (route) => {
        fn route<'a>(&'a self, slice: &'a Slice, now: Now) -> Reply<'a, Routed> {
            self.store.route(slice, now)
        }

        $crate::fault::forward::forward_one!(feeding);
    };
    (feeding) => {
        fn unfinished<'a>(&'a self, counted: &'a [(u32, u32)]) -> Reply<'a, Vec<u64>> {
            self.store.unfinished(counted)
        }

        $crate::fault::forward::forward_one!(gaps);
    };
    (gaps) => {
        fn gaps(&self) -> Reply<'_, Vec<GapRecord>> {
            self.store.gaps()
        }

        fn have_jobs<'a>(&'a self, jobs: &'a [JobId]) -> Reply<'a, Vec<bool>> {
            self.store.have_jobs(jobs)
        }
    };
    (sources) => {
        fn declare_source<'a>(&'a self, name: &'a str, about: &'a str, now: Now) -> Reply<'a, ()> {
            self.store.declare_source(name, about, now)
        }

        fn hold_source<'a>(&'a self, hold: &'a Hold, now: Now) -> Reply<'a, Holding> {
            self.store.hold_source(hold, now)
        }

        fn let_go_of_source<'a>(&'a self, name: &'a str, epoch: u64) -> Reply<'a, ()> {
            self.store.let_go_of_source(name, epoch)
        }

        fn sources(&self) -> Reply<'_, Vec<SourceRecord>> {
            self.store.sources()
        }

        fn source<'a>(&'a self, name: &'a str) -> Reply<'a, Option<SourceRecord>> {
            self.store.source(name)
        }

        fn source_gaps<'a>(&'a self, name: &'a str, most: usize) -> Reply<'a, Vec<SourceGap>> {
            self.store.source_gaps(name, most)
        }

        fn close_source_gaps<'a>(
            &'a self,
            name: &'a str,
            event: Option<EventId>,
            now: Now,
        ) -> Reply<'a, u64> {
            self.store.close_source_gaps(name, event, now)
        }

        fn pause_source<'a>(
            &'a self,
            name: &'a str,
            note: Option<&'a str>,
            now: Now,
        ) -> Reply<'a, bool> {
            self.store.pause_source(name, note, now)
        }

        fn resume_source<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool> {
            self.store.resume_source(name, now)
        }

        fn reset_source<'a>(&'a self, name: &'a str, to: Reset<'a>, now: Now) -> Reply<'a, bool> {
            self.store.reset_source(name, to, now)
        }

        fn remove_source<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
            self.store.remove_source(name)
        }

        fn quarantined<'a>(
            &'a self,
            name: &'a str,
            after: u64,
            most: usize,
        ) -> Reply<'a, Vec<QuarantineRecord>> {
            self.store.quarantined(name, after, most)
        }

        fn release_quarantined<'a>(
            &'a self,
            name: &'a str,
            released: &'a [Release],
            now: Now,
        ) -> Reply<'a, Vec<bool>> {
            self.store.release_quarantined(name, released, now)
        }
    };
    (import) => {
        fn import<'a>(&'a self, page: &'a ImportPage, now: Now) -> Reply<'a, Imported> {
            self.store.import(page, now)
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
        fn jobs<'a>(&'a self, filter: &'a Filter, page: Page) -> Reply<'a, Vec<JobRecord>> {
            self.store.jobs(filter, page)
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
    (counts) => {
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
}

pub(crate) use {forward, forward_one};

/// What the forwarded signatures name.
pub(crate) mod names {
    pub(crate) use std::time::Duration;
    pub(crate) use windlass_core::alert::{AlertChange, AlertStore, Alerts, Mute, MuteName};
    pub(crate) use windlass_core::batch::{
        BatchFilter, BatchRecord, BatchStore, Begins, MemberRecord, Sealed,
    };
    pub(crate) use windlass_core::condition::{
        ConditionRecord, ConditionStore, Signal, SignalRecord, Signalled, Waived,
    };
    pub(crate) use windlass_core::event::{
        EventRecord, EventStore, Keep, LogRecord, NewEvent, Published,
    };
    pub(crate) use windlass_core::health::{HealthStore, Observed, Thresholds};
    pub(crate) use windlass_core::id::{BatchId, EventId, JobId, LeaseId, WorkerId};
    pub(crate) use windlass_core::job::{
        Batch, Cancelled, ClaimRequest, Counts, Duplicates, Fence, Fenced, Look, Moved, Page,
        Retried, Settled, Settlement,
    };
    pub(crate) use windlass_core::job::{Enqueued, Filter, JobRecord, JobStore, NewJob};
    pub(crate) use windlass_core::json::Json;
    pub(crate) use windlass_core::limit::{
        Limit, LimitOn, LimitRecord, LimitSet, LimitStore, SetBy,
    };
    pub(crate) use windlass_core::maintenance::{MaintenanceStore, Swept, Tidied};
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
    pub(crate) use windlass_core::step::{NewStep, Others, Recalled, StepRecord, StepStore};
    pub(crate) use windlass_core::store::{Facts, Now, Reply, Store};
    pub(crate) use windlass_core::subscription::{
        GapRecord, Routed, Slice, Start, Subscription, SubscriptionStore, Subscriptions,
    };
    pub(crate) use windlass_core::wake::Wakeups;
    pub(crate) use windlass_core::worker::{
        Beat, MinimumBuild, Quiet, Registration, RequiredBuild,
    };
    pub(crate) use windlass_core::worker::{WorkerRecord, WorkerStore};
}
