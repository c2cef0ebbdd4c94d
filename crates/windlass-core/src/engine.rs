//! The engine: one loop, on a thread of its own, that turns claims into running handlers and
//! their ends into settlements.
//!
//! The loop never runs a handler: handlers run on the application's runtime, so one that blocks
//! a thread can delay neither a heartbeat nor another job's settlement. Decisions are made in
//! plain structs without I/O, and the loop only carries their words to the store:
//!
//! - `fetch`: what to claim and when; `dispatch`: which claimed job starts next
//! - `attempts`: what runs and when it must end; `verdict`: what its end means for the job
//! - `pending`: settlements that are not written yet; `accounts`: when the progress of running attempts is written
//! - `liveness`: heartbeats, and the lease by this process's own clock
//! - `maintenance`, `sweep_interval`: when to sweep and tidy
//! - `feeding`: when to feed the subscriptions
//! - `declarations`: when to say which schedules this program declares
//! - `beside`: timers and reports of failures, which no job waits for
//! - `health`: which calls fail, and when to try each again; `phase`: working, quiet, stopping
//!
//! `isolation` runs an attempt in a child of this process, as a handler.
//!
//! `inline` runs single jobs by the same verdicts, without the loop.
//!
//! `state` holds them, `steps` asks them, `call` is the only file that waits for the store,
//! `answers` hands its answers back, and `run` is the loop around it.

mod accounts;
mod answers;
mod attempt;
mod attempts;
mod beside;
mod call;
mod declarations;
mod dispatch;
mod events;
mod failure;
mod feeding;
mod fetch;
mod handle;
mod health;
mod inline;
#[cfg(unix)]
mod isolation;
mod label;
mod last_words;
mod liveness;
mod maintenance;
mod options;
mod pending;
mod phase;
mod run;
mod settle;
mod sourcing;
mod start_error;
mod state;
mod stats;
mod steps;
mod sweep_interval;
mod verdict;
mod worker;

#[cfg(test)]
pub(crate) use dispatch::claimed;
pub use events::Event;
pub use failure::{AfterFailure, Failure, FailureCause};
pub use handle::{RunningWorker, StopReport};
pub use health::Health;
pub use inline::{InlineWorker, Ran};
#[cfg(unix)]
pub use isolation::is_isolated;
pub use options::Options;
pub use start_error::StartError;
pub use stats::Stats;
pub(crate) use verdict::outcome_of;
pub use verdict::{verdict_of, verdict_of_timeout};
pub use worker::Worker;
