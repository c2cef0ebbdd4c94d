//! Types of the core as the API document shows them: texts with a format, words, and objects.
//!
//! The core knows nothing of OpenAPI, so that these stand in for its types. Tests hold the words equal, and every answer that
//! the tests get is held against the document.

#![expect(dead_code, reason = "a schema is all that is made of these")]

use utoipa::ToSchema;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = ($($schema:tt)*);)*) => {$(
        $(#[$doc])*
        #[derive(ToSchema)]
        #[schema(value_type = String, $($schema)*)]
        pub(crate) struct $name(String);
    )*};
}

texts! {
    /// A job's id: `job_` and 26 letters and digits.
    JobId = (pattern = "^job_[0-7][0-9A-HJKMNP-TV-Z]{25}$");
    /// The id of a batch or a workflow.
    BatchId = (pattern = "^bat_[0-7][0-9A-HJKMNP-TV-Z]{25}$");
    /// A moment in UTC, RFC 3339.
    Moment = (format = DateTime);
}

/// A job's state.
#[derive(ToSchema)]
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
#[derive(ToSchema)]
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

/// Why a schedule ran.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Cause {
    Due,
    Missed,
    Queued,
    Hand,
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
        let outcomes: Vec<_> = windlass::Outcome::ALL.iter().map(|one| json!(one)).collect();
        assert_eq!(words::<Outcome>(), Value::Array(outcomes));
    }
}
