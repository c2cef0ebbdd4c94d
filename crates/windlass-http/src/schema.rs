//! Types of the core as the API document shows them: texts with a format, words, and objects.
//!
//! The core knows nothing of OpenAPI, so that these stand in for its types. Tests hold the words equal, and every answer that
//! the tests get is held against the document.

#![expect(dead_code, reason = "a schema is all that is made of these")]

pub(crate) mod condition;
pub(crate) mod duplicate;
pub(crate) mod explanation;
pub(crate) mod health;
pub(crate) mod inside;

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = ($($schema:tt)*);)*) => {$(
        $(#[$doc])*
        #[derive(Serialize, ToSchema)]
        #[schema(value_type = String, $($schema)*)]
        pub(crate) struct $name(String);
    )*};
}

texts! {
    /// A job's id: `job_` and 26 letters and digits.
    JobId = (pattern = "^job_[0-7][0-9A-HJKMNP-TV-Z]{25}$");
    /// The id of a batch or a workflow.
    BatchId = (pattern = "^bat_[0-7][0-9A-HJKMNP-TV-Z]{25}$");
    /// An operation's id.
    OperationId = (pattern = "^op_[0-7][0-9A-HJKMNP-TV-Z]{25}$");
    /// An event's id.
    EventId = (pattern = "^evt_[0-7][0-9A-HJKMNP-TV-Z]{25}$");
    /// A worker's id, new at each start.
    WorkerId = (pattern = "^wkr_[0-7][0-9A-HJKMNP-TV-Z]{25}$");
    /// What a limit is set for: `queue:mail`, `kind:img.resize` or `key:crm`.
    LimitOn = (pattern = "^(queue|kind|key):");
    /// A moment in UTC, RFC 3339.
    Moment = (format = DateTime);
}

/// By which way an act came in.
#[derive(Serialize, ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Via {
    Api,
    Cli,
}

/// A job's state.
#[derive(Serialize, ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum State {
    Waiting,
    Scheduled,
    Available,
    Retryable,
    Running,
    Completed,
    Cancelled,
    Dead,
}

/// How an attempt ended.
#[derive(Serialize, ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Ok,
    Error,
    Timeout,
    Panic,
    Lost,
    Released,
    Snoozed,
    Cancelled,
    Expired,
    Discarded,
}

/// Until when a job holds its unique key.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Until {
    Started,
    Finished,
    Elapsed,
}

/// What happens to a job whose unique key is held.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum OnConflict {
    Keep,
    Replace,
    Reject,
}

/// What makes a job the only one of its kind.
#[derive(ToSchema)]
pub(crate) struct Unique {
    /// The key.
    key: String,
    /// Until when it holds the key.
    until: Until,
    /// With `elapsed`: for how long, in milliseconds.
    #[schema(required = false)]
    for_ms: Option<u64>,
    /// What happens to one that comes while the key is held.
    on_conflict: OnConflict,
}

/// What a dead job does to its lane.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum WhenDead {
    Skip,
    Block,
}

/// The jobs it runs one after the other with.
#[derive(ToSchema)]
pub(crate) struct Lane {
    /// Their key.
    key: String,
    /// What a dead job does; `skip` unless said.
    #[schema(required = false)]
    when_dead: WhenDead,
    /// Kinds whose waiting jobs it cancels.
    #[schema(required = false)]
    supersedes: Vec<String>,
    /// Kinds that refuse it while they are in the lane.
    #[schema(required = false)]
    refused_by: Vec<String>,
}

/// Whose turns it runs in.
#[derive(ToSchema)]
pub(crate) struct Fair {
    /// The key.
    key: String,
    /// Jobs in each turn; 1 unless said.
    #[schema(required = false)]
    weight: Option<u16>,
}

/// The key of which only so many run at once.
#[derive(ToSchema)]
pub(crate) struct Limited {
    /// The key.
    key: String,
    /// The limit's name; the kind unless said.
    #[schema(required = false)]
    name: Option<String>,
    /// How many, unless a limit of that name says otherwise.
    #[schema(required = false)]
    running: Option<u32>,
}

/// What a token is good for.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Scope {
    Read,
    Enqueue,
    Publish,
    Work,
    Operate,
    Admin,
}

/// Scopes that go together.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Role {
    Viewer,
    Operator,
    Admin,
}

/// The value of an extension attribute of CloudEvents.
#[derive(serde::Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Extension {
    Bool(bool),
    Integer(i32),
    Text(String),
}

/// What a subscription makes of an event.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// Its filter does not want it.
    Unwanted,
    /// It begins behind it.
    Before,
    /// It has not come so far.
    Waiting,
    /// It stands still before it.
    Paused,
    /// A job has come of it.
    Fed,
    /// It waits for others, to become a job with them.
    Gathered,
    /// It was fed, and the job of it and others is gone.
    Ended,
    /// It was told as a signal.
    Told,
    /// It was published once more.
    Published,
    /// It is too deep in its tree to be published once more.
    TooDeep,
}

/// Which events are wanted: those of one of these types for which all predicates hold; all events, where neither is given.
#[derive(ToSchema)]
pub(crate) struct Filter {
    /// Types, or patterns such as `order.*`.
    #[schema(required = false)]
    types: Vec<String>,
    #[schema(required = false)]
    all: Vec<Predicate>,
}

/// What must hold for an event. Attributes and members of its data (`data.path.to.member`) are told by their names.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Predicate {
    /// These are so: a text, a number, a boolean or null.
    Exact(BTreeMap<String, serde_json::Value>),
    /// These begin so.
    Prefix(BTreeMap<String, String>),
    /// These end so.
    Suffix(BTreeMap<String, String>),
    /// Each of these holds.
    #[schema(no_recursion)]
    All(Vec<Predicate>),
    /// One of these holds, or more.
    #[schema(no_recursion)]
    Any(Vec<Predicate>),
    /// This does not hold.
    #[schema(no_recursion)]
    Not(Box<Predicate>),
    /// This SQL expression of CloudEvents gives TRUE.
    Sql(String),
}

/// Whether each event becomes a job, or several together.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Each event becomes a job.
    Each,
    /// So many events become one job, or those of a time.
    Batch {
        /// The most events of one job.
        #[schema(minimum = 1, maximum = 1000)]
        most: u32,
        /// How long the first of them waits for the others at most, in microseconds.
        within_us: u64,
    },
    /// What has come by a moment becomes one job.
    Digest {
        /// A cron line, or `every 1h`, which is counted from the first event.
        #[schema(max_length = 256)]
        rule: String,
        /// The zone of a cron line; UTC unless given.
        #[schema(required = false)]
        zone: String,
    },
    /// Of the events of a time only the last becomes a job.
    Latest {
        /// How long, in microseconds.
        within_us: u64,
    },
}

/// A place in the log: `now`, `beginning`, a position, or a moment.
#[derive(serde::Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum EventStart {
    /// Behind this position.
    Position(u64),
    /// `now`, `beginning`, a position, or a moment in RFC 3339.
    Word(String),
}

/// Whether a source is read.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum SourceState {
    /// It is.
    Running,
    /// A person has paused it.
    Paused,
    /// It has met a gap, and is to stop at those.
    Stopped,
}

/// What a feed lacks.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Lack {
    /// Records that it does not have any more.
    Gap,
    /// It ends before what was read: it has begun again.
    Reset,
}

/// What is done where a feed has lost records that were not read.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum OnGap {
    /// Nothing more is imported until a person says so.
    Stop,
    /// It is noted, and the source goes on.
    Skip,
    /// The source goes on, and the gap stays open until somebody says that it is closed.
    Resync,
}

/// How a batch stands.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum BatchState {
    /// It is not sealed: more jobs may come, and it does not end.
    Open,
    /// Some of its jobs have not ended.
    Running,
    /// Jobs have failed, and all others wait: nothing goes on before somebody retries, waives or cancels.
    Blocked,
    /// All jobs are completed.
    Completed,
    /// All jobs have ended, some of them otherwise.
    Failed,
}

/// What an operation does to each of its jobs.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum OperationWord {
    Retry,
    Cancel,
    Move,
    Delete,
}

/// How an operation stands.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum OperationState {
    /// It goes through its jobs.
    Running,
    /// It waits until it is resumed.
    Paused,
    /// It has been through all of its jobs.
    Done,
    /// It was stopped before.
    Stopped,
    /// What it did is taken back.
    Undoing,
    /// That is over.
    Undone,
}

/// How a condition stands.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum ConditionState {
    /// What it waits for has not come.
    Open,
    /// It has come.
    Met,
    /// A person let the job pass.
    Waived,
    /// It will not come, and nobody waits for it.
    Withdrawn,
}

/// Why a schedule ran.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Cause {
    Due,
    Missed,
    Queued,
    Hand,
}

/// What happens to an enqueue to a queue that is full.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum WhenFull {
    /// It is refused.
    Error,
    /// It waits until there is room.
    Wait,
}

/// Who set something.
#[derive(Serialize, ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum SetBy {
    /// A program, when its worker started.
    Code,
    /// `windlass.toml`.
    Config,
    /// A person, or a program on a person's behalf.
    Person,
}

/// What happens to runs of a schedule that were missed.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Missed {
    /// They are counted, and nothing runs before the next one.
    None,
    /// One run stands for all of them.
    One,
    /// Each has its run, the newest 1,000 at most.
    All,
}

/// What happens at a due time while the schedule's last job has not ended.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Overlap {
    /// This run is left out, and counted.
    Skip,
    /// One run waits until the last job has ended; further ones are left out.
    Queue,
    /// It is enqueued beside the other.
    Allow,
}

/// Who decides what a schedule is.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Owner {
    /// A program that declares it when it starts.
    Code,
    /// A `windlass.toml`.
    Config,
    /// A person, or a program that puts it.
    Person,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use utoipa::PartialSchema;

    fn words<T: PartialSchema>() -> Value {
        let schema = serde_json::to_value(T::schema()).expect("a schema");
        schema["enum"].clone()
    }

    #[test]
    fn the_words_are_those_of_the_core() {
        let states: Vec<_> = windlass::State::ALL.iter().map(|state| json!(state)).collect();
        assert_eq!(words::<State>(), Value::Array(states));
        let scopes: Vec<_> = windlass::token::Scope::ALL.iter().map(|scope| json!(scope)).collect();
        assert_eq!(words::<Scope>(), Value::Array(scopes));
        let roles = windlass::user::Role::ALL.map(|role| json!(role.word()));
        assert_eq!(words::<Role>(), Value::Array(roles.to_vec()));
        let outcomes: Vec<_> = windlass::Outcome::ALL.iter().map(|one| json!(one)).collect();
        assert_eq!(words::<Outcome>(), Value::Array(outcomes));
    }
}
