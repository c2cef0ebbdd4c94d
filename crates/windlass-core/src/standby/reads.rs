//! A store that is only read: it hands reads on, and refuses to write before the database is asked.

use std::sync::Arc;

use crate::alert::{AlertChange, AlertStore, Alerts, Mute, MuteName};
use crate::audit::{Act, AuditStore, EntriesWanted, Entry, EntryDigest};
use crate::batch::{BatchFilter, BatchRecord, BatchStore, Begins, MemberRecord, Sealed};
use crate::condition::{ConditionRecord, ConditionStore, Signal, SignalRecord, Signalled, Waived};
use crate::edit::{Edit, EditStore, Edited, Expected};
use crate::error::{StoreError, Unusable};
use crate::event::{EventHead, EventRecord, EventStore, Keep, LogRecord, NewEvent, Published};
use crate::filter::{Bound, Found, JobCount};
use crate::health::{HealthStore, Lanes, Observed, Thresholds};
use crate::id::{BatchId, EventId, JobId, LeaseId, OperationId, WorkerId};
use crate::idempotency::{Begun, IdempotencyStore, KeyedRequest, RequestEnd};
use crate::job::{
    Batch, Cancelled, ClaimRequest, Completion, Counts, Duplicates, Enqueued, Fence, Fenced,
    Filter, InHand, JobHead, JobRecord, JobStore, Look, Moved, NewJob, Page, Retried, Settled,
    Settlement,
};
use crate::json::Json;
use crate::limit::{Limit, LimitOn, LimitRecord, LimitSet, LimitStore, SetBy};
use crate::maintenance::{MaintenanceStore, Swept, Tidied};
use crate::operation::{
    Control, Controlled, NewOperation, OperationRecord, OperationStore, Preview, Round, Which,
};
use crate::progress::{LogLine, ProgressRecord, ProgressStore, Report};
use crate::queue::{
    Aging, Pause, PausedKind, QueueBound, QueueRecord, QueueStore, Scope, Unserved,
};
use crate::reply::{Now, Reply};
use crate::schedule::{DueSchedules, Fired, Firing, SchedulePut, ScheduleRecord, ScheduleStore};
use crate::source::{
    Hold, Holding, ImportPage, Imported, QuarantineRecord, Release, Reset, SourceGap, SourceRecord,
    SourceStore,
};
use crate::stats::{Fold, Kept, PartsSeen, StatsAsk, StatsPart, StatsRows, StatsStore};
use crate::step::{NewStep, Others, Recalled, StepRecord, StepStore};
use crate::store::{Facts, Store};
use crate::subscription::{
    Closing, DueWindows, EventWindow, GapRecord, RequestAnswer, Routed, Slice, Start, Subscription,
    SubscriptionRequest, SubscriptionStore, Subscriptions,
};
use crate::token::{Token, TokenDigest, TokenRecord, TokenStore};
use crate::user::{OwnPassword, Session, SessionRecord, User, UserChange, UserRecord, UserStore};
use crate::wake::Wakeups;
use crate::worker::{
    Beat, MinimumBuild, Quiet, Registration, Renewal, RequiredBuild, WorkerRecord, WorkerStore,
};

/// Another store, to be read alone.
pub struct ReadOnly(Arc<dyn Store>);

impl ReadOnly {
    /// Reads of this store, and nothing else.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }
}

impl std::fmt::Debug for ReadOnly {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReadOnly")
    }
}

fn refused<'a, T: Send + 'a>(verb: &str) -> Reply<'a, T> {
    let reason = format!(
        "{verb} is not for a standby: it only reads, and the primary alone writes and decides"
    );
    Box::pin(std::future::ready(Err(StoreError::Unusable { reason, kind: Unusable::Server })))
}

/// Hands each of these verbs on.
macro_rules! read {
    ($($verb:ident($($name:ident: $given:ty),*) -> $answer:ty;)+) => { $(
        fn $verb<'a>(&'a self, $($name: $given),*) -> Reply<'a, $answer> {
            self.0.$verb($($name),*)
        }
    )+ };
}

/// Refuses each of these verbs.
macro_rules! refuse {
    ($($verb:ident($($given:ty),*) -> $answer:ty;)+) => { $(
        fn $verb(&self, $(_: $given),*) -> Reply<'_, $answer> {
            refused(stringify!($verb))
        }
    )+ };
}

impl Store for ReadOnly {
    fn facts(&self) -> Reply<'_, Facts> {
        self.0.facts()
    }

    fn schema(&self) -> &str {
        self.0.schema()
    }

    fn wakeups(&self) -> &Wakeups {
        self.0.wakeups()
    }
}

impl JobStore for ReadOnly {
    read! {
        job(id: JobId) -> Option<JobRecord>;
        look(id: JobId, now: Now) -> Option<Look>;
        find_jobs(filter: &'a Filter, page: Page, bound: Bound) -> Found<JobRecord, JobId>;
        count_jobs(filter: &'a Filter, bound: Bound) -> JobCount;
        job_heads(jobs: &'a [JobId]) -> Vec<JobHead>;
        jobs(filter: &'a Filter, page: Page) -> Vec<JobRecord>;
        jobs_of_tree(root: JobId, of_events: &'a [(JobId, JobId)], most: usize) -> Vec<JobRecord>;
        duplicates(newest: usize) -> Duplicates;
        counts() -> Counts;
        capped_counts() -> Counts;
    }

    refuse! {
        enqueue(&[NewJob], Now) -> Vec<Enqueued>;
        claim(&ClaimRequest, Now) -> Batch;
        settle(WorkerId, &[Settlement], Now) -> Vec<Settled>;
        release(WorkerId, LeaseId, Now) -> u64;
        in_hand(WorkerId) -> Vec<InHand>;
        complete_with(&Fence, &Completion, Now) -> Settled;
        cancel(&[JobId], &str, Now) -> Vec<Cancelled>;
        retry(&[JobId], Now) -> Vec<Retried>;
        move_jobs(&[JobId], &str) -> Vec<Moved>;
        open_lane(&str) -> Option<JobId>;
    }
}

impl ConditionStore for ReadOnly {
    read! {
        signalled(key: &'a str) -> Option<SignalRecord>;
        conditions(job: JobId) -> Vec<ConditionRecord>;
    }

    refuse! {
        signal(&Signal, Now) -> Signalled;
        waive(JobId, &str, Option<&str>, Now) -> Waived;
    }
}

impl BatchStore for ReadOnly {
    read! {
        batch(batch: BatchId) -> Option<BatchRecord>;
        batches(filter: &'a BatchFilter, limit: usize) -> Vec<BatchRecord>;
        members(batch: BatchId, after: Option<JobId>, limit: usize) -> Vec<MemberRecord>;
    }

    refuse! {
        open_batch(BatchId, &Begins, Now) -> bool;
        seal_batch(BatchId, Now) -> Sealed;
    }
}

impl EventStore for ReadOnly {
    read! {
        sequence(most: usize, now: Now) -> u64;
        event(id: EventId) -> Option<EventRecord>;
        events(after: u64, most: usize) -> Vec<EventRecord>;
        event_heads(after: u64, most: usize) -> Vec<EventHead>;
        events_at(positions: &'a [u64]) -> Vec<EventRecord>;
        events_of_tree(root: JobId, most: usize) -> Vec<EventRecord>;
        event_log() -> LogRecord;
    }

    refuse! {
        publish(&[NewEvent], Now) -> Vec<Published>;
        await_events(WorkerId) -> bool;
        keep_events(Keep) -> ();
        renew_log(Now) -> u64;
    }
}

impl SubscriptionStore for ReadOnly {
    read! {
        subscriptions() -> Subscriptions;
        subscription_requests(most: usize) -> Vec<SubscriptionRequest>;
        gaps() -> Vec<GapRecord>;
        unfinished(counted: &'a [(u32, u32)]) -> Vec<u64>;
        have_jobs(jobs: &'a [JobId]) -> Vec<bool>;
        windows(number: u32) -> Vec<EventWindow>;
    }

    refuse! {
        put_subscription(&str, &Subscription, Start, Now) -> bool;
        remove_subscription(&str) -> bool;
        pause_subscription(&str, Now) -> bool;
        resume_subscription(&str) -> bool;
        answer_request(u64, &RequestAnswer, Now) -> bool;
        route(&Slice, Now) -> Routed;
        due_windows(&[u32], usize, Now) -> DueWindows;
        close_windows(&Closing, Now) -> bool;
    }
}

impl SourceStore for ReadOnly {
    read! {
        sources() -> Vec<SourceRecord>;
        source(name: &'a str) -> Option<SourceRecord>;
        source_gaps(name: &'a str, most: usize) -> Vec<SourceGap>;
        quarantined(name: &'a str, after: u64, most: usize) -> Vec<QuarantineRecord>;
    }

    refuse! {
        declare_source(&str, &str, Now) -> ();
        hold_source(&Hold, Now) -> Holding;
        let_go_of_source(&str, u64) -> ();
        import(&ImportPage, Now) -> Imported;
        close_source_gaps(&str, Option<EventId>, Now) -> u64;
        pause_source(&str, Option<&str>, Now) -> bool;
        resume_source(&str, Now) -> bool;
        reset_source(&str, Reset<'_>, Now) -> bool;
        remove_source(&str) -> bool;
        release_quarantined(&str, &[Release], Now) -> Vec<bool>;
    }
}

impl StepStore for ReadOnly {
    read! {
        steps(job: JobId) -> Vec<StepRecord>;
    }

    refuse! {
        record_steps(&Fence, &[NewStep], Others, Now) -> Fenced;
        recall(&Fence, Now) -> Recalled;
    }
}

impl ProgressStore for ReadOnly {
    read! {
        progress(job: JobId) -> Option<ProgressRecord>;
        log(job: JobId, most: usize) -> Vec<LogLine>;
    }

    refuse! {
        report(&[Report], Now) -> Vec<Fenced>;
        last_checkpoint(&Fence) -> Option<Json>;
    }
}

impl LimitStore for ReadOnly {
    read! {
        limits(now: Now) -> Vec<LimitRecord>;
    }

    refuse! {
        set_limit(&Limit, SetBy, Option<&str>, Now) -> LimitSet;
        remove_limit(&LimitOn) -> bool;
        close_breaker(&LimitOn) -> bool;
    }
}

impl QueueStore for ReadOnly {
    read! {
        bounds() -> Vec<QueueBound>;
        queues(now: Now) -> Vec<QueueRecord>;
        paused_kinds(now: Now) -> Vec<PausedKind>;
        agings() -> Vec<Aging>;
        unserved(now: Now) -> Vec<Unserved>;
    }

    refuse! {
        is_full(&QueueBound) -> bool;
        pause(&Pause, Now) -> ();
        resume(&Scope, Now) -> bool;
        bound(&QueueBound) -> ();
        unbound(&str) -> bool;
        age(&Aging) -> ();
        stop_aging(&str) -> bool;
    }
}

impl WorkerStore for ReadOnly {
    read! {
        required_builds() -> Vec<RequiredBuild>;
        workers() -> Vec<WorkerRecord>;
    }

    refuse! {
        register(&Registration, Now) -> Vec<MinimumBuild>;
        heartbeat(WorkerId, Renewal, Now) -> Beat;
        leave(WorkerId, Now) -> ();
        quiet(WorkerId, Quiet, Now) -> bool;
        stop_worker(WorkerId, Now) -> bool;
        require_build(&MinimumBuild, Now) -> ();
        allow_builds(&str) -> bool;
    }
}

impl ScheduleStore for ReadOnly {
    read! {
        schedules() -> Vec<ScheduleRecord>;
        schedule(name: &'a str) -> Option<ScheduleRecord>;
    }

    refuse! {
        due_schedules(usize, Now) -> DueSchedules;
        put_schedules(&[SchedulePut], Now) -> Vec<bool>;
        fire(&[Firing], Now) -> Fired;
        pause_schedule(&str, Option<&str>, Now) -> bool;
        resume_schedule(&str, Now) -> bool;
        remove_schedule(&str, Now) -> bool;
    }
}

impl MaintenanceStore for ReadOnly {
    refuse! {
        sweep(WorkerId, Now) -> Swept;
        tidy(Now) -> Tidied;
    }
}

impl HealthStore for ReadOnly {
    read! {
        observe(thresholds: &'a Thresholds, now: Now) -> Observed;
        lanes() -> Lanes;
    }
}

impl TokenStore for ReadOnly {
    refuse! {
        add_token(&Token, Now) -> bool;
        token(TokenDigest) -> Option<TokenRecord>;
        tokens() -> Vec<TokenRecord>;
        remove_token(&str) -> bool;
    }
}

impl UserStore for ReadOnly {
    refuse! {
        add_user(&User, Now) -> bool;
        user(&str) -> Option<UserRecord>;
        users() -> Vec<UserRecord>;
        change_user(&str, &UserChange) -> bool;
        remove_user(&str) -> bool;
        start_session(&Session<'_>, Now) -> bool;
        change_own_password(&OwnPassword<'_>, Now) -> bool;
        session(TokenDigest) -> Option<SessionRecord>;
        use_session(TokenDigest, Now) -> ();
        end_session(TokenDigest) -> bool;
        end_sessions(&str) -> u64;
    }
}

impl IdempotencyStore for ReadOnly {
    refuse! {
        begin_request(KeyedRequest, Now) -> Begun;
        end_request(KeyedRequest, &RequestEnd) -> ();
    }
}

impl AuditStore for ReadOnly {
    read! {
        acts(wanted: &'a EntriesWanted) -> Vec<Entry>;
        acts_after(number: u64, limit: usize) -> Vec<Entry>;
        audit_start() -> (u64, EntryDigest);
    }

    refuse! {
        add_act(&Act, Now) -> Entry;
    }
}

impl EditStore for ReadOnly {
    refuse! {
        edit(&Edit, &Expected, Now) -> Edited;
    }
}

impl OperationStore for ReadOnly {
    read! {
        operation(id: OperationId) -> Option<OperationRecord>;
        operations(before: Option<OperationId>, limit: usize) -> Vec<OperationRecord>;
    }

    refuse! {
        preview_operation(&NewOperation, usize, Now) -> Preview;
        start_operation(&NewOperation, Now) -> OperationRecord;
        operation_round(Which, usize, Now) -> Round;
        control_operation(OperationId, Control, Now) -> Controlled;
    }
}

impl AlertStore for ReadOnly {
    read! {
        alerts() -> Alerts;
    }

    refuse! {
        alert(&[AlertChange], u64, Now) -> bool;
        mute_alerts(&Mute, Now) -> ();
        unmute_alerts(&MuteName) -> bool;
        declare_mutes(&[String], Now) -> ();
    }
}

impl StatsStore for ReadOnly {
    read! {
        stats_rows(ask: &'a StatsAsk, now: Now) -> StatsRows;
    }

    refuse! {
        put_stats_part(&StatsPart, Now) -> ();
        stats_parts(usize, Kept, Now) -> PartsSeen;
        fold_stats(&Fold) -> bool;
    }
}
