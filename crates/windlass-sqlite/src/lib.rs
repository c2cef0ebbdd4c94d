//! The SQLite store of Windlass: every SQLite statement and migration.
//!
//! One writer thread shares each commit among the callers that wait; readers have threads of their own;
//! a watcher notices commits of other processes. `synchronous=FULL` is the default: what was
//! acknowledged survives a power cut.
//!
//! Other languages enqueue by `insert into windlass_enqueue (kind, args) values (…)`.

mod alert;
mod archive;
mod audit;
mod batch;
mod condition;
mod connection;
mod edit;
mod error;
mod event;
mod health;
mod idempotency;
mod job;
mod lease;
mod limit;
mod maintenance;
mod operation;
mod progress;
pub mod question;
mod queue;
mod row;
mod schedule;
mod source;
mod stats;
mod step;
mod store;
mod subscription;
mod token;
mod user;
mod worker;

pub use archive::SqliteArchive;
pub use condition::signal;
pub use connection::connect::Durability;
pub use connection::open::{History, Migration, Options};
pub use connection::thread::wait_closed;
pub use event::publish;
pub use job::enqueue::{Binds, INSERT, enqueue_all};
pub use job::lane_rules;
pub use job::settle::finish_in_transaction;
pub use job::statement;
pub use job::unique;
pub use queue::bound::check_room;
pub use store::SqliteStore;
