//! Why a worker was not started.

use std::time::Duration;

use crate::error::{Refusal, StoreError};
use crate::handler::{Chunks, Isolation, Registered};

/// Why a worker was not started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Nothing to run.
    #[error(
        "a worker needs at least one handler: call `.handle_fn(your_function)` or `.handle::<YourJob>()`"
    )]
    NoHandlers,
    /// Two handlers for one kind.
    #[error("kind `{0}` has two handlers; a kind must name one")]
    DuplicateKind(String),
    /// A layer for a kind that no handler is for.
    #[error("a layer is for kind `{0}`, which has no handler in this worker")]
    LayerOfNoKind(String),
    /// A name that cannot be used.
    #[error(transparent)]
    Name(#[from] crate::name::NameError),
    /// A schedule that cannot be used.
    #[error("a schedule cannot be declared: {0}")]
    Schedule(#[source] Refusal),
    /// Two sources with one name.
    #[error("source `{0}` is declared twice; each needs a name of its own")]
    DuplicateSource(String),
    /// A limit that makes no sense.
    #[error(transparent)]
    Limit(#[from] Refusal),
    /// A limit of zero.
    #[error("{0} must be at least 1")]
    Zero(&'static str),
    /// Not inside a Tokio runtime.
    #[error("a worker must be started inside a Tokio runtime: its handlers run there")]
    NoRuntime,
    /// The engine's thread could not be made.
    #[error("the engine's thread could not be started: {0}")]
    Thread(String),
    /// This process is the child of a worker, made for one attempt, and was not told which.
    #[error("the attempt that this process is for cannot be read: {0}")]
    Isolated(#[source] std::io::Error),
    /// More jobs in one call than the worker runs at once.
    #[error(
        "kind `{kind}` takes {most} jobs at a time, and {slots} are run at once: give it more slots or smaller chunks"
    )]
    ChunkSlots {
        /// The kind.
        kind: String,
        /// How many it takes.
        most: usize,
        /// How many may run.
        slots: usize,
    },
    /// A wait for more jobs that no attempt survives.
    #[error(
        "kind `{kind}` waits {within:?} for more jobs, and its attempts end after {timeout:?}: wait shorter"
    )]
    ChunkWait {
        /// The kind.
        kind: String,
        /// How long the first job waits.
        within: Duration,
        /// How long an attempt may take.
        timeout: Duration,
    },
    /// Jobs taken many at a time that want a process each.
    #[error(
        "kind `{0}` takes many jobs at a time, and wants a process for each: it can have one of both"
    )]
    IsolatedChunks(String),
    /// Attempts in processes of their own, in a worker of several stores: such a process would not know which of them its attempt
    /// is from.
    #[error(
        "kind `{0}` wants a process for each attempt, which a worker of several stores does not give: start a worker for one store"
    )]
    IsolatedStores(String),
    /// Attempts in processes of their own, on a system that is not Unix.
    #[error("kind `{0}` wants a process for each attempt, which there is on Unix only")]
    NoProcesses(String),
    /// The database cannot serve a worker, and no waiting will change that: too few connections,
    /// a replica, another schema, missing rights.
    #[error("{0}")]
    Store(#[source] StoreError),
}

/// Whether jobs of a kind can be taken many at a time as it says.
pub(super) fn check_chunks(registered: &Registered) -> Result<(), StartError> {
    let Some(Chunks { most, within }) = registered.chunks else { return Ok(()) };
    let (kind, policy) = (registered.kind.clone(), &registered.policy);
    if most == 0 {
        return Err(StartError::Zero("the size of a chunk"));
    }
    if within >= policy.timeout {
        return Err(StartError::ChunkWait { kind, within, timeout: policy.timeout });
    }
    if policy.isolation == Isolation::Process {
        return Err(StartError::IsolatedChunks(kind));
    }
    Ok(())
}
