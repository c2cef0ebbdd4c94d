//! The PostgreSQL store of Windlass: every PostgreSQL statement and migration.
//!
//! PostgreSQL 13 or newer, rights on one schema, no extension; at most three connections per
//! process however many jobs run. Through a pooler in transaction mode everything works, only
//! wake-up falls back to polling.
//!
//! Other languages enqueue by `select windlass.enqueue('kind', '{"args": 1}')`.

mod cancel;
mod claim;
mod coalesce;
mod columns;
mod complete;
mod config;
mod connect;
mod enqueue;
mod error;
mod floor;
mod io;
mod lane;
mod migrate;
mod move_jobs;
mod open;
mod queues;
mod read;
mod retry;
mod row;
mod settle;
mod settled_before;
pub mod statement;
mod store;
mod sweep;
mod tidy;
#[cfg(feature = "tls")]
mod tls;
mod watch;
mod workers;

pub use config::{CONNECTIONS, check_schema};
pub use open::Migration;
pub use store::PostgresStore;
