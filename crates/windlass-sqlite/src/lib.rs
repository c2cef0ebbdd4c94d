//! The SQLite store of Windlass: every SQLite statement and migration.
//!
//! One writer thread shares each commit among whoever waits; readers have threads of their own;
//! a watcher notices commits of other processes. `synchronous=FULL` is the default: what was
//! acknowledged survives a power cut.
//!
//! Other languages enqueue by `insert into windlass_enqueue (kind, args) values (…)`.

mod alive;
mod cancel;
mod claim;
mod complete;
mod connect;
#[cfg(test)]
mod cost;
mod count;
mod enqueue;
mod error;
mod finish;
mod migrate;
mod move_jobs;
mod open;
mod queues;
mod read;
mod reader;
mod retry;
mod row;
mod settle;
pub mod statement;
mod store;
mod sweep;
mod tidy;
mod watch;
mod workers;
mod writer;

pub use connect::Durability;
pub use enqueue::{Binds, INSERT, enqueue};
pub use open::{History, Migration, Options};
pub use settle::finish_in_transaction;
pub use store::SqliteStore;
