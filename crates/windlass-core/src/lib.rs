//! The domain of Windlass, its store traits, its engine and its client.
//!
//! This crate knows no SQL, no HTTP and no command line. Applications depend on `windlass`,
//! which re-exports what they need.
//!
//! Reading order: [`job`] (what a job is and every verb that changes it), [`queue`], [`worker`],
//! [`maintenance`], [`schedule`], [`source`], [`step`], [`progress`], [`health`], [`alert`], [`operation`], [`stats`], [`idempotency`], [`audit`], [`store`] (their sum), [`standby`] (a copy that only reads), [`archive`] (all of it as rows), [`question`] (what people ask in SQL), [`client`], [`handler`] and [`context`] (what
//! applications write), [`engine`]. Below them all lie [`id`], [`time`], [`json`], [`name`], [`filter`],
//! [`limits`] and [`error`].

pub mod alert;
pub mod archive;
pub mod audit;
pub mod batch;
pub mod client;
pub mod condition;
pub mod context;
pub mod discard;
pub mod edit;
pub mod engine;
pub mod error;
pub mod event;
pub mod filter;
pub mod handler;
pub mod health;
pub mod id;
pub mod idempotency;
pub mod job;
pub mod json;
pub mod limit;
pub mod limits;
pub mod maintenance;
pub mod name;
pub mod operation;
mod panics;
#[cfg(unix)]
#[doc(hidden)]
pub mod process;
pub mod progress;
pub mod question;
pub mod queue;
pub mod redact;
mod reply;
pub mod schedule;
pub mod schema;
pub mod source;
pub mod standby;
pub mod stats;
pub mod step;
pub mod store;
pub mod subscription;
pub mod time;
pub mod token;
pub mod trace;
pub mod user;
pub mod wake;
pub mod worker;
