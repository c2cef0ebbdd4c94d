//! The job in whose handler the command runs, if it does.

use std::str::FromStr;

use windlass::{Client, JobId, Parent};

use crate::exit::Failure;

/// What the exec handler tells a program of its job.
const JOB: &str = "WINDLASS_JOB_ID";
/// The same of the root of the job's tree.
const ROOT: &str = "WINDLASS_CORRELATION_ID";
/// The same of how deep it is in its tree.
const DEPTH: &str = "WINDLASS_DEPTH";
/// Its trace context.
const TRACEPARENT: &str = "TRACEPARENT";

/// The job whose program this is.
///
/// # Errors
/// When the environment names no job: a tree that lacks a branch would be found out much later.
pub(in crate::command) fn of_program() -> Result<Option<Parent>, Failure> {
    let Some(job) = named::<JobId>(JOB)? else { return Ok(None) };
    let root = named(ROOT)?.unwrap_or(job);
    let depth = named(DEPTH)?.unwrap_or(u16::from(root != job));
    let traceparent = std::env::var(TRACEPARENT).ok().filter(|text| !text.is_empty());
    Ok(Some(Parent { job, root, traceparent, depth }))
}

/// What the client writes comes of the job whose program this is, as what a handler enqueues itself.
pub(in crate::command) fn of(client: Client, parent: Option<Parent>) -> Client {
    match parent {
        Some(parent) => client.with_parent(parent),
        None => client,
    }
}

fn named<T: FromStr<Err: std::fmt::Display>>(variable: &str) -> Result<Option<T>, Failure> {
    let Some(text) = std::env::var_os(variable).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let value = text.to_string_lossy().parse().map(Some);
    value.map_err(|error| {
        Failure::usage(format!("{variable}: {error}; unset it outside of a job's program"))
    })
}
