//! The PostgreSQL store of Windlass: every PostgreSQL statement and migration.
//!
//! PostgreSQL 13 or newer, rights on one schema, no extension; at most three connections per
//! process however many jobs run. Through a pooler in transaction mode everything works, only
//! wake-up falls back to polling.
//!
//! Other languages enqueue by `select windlass.enqueue('kind', '{"args": 1}')`.

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

pub use archive::PostgresArchive;
pub use condition::signal;
pub use connection::config::{CONNECTIONS, check_schema};
pub use connection::follow::PostgresStandby;
pub use connection::open::Migration;
pub use connection::test_schema::{TEST_SCHEMA, drop_test_schema};
pub use event::publish;
pub use job::statement;
pub use job::unique;
pub use store::PostgresStore;
