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
//! impl Run<App> for Welcome {
//!     type Output = String;
//!
//!     async fn run(self, cx: &Context<App>) -> Result<String, JobError> {
//!         Ok(format!("{} {}", cx.app().greeting, self.user_id))
//!     }
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let store = windlass::open("sqlite:app.db").await?; // later "postgres://…"; nothing else changes
//! let client = Client::new(store.clone());
//! Welcome { user_id: 42 }.job().enqueue(&client).await?;
//!
//! let app = App { greeting: "hello".into() };
//! let worker = Worker::new(store, app).handle::<Welcome>().queue("mail", 20).start().await?;
//! worker.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `sqlite` (default) | the embedded store, SQLite compiled in |
//! | `postgres` | the PostgreSQL store, with TLS |
//! | `rusqlite` | enqueue on a `rusqlite::Connection` or `Transaction`, finish in a transaction |
//! | `tokio-postgres-0_7` | the same on a `tokio_postgres::Client` or `Transaction` |
//! | `sqlx-0_9-postgres`, `sqlx-0_9-sqlite` | the same on sqlx connections and transactions |

mod adapter;
mod open;
#[cfg(feature = "postgres")]
mod schema;
mod target;
pub use windlass_core::client::{Client, EnqueueLayer};
pub use windlass_core::context::Context;
pub use windlass_core::engine::{
    Event, Health, Options, RunningWorker, StartError, Stats, StopReport, Worker,
};
pub use windlass_core::error::{Refusal, StoreError, Unusable};
pub use windlass_core::handler::{Handler, HandlerFuture, Policy, Registered, Run};
pub use windlass_core::id::{JobId, WorkerId};
pub use windlass_core::job::{
    Attempt, Backoff, Decision, Draft, Enqueued, Job, JobError, JobRecord, NewJob, Outcome,
    RetryPolicy, State,
};
pub use windlass_core::json::Json;
pub use windlass_core::time::Timestamp;
pub use windlass_core::{context, job, json, limits, name, queue, store, time, worker};
pub use windlass_macros::Job;

#[cfg(feature = "tokio-postgres-0_7")]
pub use adapter::tokio_postgres::PreparedEnqueue;
pub use open::{migrate, open, open_checked, without_password};
#[cfg(feature = "postgres")]
pub use schema::{InSchema, in_schema};
pub use target::{
    EnqueueBlockingOn, EnqueueExt, EnqueueOn, FinishBlockingOn, FinishExt, FinishOn, Within,
    WithinExt,
};

/// What most programs need, in one line.
pub mod prelude {
    pub use crate::{
        Client, Context, EnqueueExt, FinishExt, Job, JobError, JobId, Run, WithinExt, Worker,
    };
}
