//! The commands that enqueue, look and repair, run as a person or a script runs them.

mod alert;
#[macro_use]
mod archive;
mod batch;
mod bulk;
mod bundle;
mod clock;
mod condition;
mod declared;
mod discard;
mod enqueue;
mod error;
mod event;
mod explain;
mod export;
mod fixture;
mod health;
mod help;
mod job;
mod key;
mod limit;
mod move_store;
mod op;
mod places;
mod queue;
mod redact;
mod schedule;
mod sql;
mod stats;
mod subscription;
mod top;
mod user;
mod worker;
