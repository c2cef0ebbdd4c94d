//! Durable background jobs in the database an application already has.
//!
//! A job is enqueued in the application's own transaction, survives whatever happens next, and
//! runs at least once, fenced: a worker that lost its lease can write nothing. Embedded SQLite by
//! default, PostgreSQL when one machine is no longer enough; the same semantics on both.
//!
//! ```no_run
//! use serde::{Deserialize, Serialize};
//! use windlass::prelude::*;
//!
//! #[derive(Serialize, Deserialize, Job)]
//! #[job(kind = "mail.welcome", queue = "mail", max_attempts = 8, timeout = "30s")]
//! struct Welcome {
//!     user_id: i64,
//! }
//!
//! struct App {
//!     greeting: String,
//! }
//!
//! async fn welcome(job: Welcome, cx: Context<App>) -> Result<String, JobError> {
//!     Ok(format!("{} {}", cx.app().greeting, job.user_id)) // any error, through `?`: try again
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let store = windlass::open("sqlite:app.db").await?; // later "postgres://…"; nothing else changes
//!     let client = Client::new(store.clone());
//!     let job = client.enqueue(Welcome { user_id: 42 }).await?.id();
//!
//!     let app = App { greeting: "hello".into() };
//!     let worker = Worker::new(store, app).handle_fn(welcome).start().await?;
//!     println!("{:?}", client.ended(job).await?.output); // Some("hello 42")
//!     worker.stop().await;
//!     Ok(())
//! }
//! ```
//!
//! An event becomes a job for each [`subscription`] that wants it: see [`mod@event`].
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `sqlite` (default) | the embedded store, SQLite compiled in |
//! | `postgres` | the PostgreSQL store, with TLS |
//! | `rusqlite` | enqueue on a `rusqlite::Connection` or `Transaction`, finish in a transaction |
//! | `tokio-postgres-0_7` | the same on a `tokio_postgres::Client` or `Transaction` |
//! | `sqlx-0_8-postgres`, `sqlx-0_9-postgres`, `sqlx-0_9-sqlite` | the same on sqlx connections, transactions and pools |
//! | `log-layer` | `windlass::log_layer`: what handlers log through `tracing` is kept with their jobs |
//! | `encryption` | [`mod@encryption`]: args of jobs are encrypted at rest |
//! | `testing` | `windlass::testing`: a store for tests of applications |

mod adapter;
#[cfg(feature = "encryption")]
pub mod encryption;
#[cfg(feature = "log-layer")]
mod log_layer;
mod open;
pub mod stores;
#[cfg(all(feature = "testing", any(feature = "sqlite", feature = "postgres")))]
pub mod testing;
mod transaction;
pub use windlass_core::client::{Client, EnqueueLayer, EnqueuePipeline, Parent};
pub use windlass_core::context::{AttemptContext, Context};
#[cfg(unix)]
pub use windlass_core::engine::is_isolated;
pub use windlass_core::engine::{
    AfterFailure, Event, Failure, FailureCause, Health, InlineWorker, Options, Ran, RunningWorker,
    StartError, Stats, StopReport, Worker,
};
pub use windlass_core::error::{Refusal, StoreError, Unusable};
pub use windlass_core::handler::{
    Chunk, Chunks, Handler, HandlerFn, HandlerFuture, HandlerLayer, Hooked, Hooks, Isolation, Next,
    Policy, Registered, Run,
};
pub use windlass_core::id::{BatchId, EventId, JobId, LeaseId, OperationId, WorkerId};
pub use windlass_core::job::{
    Attempt, Backoff, Decided, Decision, Draft, Enqueued, Fair, IntoDraft, Job, JobError,
    JobRecord, Lane, Limited, NewJob, Outcome, RetryPolicy, State, Subject, Unique, WhenDead,
};
pub use windlass_core::json::Json;
pub use windlass_core::limit::{Limit, LimitOn};
#[cfg(unix)]
#[doc(hidden)]
pub use windlass_core::process;
pub use windlass_core::schedule::{Missed, Overlap, Schedule};
pub use windlass_core::time::Timestamp;
pub use windlass_core::{limit, limits, name, queue, worker};
pub use windlass_macros::{Event, Job};

/// Handlers that take many jobs at a time.
pub mod chunk {
    pub use windlass_core::handler::{
        Chunk, ChunkFn, ChunkFuture, ChunkHandler, ChunkItem, Chunks, Item,
    };
}

/// What a [`Client`] takes and answers about jobs, and what a store is told of them.
pub mod job {
    pub use windlass_core::engine::{verdict_of, verdict_of_timeout};
    pub use windlass_core::job::{
        AfterLoss, Batch, BreakerLook, Busy, Cancelled, Cipher, ClaimRequest, Claimed, Completion,
        Counts, Due, Duplicate, DuplicateAnswer, Duplicates, Encrypted, ErrorGroup, ErrorGroups,
        Expires, Explanation, Fence, Fenced, Field, Filter, Fingerprint, Gate, HOURS, HandlerKey,
        HeldBack, Identity, InHand, InHandOf, InLine, JobHead, JobStore, KindLimits, LaneFirst,
        LaneLook, Lead, LimitLook, LimitOf, Look, Loss, Meta, MetaFields, Moved, Next, OnConflict,
        Owner, Page, ParseFingerprintError, ParseStateError, ParseSubjectError, Passage, Paused,
        Retried, Settled, Settlement, Share, Standing, Step, TRANSITIONS, Term, TurnLook,
        Undecryptable, Until, Upgrade, Verb, Verdict, WorkerPattern, attempt_limit, is_encrypted,
        is_transition, loss_limit,
    };
}

/// The filters of jobs and events: their grammar, how far a look for what matches goes, and what it has found. What the terms are
/// is said by [`job::Filter`] and [`event::Filter`].
pub mod filter {
    pub use windlass_core::client::{Count, Effort};
    pub use windlass_core::filter::{
        Bound, Found, JobCount, Looked, Moment, ParseFilterError, ParseMomentError, Path, Scalar,
    };
}

/// What is not shown: [`Redaction`](redact::Redaction), and records in which it is hidden.
pub mod redact {
    pub use windlass_core::redact::{FieldPath, REDACTED, Redaction, RedactionError, Shown};
}

/// Jobs that belong together: [`Batch`](batch::Batch), and what runs once all of them have ended.
pub mod batch {
    pub use windlass_core::batch::{
        Batch, BatchCounts, BatchFilter, BatchRecord, BatchState, BatchStore, Begins, IntoBatch,
        MemberRecord, Membership, Sealed, Started, Step, Workflow, WorkflowRecord, WorkflowStep,
    };
}

/// What jobs wait for: [`Waits`](condition::Waits) and [`Signal`](condition::Signal).
pub mod condition {
    pub use windlass_core::condition::{
        Awaited, Condition, ConditionRecord, ConditionState, Deadline, Ends, Overdue, Signal,
        SignalAnswer, SignalRecord, Signalled, Waits, Waived,
    };
}

/// Events: facts that are published in the transaction that makes them true, with [`Client::publish`](crate::Client::publish) or
/// `client.within(&mut tx).publish(…)`. They are kept in one log, in the order of their positions; an
/// [`EventRecord`](event::EventRecord) is one of it.
pub mod event {
    pub use windlass_core::event::{
        CloudEvent, CloudEventBody, Cursor, DEFAULT_SOURCE, DecodeError, EventHead, EventMeta,
        EventRecord, EventStore, EventType, Extension, Field, Filter, IntoEvent, Keep, LogRecord,
        NewEvent, Published, StrictSource, Term, Upgrade, claim,
    };
}

/// Which events are wanted, and what comes of them: each event that the [`Filter`](subscription::Filter) of a
/// [`Subscription`](subscription::Subscription) wants becomes a job, whose args are the event's data.
pub mod subscription {
    pub use windlass_core::subscription::{
        Answer, AttributeValue, Backtest, Beside, Closed, Closing, Decision, DueWindows,
        EventExplanation, EventKey, EventKeyError, EventSummary, EventTarget, EventView,
        EventWindow, Explanation, Fed, Feed, Filter, FilterBuilder, FilterError, GapRecord,
        Gathering, JobTarget, Looked, Mode, Pace, ParsePaceError, ParseTypeError, Progress, Reach,
        Replay, ReplayPreview, RequestAnswer, RequestedChange, Routed, Router, SeenTypes, Slice,
        Span, SqlError, Start, Subscription, SubscriptionExplanation, SubscriptionRecord,
        SubscriptionRequest, SubscriptionStore, Subscriptions, Target, Together, TypeIndex,
        TypePattern, TypeRecord, Verified, VerifiedSubscription, event_of, job_of, undoing,
    };
}

/// What Windlass tells of itself, as events: which there are, which last, and what is muted.
pub mod alert {
    pub use windlass_core::alert::{
        AlertChange, AlertRecord, AlertStore, AlertType, Alerted, Alerts, Fact, Mute, MuteError,
        MuteName, MuteRecord, NewAlert, OWN_SOURCE, Watch, is_own, own_id,
    };
}

/// Where events come from that somebody else keeps: an [`Upstream`](source::Upstream) that a
/// [`Worker::source`](crate::Worker::source) reads, each record once.
pub mod source {
    pub use windlass_core::source::{
        Asked, Behind, Ends, GAP_EVENT, Held, Hold, Holding, ImportPage, Imported, Judged, Lack,
        NewGap, Numbers, OnGap, Page, ParseWordError, Position, QuarantineRecord, Quarantined,
        Read, Record, Reimported, Release, Reset, Said, SourceGap, SourceOptions, SourceRecord,
        SourceState, SourceStore, Stop, Unreadable, Upstream, UpstreamError, judge,
    };
}

/// What is not as it should be: [`Overview`](health::Overview) and [`problems`](health::problems).
pub mod health {
    pub use windlass_core::health::{
        Aspect, Counted, Dead, Failing, HealthStore, LaneBlocked, LaneSeen, Lanes, Observed,
        Overview, Parked, Problem, Ready, RunningJob, StuckJob, Thresholds, problems, unserved,
    };
}

/// Why a text cannot be stored as [`Json`].
pub mod json {
    pub use windlass_core::json::{JsonError, storable_text};
}

/// What a handler has done so far: [`AttemptContext::step`], and how a store keeps it.
pub mod step {
    pub use windlass_core::context::StepSet;
    pub use windlass_core::step::{
        NewStep, Others, Recalled, StepForm, StepRecord, StepRefusal, StepStore, StepUpgrade,
        Until, WaitEnd, behind,
    };
}

/// Operations: one change of many jobs, found by a filter, that can be watched, paused, stopped and undone.
pub mod operation {
    pub use windlass_core::operation::{
        Action, Control, Controlled, NewOperation, OperationRecord, OperationState, OperationStore,
        Preview, Progress, Round, Skipped, Which, Why,
    };
}

/// Stats: how many jobs came, started and ended, and how long they waited and ran, summed up over time.
pub mod stats {
    pub use windlass_core::stats::{
        By, Counts, Depth, DepthRow, DepthSeries, Fold, Folded, Gather, Histogram, Kept,
        LONG_ERROR, Measures, OTHERS, PartSeen, PartsSeen, Resolution, SHORT_ERROR, Series,
        StatsAsk, StatsPart, StatsQuery, StatsReport, StatsRow, StatsRows, StatsStore, Step, fold,
        of_verdict,
    };
}

/// What a running attempt says of itself, and how a store keeps it.
pub mod progress {
    pub use windlass_core::progress::{
        Level, LogLine, NewLogLine, Progress, ProgressRecord, ProgressStore, Report,
    };
}

/// Schedules: jobs that are enqueued again and again.
pub mod schedule {
    pub use windlass_core::schedule::{
        Cause, Declaration, Declared, Definition, DueSchedules, FireRound, Fired, Firing, Missed,
        NextRun, Occurrence, Overlap, Owner, RanNow, Schedule, ScheduleError, SchedulePut,
        ScheduleRecord, ScheduleStore, Timetable, Timing, UTC, check_declared, declare, fire_due,
    };
}

/// What has come of what, across jobs and events: [`Client::trace`].
pub mod trace {
    pub use windlass_core::trace::{Member, MemberId, Trace, What};
}

/// Which acts people have done over HTTP and by the command line.
pub mod audit {
    pub use windlass_core::audit::{
        Act, AuditStore, Broken, Chain, EntriesWanted, Entry, EntryDigest, Via,
    };
}

/// Changes of what people edit, made only if it still is as it was seen.
pub mod edit {
    pub use windlass_core::edit::{Edit, EditStore, Edited, Edition, Expected, Object, Wanted};
}

/// Requests that may come twice.
pub mod idempotency {
    pub use windlass_core::idempotency::{
        Answer, Begun, IdempotencyStore, KeyedRequest, RequestEnd, RequestKey,
    };
}

/// Who may use the HTTP API of a store, and for what.
pub mod token {
    pub use windlass_core::token::{
        Grant, GrantChange, ParseScopeError, Scope, Token, TokenDigest, TokenRecord, TokenStore,
    };
}

/// People who sign in, and their sessions.
pub mod user {
    pub use windlass_core::user::{
        OwnPassword, ParseRoleError, PasswordHash, Role, Session, SessionRecord, User, UserChange,
        UserRecord, UserStore,
    };
}

/// All that a store holds, as rows: what backups and moves are made of. [`open_archive`] opens one.
pub mod archive {
    pub use windlass_core::archive::{
        Archive, Column, Fence, Form, Onto, Origin, PAGE_BYTES, PAGE_ROWS, Page, Reached,
        ReadArchive, Row, Standing, TABLES, Table, Value, WriteArchive, digest, line,
    };
}

/// Questions in SQL to the views for people: [`ask`] and [`views`].
pub mod question {
    pub use windlass_core::question::{
        Answer, Counting, Question, Rest, Unanswered, VIEWS, Value, View,
    };
}

/// A standby that answers reads, and how old its answers are: [`open_standby`].
pub mod standby {
    pub use windlass_core::standby::{Follow, LogPlace, ReadOnly, Standby, Standing};
}

/// The store, as the engine and the client see it.
pub mod store {
    pub use windlass_core::discard::{DiscardStore, Discarded, Discards};
    pub use windlass_core::store::{Facts, Now, Reply, Store};
    pub use windlass_core::wake::{WakeHandle, Wakeups};
}

/// Durations and moments as text; a moment is a [`Timestamp`].
pub mod time {
    pub use windlass_core::time::{
        ParseDurationError, ParseTimestampError, micros, parse_duration, written,
    };
}

#[cfg(feature = "log-layer")]
pub use log_layer::{LogLayer, log_layer};

#[cfg(feature = "tokio-postgres-0_7")]
pub use adapter::tokio_postgres::PreparedEnqueue;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use open::counting;
pub use open::{
    ask, migrate, open, open_archive, open_checked, open_standby, views, wait_closed,
    without_password,
};
#[cfg(feature = "postgres")]
pub use transaction::in_schema;
pub use transaction::{
    ClientExt, ContextExt, EnqueueBlockingOn, EnqueueOn, FinishBlockingOn, FinishOn, Within,
};

/// What most programs need, in one line.
pub mod prelude {
    pub use crate::progress::Level;
    pub use crate::{Client, ClientExt, Context, ContextExt, Job, JobError, JobId, Run, Worker};
}
