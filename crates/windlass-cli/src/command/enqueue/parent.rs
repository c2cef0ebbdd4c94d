//! The job in whose handler the command runs, if it does.

use std::str::FromStr;

use windlass::{JobId, NewJob};

use crate::exit::Failure;

/// What the exec handler tells a program of its job.
const JOB: &str = "WINDLASS_JOB_ID";
/// The same of the root of the job's tree.
const ROOT: &str = "WINDLASS_CORRELATION_ID";

/// Makes a job the child of the one whose program this is, as a handler's own `enqueue` does.
///
/// # Errors
/// When the environment name no job: a tree that lacks a branch would be found out much later.
pub(super) fn inherit(job: &mut NewJob) -> Result<(), Failure> {
    if let Some(Parent { id, root }) = Parent::of_program()? {
        (job.parent, job.root) = (Some(id), Some(root));
    }
    Ok(())
}

/// The job whose program this is.
#[derive(Debug, Clone, Copy)]
pub(in crate::command) struct Parent {
    pub(in crate::command) id: JobId,
    pub(in crate::command) root: JobId,
}

impl Parent {
    /// # Errors
    /// When the environment names no job.
    pub(in crate::command) fn of_program() -> Result<Option<Self>, Failure> {
        let Some(id) = named(JOB)? else { return Ok(None) };
        Ok(Some(Self { id, root: named(ROOT)?.unwrap_or(id) }))
    }
}

fn named(variable: &str) -> Result<Option<JobId>, Failure> {
    let Some(text) = std::env::var_os(variable).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let id = JobId::from_str(&text.to_string_lossy()).map(Some);
    id.map_err(|error| {
        Failure::usage(format!("{variable}: {error}; unset it outside of a job's program"))
    })
}
