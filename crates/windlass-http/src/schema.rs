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
    /// An event's id.
    EventId = (pattern = "^evt_[0-7][0-9A-HJKMNP-TV-Z]{25}$");
    /// A worker's id, new at each start.
    WorkerId = (pattern = "^wkr_[0-7][0-9A-HJKMNP-TV-Z]{25}$");
    /// What a limit is set for: `queue:mail`, `kind:img.resize` or `key:crm`.
    LimitOn = (pattern = "^(queue|kind|key):");
    /// A moment in UTC, RFC 3339.
    Moment = (format = DateTime);
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
        let outcomes: Vec<_> = windlass::Outcome::ALL.iter().map(|one| json!(one)).collect();
        assert_eq!(words::<Outcome>(), Value::Array(outcomes));
    }
}
