//! A payload type that is a job.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Draft, Fair, JobError, Lane, Limited, RetryPolicy, Subject, Unique};
use crate::handler::Isolation;
use crate::json::{Json, JsonError};
use crate::name::DEFAULT_QUEUE;

/// A payload type that is a job. Derive it:
///
/// ```ignore
/// #[derive(Serialize, Deserialize, Job)]
/// #[job(kind = "mail.welcome", queue = "mail", max_attempts = 8, timeout = "30s")]
/// struct Welcome { user_id: i64 }
/// ```
///
/// The kind is always written out: renaming the struct must not orphan stored jobs.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a job",
    label = "not a job",
    note = "derive it: `#[derive(Serialize, Deserialize, Job)] #[job(kind = \"…\")]`"
)]
pub trait Job: Serialize + DeserializeOwned + Send + 'static {
    /// What is to be done, such as `mail.welcome`. Handlers are found by it.
    const KIND: &'static str;
    /// The shape of the payload, raised when it changes incompatibly.
    const VERSION: u16 = 1;
    /// Where such jobs wait.
    const QUEUE: &'static str = DEFAULT_QUEUE;
    /// Smaller runs first.
    const PRIORITY: i16 = 0;
    /// Failures after which such a job is dead; 0 never gives up; `None` is the default of 25.
    const MAX_ATTEMPTS: Option<u16> = None;
    /// Worker deaths after which such a job is dead; 0 sets no limit; `None` is the default of 3.
    const MAX_LOSSES: Option<u16> = None;
    /// How long a handler may run; `None` is the default of 15 minutes.
    const TIMEOUT: Option<Duration> = None;
    /// How long a handler is expected to run; one that takes half as long again is told by `windlass doctor`, and goes on.
    const EXPECTED: Option<Duration> = None;
    /// How long after it is due such a job may start; `None` is for ever.
    const EXPIRES: Option<Duration> = None;
    /// Whether each attempt has a process of its own: `#[job(kind = "pdf.render", isolate = "process")]`.
    const ISOLATION: Isolation = Isolation::None;
    /// Words that such jobs are found by.
    const TAGS: &'static [&'static str] = &[];
    /// Fields that are not shown, by their paths, such as `card.number`: see [`FieldPath`](crate::redact::FieldPath). They are
    /// stored with each job.
    const REDACT: &'static [&'static str] = &[];

    /// What such a job takes of the rates that concern it; `None` is 1.
    const COST: Option<u16> = None;

    /// When a failed job of this kind is tried again. The derive takes a function that gives it:
    /// `#[job(kind = "crm.push", retry = crm_retry)]`; then the policy's own `max_attempts` holds.
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// # use windlass_core::job::{Backoff, RetryPolicy};
    /// fn crm_retry() -> RetryPolicy {
    ///     let rule = |failures| Duration::from_secs(7 * u64::from(failures));
    ///     RetryPolicy { backoff: Backoff::Custom(Arc::new(rule)), ..RetryPolicy::default() }
    /// }
    /// ```
    #[must_use]
    fn retry_policy() -> RetryPolicy {
        let default = RetryPolicy::default();
        let max_attempts =
            Self::MAX_ATTEMPTS.map_or(default.max_attempts, |limit| (limit > 0).then_some(limit));
        RetryPolicy { max_attempts, ..default }
    }

    /// What makes this job the only one of its kind; `None` where there may be many. The derive makes the key of
    /// fields: `#[job(kind = "crm.sync", unique(by = [user_id], until = "started"))]`.
    ///
    /// # Errors
    /// When the key cannot be written as JSON.
    fn unique(&self) -> Result<Option<Unique>, JsonError> {
        Ok(None)
    }

    /// What this job is about, and is found by. The derive takes fields:
    /// `#[job(kind = "crm.sync", subjects(customer = customer_id))]`.
    ///
    /// # Errors
    /// When a field cannot be written as JSON.
    fn subjects(&self) -> Result<Vec<Subject>, JsonError> {
        Ok(Vec::new())
    }

    /// The jobs it runs one after the other with; `None` where it has no lane. The derive makes the key of fields:
    /// `#[job(kind = "server.provision", lane(by = [server]))]`.
    ///
    /// # Errors
    /// When the key cannot be written as JSON.
    fn lane(&self) -> Result<Option<Lane>, JsonError> {
        Ok(None)
    }

    /// Whose turns it runs in: `#[job(kind = "img.thumbnail", fair(by = [tenant]))]`.
    ///
    /// # Errors
    /// When the key cannot be written as JSON.
    fn fair(&self) -> Result<Option<Fair>, JsonError> {
        Ok(None)
    }

    /// The key of which only so many run at once: `#[job(kind = "crm.push", limit(by = [account], running = 4))]`.
    ///
    /// # Errors
    /// When the key cannot be written as JSON.
    fn limited(&self) -> Result<Option<Limited>, JsonError> {
        Ok(None)
    }

    /// Turns args of an older version into this one; `None` where there is no way, and such
    /// jobs then wait, visibly, for a worker that knows their version.
    #[must_use]
    fn upgrade() -> Option<Upgrade<Self>> {
        None
    }

    /// This payload as a job, to be adjusted and enqueued.
    fn job(self) -> Draft<Self> {
        Draft::new(&self)
    }
}

/// Turns args of an older version into the present payload.
pub type Upgrade<J> = fn(version: u16, args: &Json) -> Result<J, JobError>;
