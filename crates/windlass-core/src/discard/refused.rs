//! What a store that keeps nothing does: it throws away what is written, and refuses the rest.

use super::{DiscardStore, done, refused};
use crate::alert::{AlertChange, AlertStore, Alerts, Mute, MuteName};
use crate::audit::{Act, AuditStore, EntriesWanted, Entry, EntryDigest};
use crate::batch::{BatchFilter, BatchRecord, BatchStore, Begins, MemberRecord, Sealed};
use crate::condition::{ConditionRecord, ConditionStore, Signal, SignalRecord, Signalled, Waived};
use crate::edit::{Edit, EditStore, Edited, Expected};
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
use crate::subscription::{
    Closing, DueWindows, EventWindow, GapRecord, RequestAnswer, Routed, Slice, Start, Subscription,
    SubscriptionRequest, SubscriptionStore, Subscriptions,
};
use crate::token::{Token, TokenDigest, TokenRecord, TokenStore};
use crate::user::{OwnPassword, Session, SessionRecord, User, UserChange, UserRecord, UserStore};
use crate::worker::{
    Beat, MinimumBuild, Quiet, Registration, Renewal, RequiredBuild, WorkerRecord, WorkerStore,
};

/// Refuses each of these verbs.
macro_rules! refuse {
    ($($verb:ident($($given:ty),*) -> $answer:ty;)+) => { $(
        fn $verb(&self, $(_: $given),*) -> Reply<'_, $answer> {
            refused()
        }
    )+ };
}

impl JobStore for DiscardStore {
    fn enqueue<'a>(&'a self, jobs: &'a [NewJob], _: Now) -> Reply<'a, Vec<Enqueued>> {
        done(self.discards.jobs(jobs))
    }

    refuse! {
        claim(&ClaimRequest, Now) -> Batch;
        settle(WorkerId, &[Settlement], Now) -> Vec<Settled>;
        release(WorkerId, LeaseId, Now) -> u64;
        in_hand(WorkerId) -> Vec<InHand>;
        complete_with(&Fence, &Completion, Now) -> Settled;
        cancel(&[JobId], &str, Now) -> Vec<Cancelled>;
        retry(&[JobId], Now) -> Vec<Retried>;
        move_jobs(&[JobId], &str) -> Vec<Moved>;
        open_lane(&str) -> Option<JobId>;
        job(JobId) -> Option<JobRecord>;
        look(JobId, Now) -> Option<Look>;
        find_jobs(&Filter, Page, Bound) -> Found<JobRecord, JobId>;
        count_jobs(&Filter, Bound) -> JobCount;
        job_heads(&[JobId]) -> Vec<JobHead>;
        jobs(&Filter, Page) -> Vec<JobRecord>;
        jobs_of_tree(JobId, &[(JobId, JobId)], usize) -> Vec<JobRecord>;
        duplicates(usize) -> Duplicates;
        counts() -> Counts;
        capped_counts() -> Counts;
    }
}

impl ConditionStore for DiscardStore {
    fn signal<'a>(&'a self, signal: &'a Signal, _: Now) -> Reply<'a, Signalled> {
        done(self.discards.signal(signal))
    }

    refuse! {
        signalled(&str) -> Option<SignalRecord>;
        waive(JobId, &str, Option<&str>, Now) -> Waived;
        conditions(JobId) -> Vec<ConditionRecord>;
    }
}

impl BatchStore for DiscardStore {
    refuse! {
        open_batch(BatchId, &Begins, Now) -> bool;
        seal_batch(BatchId, Now) -> Sealed;
        batch(BatchId) -> Option<BatchRecord>;
        batches(&BatchFilter, usize) -> Vec<BatchRecord>;
        members(BatchId, Option<JobId>, usize) -> Vec<MemberRecord>;
    }
}

impl EventStore for DiscardStore {
    fn publish<'a>(&'a self, events: &'a [NewEvent], _: Now) -> Reply<'a, Vec<Published>> {
        done(self.discards.events(events))
    }

    refuse! {
        sequence(usize, Now) -> u64;
        event(EventId) -> Option<EventRecord>;
        events(u64, usize) -> Vec<EventRecord>;
        event_heads(u64, usize) -> Vec<EventHead>;
        events_at(&[u64]) -> Vec<EventRecord>;
        events_of_tree(JobId, usize) -> Vec<EventRecord>;
        await_events(WorkerId) -> bool;
        keep_events(Keep) -> ();
        renew_log(Now) -> u64;
        event_log() -> LogRecord;
    }
}

impl SubscriptionStore for DiscardStore {
    refuse! {
        put_subscription(&str, &Subscription, Start, Now) -> bool;
        remove_subscription(&str) -> bool;
        pause_subscription(&str, Now) -> bool;
        resume_subscription(&str) -> bool;
        subscription_requests(usize) -> Vec<SubscriptionRequest>;
        answer_request(u64, &RequestAnswer, Now) -> bool;
        subscriptions() -> Subscriptions;
        gaps() -> Vec<GapRecord>;
        unfinished(&[(u32, u32)]) -> Vec<u64>;
        have_jobs(&[JobId]) -> Vec<bool>;
        route(&Slice, Now) -> Routed;
        due_windows(&[u32], usize, Now) -> DueWindows;
        windows(u32) -> Vec<EventWindow>;
        close_windows(&Closing, Now) -> bool;
    }
}

impl SourceStore for DiscardStore {
    refuse! {
        declare_source(&str, &str, Now) -> ();
        hold_source(&Hold, Now) -> Holding;
        let_go_of_source(&str, u64) -> ();
        import(&ImportPage, Now) -> Imported;
        sources() -> Vec<SourceRecord>;
        source(&str) -> Option<SourceRecord>;
        source_gaps(&str, usize) -> Vec<SourceGap>;
        close_source_gaps(&str, Option<EventId>, Now) -> u64;
        pause_source(&str, Option<&str>, Now) -> bool;
        resume_source(&str, Now) -> bool;
        reset_source(&str, Reset<'_>, Now) -> bool;
        remove_source(&str) -> bool;
        quarantined(&str, u64, usize) -> Vec<QuarantineRecord>;
        release_quarantined(&str, &[Release], Now) -> Vec<bool>;
    }
}

impl StepStore for DiscardStore {
    refuse! {
        record_steps(&Fence, &[NewStep], Others, Now) -> Fenced;
        recall(&Fence, Now) -> Recalled;
        steps(JobId) -> Vec<StepRecord>;
    }
}

impl ProgressStore for DiscardStore {
    refuse! {
        report(&[Report], Now) -> Vec<Fenced>;
        last_checkpoint(&Fence) -> Option<Json>;
        progress(JobId) -> Option<ProgressRecord>;
        log(JobId, usize) -> Vec<LogLine>;
    }
}

impl LimitStore for DiscardStore {
    refuse! {
        set_limit(&Limit, SetBy, Option<&str>, Now) -> LimitSet;
        remove_limit(&LimitOn) -> bool;
        close_breaker(&LimitOn) -> bool;
        limits(Now) -> Vec<LimitRecord>;
    }
}

impl QueueStore for DiscardStore {
    fn bounds(&self) -> Reply<'_, Vec<QueueBound>> {
        done(Vec::new())
    }

    fn is_full<'a>(&'a self, _: &'a QueueBound) -> Reply<'a, bool> {
        done(false)
    }

    refuse! {
        pause(&Pause, Now) -> ();
        resume(&Scope, Now) -> bool;
        queues(Now) -> Vec<QueueRecord>;
        paused_kinds(Now) -> Vec<PausedKind>;
        bound(&QueueBound) -> ();
        unbound(&str) -> bool;
        age(&Aging) -> ();
        stop_aging(&str) -> bool;
        agings() -> Vec<Aging>;
        unserved(Now) -> Vec<Unserved>;
    }
}

impl WorkerStore for DiscardStore {
    refuse! {
        register(&Registration, Now) -> Vec<MinimumBuild>;
        heartbeat(WorkerId, Renewal, Now) -> Beat;
        leave(WorkerId, Now) -> ();
        quiet(WorkerId, Quiet, Now) -> bool;
        stop_worker(WorkerId, Now) -> bool;
        require_build(&MinimumBuild, Now) -> ();
        allow_builds(&str) -> bool;
        required_builds() -> Vec<RequiredBuild>;
        workers() -> Vec<WorkerRecord>;
    }
}

impl ScheduleStore for DiscardStore {
    refuse! {
        schedules() -> Vec<ScheduleRecord>;
        schedule(&str) -> Option<ScheduleRecord>;
        due_schedules(usize, Now) -> DueSchedules;
        put_schedules(&[SchedulePut], Now) -> Vec<bool>;
        fire(&[Firing], Now) -> Fired;
        pause_schedule(&str, Option<&str>, Now) -> bool;
        resume_schedule(&str, Now) -> bool;
        remove_schedule(&str, Now) -> bool;
    }
}

impl MaintenanceStore for DiscardStore {
    refuse! {
        sweep(WorkerId, Now) -> Swept;
        tidy(Now) -> Tidied;
    }
}

impl HealthStore for DiscardStore {
    refuse! {
        observe(&Thresholds, Now) -> Observed;
        lanes() -> Lanes;
    }
}

impl TokenStore for DiscardStore {
    refuse! {
        add_token(&Token, Now) -> bool;
        token(TokenDigest) -> Option<TokenRecord>;
        tokens() -> Vec<TokenRecord>;
        remove_token(&str) -> bool;
    }
}

impl UserStore for DiscardStore {
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

impl IdempotencyStore for DiscardStore {
    refuse! {
        begin_request(KeyedRequest, Now) -> Begun;
        end_request(KeyedRequest, &RequestEnd) -> ();
    }
}

impl AuditStore for DiscardStore {
    refuse! {
        add_act(&Act, Now) -> Entry;
        acts(&EntriesWanted) -> Vec<Entry>;
        acts_after(u64, usize) -> Vec<Entry>;
        audit_start() -> (u64, EntryDigest);
    }
}

impl EditStore for DiscardStore {
    refuse! {
        edit(&Edit, &Expected, Now) -> Edited;
    }
}

impl OperationStore for DiscardStore {
    refuse! {
        preview_operation(&NewOperation, usize, Now) -> Preview;
        start_operation(&NewOperation, Now) -> OperationRecord;
        operation(OperationId) -> Option<OperationRecord>;
        operations(Option<OperationId>, usize) -> Vec<OperationRecord>;
        operation_round(Which, usize, Now) -> Round;
        control_operation(OperationId, Control, Now) -> Controlled;
    }
}

impl AlertStore for DiscardStore {
    refuse! {
        alerts() -> Alerts;
        alert(&[AlertChange], u64, Now) -> bool;
        mute_alerts(&Mute, Now) -> ();
        unmute_alerts(&MuteName) -> bool;
        declare_mutes(&[String], Now) -> ();
    }
}

impl StatsStore for DiscardStore {
    refuse! {
        put_stats_part(&StatsPart, Now) -> ();
        stats_parts(usize, Kept, Now) -> PartsSeen;
        stats_rows(&StatsAsk, Now) -> StatsRows;
        fold_stats(&Fold) -> bool;
    }
}
