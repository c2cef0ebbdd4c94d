//! The store: every transition of the domain as one method, each one atomic over a batch.
//!
//! Two stores implement it, for SQLite and for PostgreSQL, held equal by one conformance suite.
//! [`Now`] is the database's clock; tests bind a moment of their own.

use std::time::Duration;

use serde::Serialize;

use crate::alert::AlertStore;
use crate::audit::AuditStore;
use crate::batch::BatchStore;
use crate::condition::ConditionStore;
use crate::discard::Discards;
use crate::edit::EditStore;
use crate::event::EventStore;
use crate::health::HealthStore;
use crate::idempotency::IdempotencyStore;
use crate::job::JobStore;
use crate::limit::LimitStore;
use crate::maintenance::MaintenanceStore;
use crate::operation::OperationStore;
use crate::progress::ProgressStore;
use crate::queue::QueueStore;
pub use crate::reply::{Now, Reply};
use crate::schedule::ScheduleStore;
use crate::source::SourceStore;
use crate::stats::StatsStore;
use crate::step::StepStore;
use crate::subscription::SubscriptionStore;
use crate::time::Timestamp;
use crate::token::TokenStore;
use crate::user::UserStore;
use crate::wake::Wakeups;
use crate::worker::WorkerStore;

/// What a store says about itself, for `doctor`.
#[derive(Debug, Clone, Serialize)]
pub struct Facts {
    /// Product and version, such as `PostgreSQL 15.19`.
    pub server: String,
    /// The schema's version in the database.
    pub schema_version: u32,
    /// The newest schema version this program knows.
    pub known_version: u32,
    /// Bytes of all tables and indexes, where it can be told.
    pub bytes: Option<u64>,
    /// The database's clock.
    pub now: Timestamp,
    /// Bytes of write-ahead log written since the database was made, where it can be told.
    pub log_bytes: Option<u64>,
    /// How a commit is made durable, such as `synchronous=FULL`.
    pub durability: String,
    /// Whether that is what a power cut needs.
    pub durable: bool,
    /// The age of the oldest snapshot that holds back clean-up, where it can be told, and whose
    /// it is.
    pub oldest_snapshot: Option<(Duration, String)>,
    /// Whether completed jobs are kept for their time, and not only counted.
    #[serde(skip)]
    pub keeps_completed: bool,
}

/// A store: what every noun asks of it.
pub trait Store:
    JobStore
    + ConditionStore
    + BatchStore
    + EventStore
    + SubscriptionStore
    + SourceStore
    + StepStore
    + ProgressStore
    + LimitStore
    + QueueStore
    + WorkerStore
    + ScheduleStore
    + MaintenanceStore
    + HealthStore
    + AlertStore
    + TokenStore
    + UserStore
    + IdempotencyStore
    + AuditStore
    + OperationStore
    + StatsStore
    + EditStore
    + Send
    + Sync
    + 'static
{
    /// What the store says about itself.
    fn facts(&self) -> Reply<'_, Facts>;

    /// The schema that the tables are in, where the database has schemas: what a caller's own
    /// transaction must name to reach them.
    fn schema(&self) -> &str;

    /// Hints that work has come, for workers in this process. They may be late or lost: a
    /// worker polls as well.
    fn wakeups(&self) -> &Wakeups;

    /// What it throws away, where it keeps nothing; no database does.
    fn discards(&self) -> Option<&Discards> {
        None
    }
}
