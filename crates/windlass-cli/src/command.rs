//! One file per command: its arguments and what it does.

pub(crate) mod batch;
pub(crate) mod bench;
pub(crate) mod completions;
pub(crate) mod condition;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod enqueue;
pub(crate) mod event;
pub(crate) mod explain;
pub(crate) mod job;
pub(crate) mod kind;
mod known;
pub(crate) mod lane;
pub(crate) mod limit;
pub(crate) mod migrate;
pub(crate) mod publish;
pub(crate) mod queue;
pub(crate) mod schedule;
pub(crate) mod signal;
pub(crate) mod source;
pub(crate) mod status;
pub(crate) mod subscription;
pub(crate) mod work;
pub(crate) mod worker;
pub(crate) mod workflow;
