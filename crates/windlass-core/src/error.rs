//! What can go wrong between the engine and its store.

use std::error::Error;

use crate::id::{BatchId, JobId};
use crate::json::JsonError;
use crate::name::NameError;
use crate::schedule::ScheduleError;
use crate::time::Timestamp;

/// The cause below an error, kept whole.
pub type Source = Box<dyn Error + Send + Sync>;

/// Why a store did not do what it was asked.
///
/// The variants are the ones somebody acts on. `Unavailable`, `Unknown` and `DiskFull` may pass by themselves:
/// the engine backs off and tries again. Only `Unknown` leaves open whether the call happened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No such job, queue or worker.
    #[error("{what} does not exist")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// The thing is in a state that does not allow it.
    #[error("{what}")]
    Conflict {
        /// What stands in the way.
        what: String,
    },
    /// The key of a job that is to be unique is held by another, and its call was to be refused then:
    /// nothing was written.
    #[error("{kind} with the unique key `{}` is there already: {job}; nothing was written", .key.escape_debug())]
    Duplicate {
        /// The kind of both.
        kind: String,
        /// The key.
        key: String,
        /// The job that holds it.
        job: JobId,
    },
    /// A job is to wait for one that is not there: nothing was written.
    #[error("{job} waits for {awaited}, which does not exist, or was pruned: nothing was written")]
    NothingToAwait {
        /// The job that was refused.
        job: JobId,
        /// The job that is not there.
        awaited: JobId,
    },
    /// A job is to be in a batch, or waits for one, that is not there: nothing was written.
    #[error(
        "{batch} does not exist, or was pruned: {job} was not written, nor anything else of its call"
    )]
    NoBatch {
        /// The job that was refused.
        job: JobId,
        /// The batch.
        batch: BatchId,
    },
    /// A job came for a batch that has ended: nothing was written.
    #[error(
        "{batch} has ended and takes no more jobs: {job} was not written, nor anything else of its call"
    )]
    BatchEnded {
        /// The job that was refused.
        job: JobId,
        /// The batch.
        batch: BatchId,
    },
    /// There is a batch or a workflow with this key: nothing was written.
    #[error("there is {}; nothing was written", the_batch(.key, *.batch))]
    BatchExists {
        /// The key; empty where it is the same batch, which was started before.
        key: String,
        /// The batch that has it.
        batch: BatchId,
    },
    /// The queue has a bound and no room; nothing was written.
    #[error("queue {queue} is full: {limit} of its jobs wait for a worker; nothing was written")]
    QueueFull {
        /// The queue.
        queue: String,
        /// How many of its jobs may be available.
        limit: u64,
    },
    /// Another job of the lane is of a kind that refuses this one: nothing was written.
    #[error("{kind} is refused in the lane `{}` while {other} is there: {job}; nothing was written", .lane.escape_debug())]
    LaneRefused {
        /// The kind that was refused.
        kind: String,
        /// The lane.
        lane: String,
        /// The kind of the other.
        other: String,
        /// The other job.
        job: JobId,
    },
    /// The lease is no longer held; nothing was written.
    #[error("the lease was lost: job {job} was given to another worker; nothing was written")]
    LeaseLost {
        /// The job whose write was refused.
        job: JobId,
    },
    /// The input cannot be stored; nothing was written.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database cannot be reached or is shutting down. It did not happen.
    #[error("the database cannot be reached: {reason}")]
    Unavailable {
        /// What the driver said.
        reason: String,
    },
    /// The connection broke after the request was sent: it may or may not have happened.
    #[error(
        "the connection broke before the answer came, so it may or may not have happened: {reason}"
    )]
    Unknown {
        /// What the driver said.
        reason: String,
    },
    /// The database's disk is full. It did not happen.
    #[error("the database's disk is full: {reason}")]
    DiskFull {
        /// What the database said.
        reason: String,
    },
    /// The database cannot serve as a store: wrong version, newer schema, read-only, no rights.
    #[error("{reason}")]
    Unusable {
        /// What is wrong and what to do.
        reason: String,
        /// Which exit code says so.
        kind: Unusable,
    },
    /// A row has a value that nothing here wrote.
    #[error("{table}.{column} of {row} has a value that cannot be read: {value}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's id.
        row: String,
        /// The value.
        value: String,
    },
    /// Anything else the database refused.
    #[error("the database refused: {0}")]
    Backend(#[source] Source),
}

/// Why a database cannot serve as a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unusable {
    /// The URL or its options make no sense.
    Url,
    /// The schema is newer than this program, or is not there.
    Schema,
    /// The database server or library is of an unsuitable version, or only a replica.
    Server,
    /// Rights are missing.
    Rights,
}

/// The batch that is there already, for people.
fn the_batch(key: &str, batch: BatchId) -> String {
    match key {
        "" => format!("the batch {batch}, which was started before"),
        key => format!("a batch with the key `{}`: {batch}", key.escape_debug()),
    }
}

impl StoreError {
    /// Whether trying again later can help without anybody doing anything.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Unknown { .. } | Self::DiskFull { .. })
    }

    /// A job that does not exist.
    #[must_use]
    pub fn no_job(id: JobId) -> Self {
        Self::NotFound { what: format!("job {id}") }
    }
}

/// Why a job was refused at enqueue. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Its args.
    #[error("args refused: {0}")]
    Args(#[from] JsonError),
    /// The output of a job that is finished in a transaction of its handler's.
    #[error("output refused: {0}")]
    Output(#[source] JsonError),
    /// The data of an event, or what else it is made of.
    #[error("an event's data refused: {0}")]
    Data(#[source] JsonError),
    /// Its kind's or queue's name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Jobs or events of one call that belong to two stores: no transaction crosses stores.
    #[error(
        "one call has {what} for two stores, {one} and {other}, and no transaction crosses stores: make one call for each store"
    )]
    TwoStores {
        /// `jobs` or `events`.
        what: &'static str,
        /// The store of the first one.
        one: String,
        /// The store of another one.
        other: String,
    },
    /// A number that no store can keep.
    #[error("{what} of {number} is above the limit of {limit}")]
    Number {
        /// `version` or `max_attempts`.
        what: &'static str,
        /// The number.
        number: u16,
        /// The limit.
        limit: u16,
    },
    /// A NUL character, which PostgreSQL cannot keep.
    #[error("{what} has a NUL character at byte {at}: it cannot be stored; leave it out")]
    Nul {
        /// `origin` or `traceparent`.
        what: &'static str,
        /// Bytes before it.
        at: usize,
    },
    /// A key that is empty or too long.
    #[error("{what} has 1 to {limit} bytes, this one {bytes}")]
    Key {
        /// Which key, such as `a lane's key`.
        what: &'static str,
        /// How many it has.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A unique key that would be held for no time, or for longer than a store can keep.
    #[error("a unique key is held for a millisecond at least and 100 years at most")]
    Period,
    /// A token that is good for nothing.
    #[error("a token needs at least one scope: read, enqueue, publish, work, operate or admin")]
    NoScope,
    /// Patterns that are too many, too long or empty.
    #[error(
        "a token has at most {limit} patterns of queues, of kinds, and tags, of 1 to 100 bytes each"
    )]
    Patterns {
        /// How many there may be.
        limit: usize,
    },
    /// A filter of an operation that cannot be kept as its text.
    #[error(
        "an operation's filter has up to {limit} bytes, and no commas or blanks inside of a value"
    )]
    OperationFilter {
        /// How many bytes it may have.
        limit: usize,
    },
    /// A bound that lets nothing in.
    #[error("a queue's bound is one job at least")]
    Bound,
    /// A time of aging that is too short or too long.
    #[error("the jobs of a queue age by one each second at most and each 30 days at least")]
    Aging,
    /// A time to live that is nothing, or longer than a store can keep.
    #[error("a job expires a millisecond after it is written at least and 100 years at most")]
    Expiry,
    /// A job that expires before it is due.
    #[error("it expires at {expires_at} and is due at {due}: it would never run")]
    ExpiresBeforeDue {
        /// When it expires.
        expires_at: Timestamp,
        /// When it is due.
        due: Timestamp,
    },
    /// A schedule that cannot be used.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// More tags and subjects than a job may have.
    #[error("a job has up to {limit} tags and subjects, this one {tags}")]
    Tags {
        /// How many it has.
        tags: usize,
        /// The limit.
        limit: usize,
    },
    /// A subject's id that is empty or too long.
    #[error("the id of a subject of type {kind} has 1 to {limit} bytes, this one {bytes}")]
    SubjectId {
        /// Its type.
        kind: String,
        /// How many its id has.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Too many conditions, or none.
    #[error("a job waits for 1 to {limit} conditions, this one for {conditions}")]
    Conditions {
        /// How many it has.
        conditions: usize,
        /// The limit.
        limit: usize,
    },
    /// More conditions needed than there are, or none.
    #[error("{needed} of {conditions} conditions cannot be needed: 1 to {conditions} can")]
    Needed {
        /// How many are needed.
        needed: usize,
        /// How many there are.
        conditions: usize,
    },
    /// Two conditions with one name.
    #[error("two conditions have the name `{}`: each of a job has its own", .name.escape_debug())]
    ConditionTwice {
        /// The name.
        name: String,
    },
    /// An end that no job has.
    #[error("the condition `{}` waits for a job to end in no way: completed, cancelled, dead or any", .name.escape_debug())]
    EndsInNoWay {
        /// The condition.
        name: String,
    },
    /// A deadline that has passed, or is too far away.
    #[error("a job waits for a microsecond at least and 100 years at most")]
    WaitDeadline,
    /// Something that must come, added to conditions of which some suffice.
    #[error(
        "a job that waits for some of its conditions cannot also wait `after` a step, a job or a batch: it would run without it"
    )]
    MixedWaits,
    /// A job that is cancelled where one of its conditions cannot be met, though fewer would do.
    #[error(
        "a job that is cancelled when a condition cannot be met waits for all of them: leave out one of the two"
    )]
    CancelledThoughEnough,
    /// Two steps of a workflow with one name.
    #[error("two steps have the name `{}`: each of a workflow has its own", .step.escape_debug())]
    StepTwice {
        /// The name.
        step: String,
    },
    /// A step after one that is not there.
    #[error("the step `{}` comes after `{}`, which is not a step of the workflow", .step.escape_debug(), .other.escape_debug())]
    UnknownStep {
        /// The step.
        step: String,
        /// What it names.
        other: String,
    },
    /// Steps that wait for each other.
    #[error("the steps wait for each other: {}; none of them would run", .steps.join(" → "))]
    Cycle {
        /// The steps in the order in which they would have to run; the first is the last too.
        steps: Vec<String>,
    },
    /// More conditions between steps than one call may write.
    #[error(
        "a workflow has up to {limit} conditions between its steps, this one {edges}: split it, the second part waiting for the first"
    )]
    Edges {
        /// How many it has.
        edges: usize,
        /// The limit.
        limit: usize,
    },
    /// A batch without jobs.
    #[error("a batch has a job at least: open it where they come later")]
    EmptyBatch,
    /// A schedule's job in a batch: each of its jobs would be in the same one.
    #[error("a schedule's job cannot be in a batch: have its handler start one")]
    ScheduledMember,
    /// A schedule's job with conditions: they would be the same for each of its jobs.
    #[error("a schedule's job cannot wait for conditions: have its handler enqueue one that does")]
    ScheduledWait,
    /// A job that waits for its own end.
    #[error("{job} waits for itself: it would never run")]
    WaitsForItself {
        /// The job.
        job: JobId,
    },
    /// A job that waits for one that comes behind it in the same call.
    #[error("{job} waits for {other}, which comes later in the same call: put it behind")]
    WaitsForLater {
        /// The job that waits.
        job: JobId,
        /// The other one.
        other: JobId,
    },
    /// A character in a subject's id that no filter could name.
    #[error(
        "subject `{}` has the character {found:?}: an id has no blanks, commas and control characters",
        .subject.escape_debug()
    )]
    SubjectCharacter {
        /// The subject.
        subject: String,
        /// The character.
        found: char,
    },
    /// A key with the character that stands between keys.
    #[error("{what} has the character U+001F at byte {at}: it cannot be stored; leave it out")]
    Separator {
        /// Which key.
        what: &'static str,
        /// Bytes before it.
        at: usize,
    },
    /// A number that makes no sense, such as a limit of 0.
    #[error("{what} of {number} is outside of 1 to {limit}")]
    Range {
        /// What the number says.
        what: &'static str,
        /// The number.
        number: u64,
        /// The largest that does.
        limit: u64,
    },
    /// A mark that names no field.
    #[error(
        "`{}` is not the path of a field that can be marked: names with dots between, such as card.number",
        .mark.escape_debug()
    )]
    Mark {
        /// The mark.
        mark: String,
    },
    /// A limit without any.
    #[error("a limit says how many run, a rate or when to break")]
    LimitsNothing,
    /// A time of a limit that makes no sense.
    #[error("{what} is a millisecond at least and a day at most")]
    LimitPeriod {
        /// Which time.
        what: &'static str,
    },
    /// Reserved places in the limit of a kind or a key.
    #[error(
        "only the limit of a queue reserves places for kinds, not that of {on}: set it for queue:NAME"
    )]
    ReservedOutsideQueue {
        /// What it would be set for.
        on: String,
    },
    /// Reserved places where not said of how many.
    #[error("places are reserved of those of a limit: say how many run at once too")]
    ReservedOfNothing,
    /// More places reserved than there are.
    #[error(
        "{reserved} reserved places are more than the {running} that may run: reserve fewer, or let more run"
    )]
    ReservedTooMany {
        /// All that are reserved.
        reserved: u64,
        /// The limit.
        running: u32,
    },
    /// Places reserved for too many kinds.
    #[error("a limit reserves places for more kinds than {limit}")]
    ReservedKinds {
        /// The limit.
        limit: usize,
    },
    /// A lane and turns by another key, or the same.
    #[error("a job has a lane or `fair`, not both: lanes have turns without it")]
    LaneAndFair,
    /// A lane's rules that name too many kinds.
    #[error("a lane's rules name more kinds than {limit}")]
    LaneKinds {
        /// The limit.
        limit: usize,
    },
    /// A text that is not a build with a version.
    #[error(
        "`{}` is not a minimum build: expected a program's name and a version of numbers, such as `shop 2.14.0`",
        .build.escape_debug()
    )]
    Build {
        /// The text.
        build: String,
    },
    /// Minimum builds of more programs than workers are told of.
    #[error("there are minimum builds of {limit} programs already; remove one of them first")]
    Builds {
        /// The limit.
        limit: usize,
    },
    /// A text with more characters than it may have.
    #[error("{what} of {chars} characters is above the limit of {limit}")]
    Long {
        /// Which text.
        what: &'static str,
        /// How many it has.
        chars: usize,
        /// The limit.
        limit: usize,
    },
    /// It is too deep in a tree of jobs and events, which is likely a loop.
    #[error(
        "{parent} is {depth} deep in its tree, where {limit} is the limit: a handler that enqueues or publishes what leads to itself makes a loop; see `windlass trace {parent}`"
    )]
    Depth {
        /// The job whose handler enqueues or publishes.
        parent: JobId,
        /// How deep it is.
        depth: u16,
        /// The limit.
        limit: u16,
    },
    /// A mode of a subscription that cannot be.
    #[error("the mode of a subscription cannot be used: {reason}")]
    Mode {
        /// What is wrong with it.
        reason: String,
    },
    /// A subscription that makes no jobs says what belongs to jobs.
    #[error("{what} is of jobs, and this subscription makes none")]
    NoJobs {
        /// What it says.
        what: &'static str,
    },
    /// A subscription takes the events that it makes.
    #[error(
        "a subscription that publishes {event_type} and takes every {event_type} would go on for ever: its filter must leave them out"
    )]
    OwnOutput {
        /// Their type.
        event_type: String,
    },
    /// An event of a type of Windlass's own.
    #[error(
        "an event of type {event_type} cannot be published: by types that begin with `windlass.` Windlass alone tells of itself"
    )]
    OwnType {
        /// The type.
        event_type: String,
    },
    /// Too many events in one call.
    #[error("{events} events in one call are above the limit of {limit}")]
    ManyEvents {
        /// How many there were.
        events: usize,
        /// The limit.
        limit: usize,
    },
    /// The name of an event's extension attribute.
    #[error(
        "an event has no extension {name:?}: a name has 1 to 20 lower-case letters and digits, and is none of CloudEvents' own"
    )]
    Extension {
        /// The name.
        name: String,
    },
    /// Too many jobs in one call.
    #[error("{jobs} jobs in one call are above the limit of {limit}")]
    Many {
        /// How many there were.
        jobs: usize,
        /// The limit.
        limit: usize,
    },
    /// An enqueue layer said no.
    #[error("refused by {layer}: {reason}")]
    Layer {
        /// The layer's name.
        layer: &'static str,
        /// Its reason.
        reason: String,
    },
}
