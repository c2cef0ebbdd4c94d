//! The HTTP API of Windlass: an axum router over a store, for `windlass serve` and for programs that nest it in their own.
//!
//! ```no_run
//! use windlass_http::{Access, Api};
//!
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! let store = windlass::open("sqlite:app.db").await?;
//! let windlass = Api::new(store, Access::open()).router();
//! let app: axum::Router = axum::Router::new().nest("/windlass", windlass);
//! # Ok(())
//! # }
//! ```
//!
//! Answers are JSON documents that name their schema (`"schema": "job.v1"`), the same that the command line prints with
//! `--json`. What is refused is an RFC 9457 problem with a stable code: see [`Code`].

mod access;
pub mod alert;
mod answer;
mod api;
pub mod audit;
pub mod batch;
mod check;
mod conditional;
mod ending;
pub mod error_group;
pub mod event;
mod exchange;
mod extract;
mod filter;
mod foreign;
pub mod health;
mod idempotency;
mod inside;
pub mod job;
pub mod kind;
pub mod lane;
pub mod limit;
mod limits;
mod metrics;
mod name;
pub mod operation;
mod page;
mod pages;
mod problem;
pub mod queue;
mod rate;
mod remote;
pub mod schedule;
mod schema;
mod server;
mod session;
pub mod signal;
pub mod source;
mod spec;
mod standby;
pub mod stats;
mod stores;
mod stream;
pub mod subscription;
pub mod token;
pub mod trace;
pub mod user;
mod who;
#[doc(hidden)]
pub mod words;
pub mod worker;
pub mod workflow;

pub use access::{Access, Caller, PasswordError, Proxies, Secret, hash_password};
pub use answer::Document;
pub use api::Api;
pub use inside::Inside;
pub use ipnet::IpNet;
pub use problem::{Code, Problem};
pub use rate::RequestRate;
pub use remote::lease_text;
pub use server::{Probe, Server};
pub use spec::openapi;
