//! Attempts in a process of their own: the worker's side.
//!
//! The worker runs its own program once more, see `child`, and tells it the attempt, see `wire`. When that process comes to
//! `Worker::start` it runs this one attempt instead, see `attempt`, and ends. To the engine it is a handler like any other: it
//! has the attempt's timeout, is told to end, and is abandoned where it does not.

mod attempt;
mod child;
mod wire;

use std::os::unix::process::ExitStatusExt as _;
use std::panic;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::context::AttemptContext;
use crate::handler::{Handler, HandlerFuture};
use crate::job::JobError;
use crate::json::Json;
use crate::limits::{ISOLATED_KILL, ISOLATED_TERMINATE};
use crate::panics::Described;
use crate::process::signal_name;
pub use attempt::is_isolated;
pub(super) use attempt::{Isolated, isolated};
use child::{Child, ChildEnd};
use wire::{Order, Reply, ReplyEnd, Word};

/// A service manager may send SIGTERM to worker and child at once; the child's end can then be seen before the worker's own stop.
const STOP_MAY_FOLLOW: Duration = Duration::from_millis(500);

/// Runs each attempt in a child of this process.
pub(super) struct IsolatedHandler;

impl Handler for IsolatedHandler {
    fn run(&self, attempt: Arc<AttemptContext>) -> HandlerFuture {
        Box::pin(async move { run(&attempt).await })
    }
}

async fn run(attempt: &AttemptContext) -> Result<Option<Json>, JobError> {
    let order = Order::of(attempt).line().map_err(JobError::dead)?;
    let (child, ended) = Child::start(order).map_err(not_started)?;
    let end = follow(attempt, &child, ended).await.map_err(not_started)?;
    match Reply::read(&end.reply) {
        Some(reply) => take(attempt, reply),
        None => Err(unclean(attempt, end.status).await),
    }
}

/// Passes on what the attempt is told, and sees the child's end.
async fn follow(
    attempt: &AttemptContext,
    child: &Child,
    mut ended: oneshot::Receiver<std::io::Result<ChildEnd>>,
) -> std::io::Result<ChildEnd> {
    let gone = |_| Err(std::io::Error::other("the thread that waits for it has ended"));
    tokio::select! {
        end = &mut ended => return end.unwrap_or_else(gone),
        () = attempt.stopping() => child.tell(Word::Stop),
        () = attempt.cancelled() => {}
    }
    tokio::select! {
        end = &mut ended => return end.unwrap_or_else(gone),
        () = attempt.cancelled() => child.tell(Word::Cancel),
    }
    tokio::select! {
        end = &mut ended => return end.unwrap_or_else(gone),
        () = sleep(ISOLATED_TERMINATE) => child.terminate(),
    }
    tokio::select! {
        end = &mut ended => return end.unwrap_or_else(gone),
        () = sleep(ISOLATED_KILL.saturating_sub(ISOLATED_TERMINATE)) => child.kill(),
    }
    ended.await.unwrap_or_else(gone)
}

/// What the attempt in the child came to, as if it had been here.
fn take(attempt: &AttemptContext, reply: Reply) -> Result<Option<Json>, JobError> {
    if reply.finished {
        attempt.note_finished();
    }
    match reply.end {
        ReplyEnd::Value { output } => Ok(output.map(Json::stored)),
        ReplyEnd::Error { decision, message, waits } => {
            Err(JobError::decided(decision.into(), message, waits))
        }
        ReplyEnd::Panic { text } => panic::resume_unwind(Box::new(Described(text))),
    }
}

fn not_started(error: std::io::Error) -> JobError {
    JobError::retry(format_args!("the child could not be run: {error}"))
}

/// What the end of a child means that said nothing.
async fn unclean(attempt: &AttemptContext, status: ExitStatus) -> JobError {
    match (status.code(), status.signal()) {
        (Some(0), _) => JobError::retry(
            "the child ended without a result: its program did not come to the start of a worker that knows the kind, or the handler ended it",
        ),
        (Some(code), _) => JobError::retry(format_args!("the child exited with {code}")),
        (None, Some(libc::SIGTERM))
            if timeout(STOP_MAY_FOLLOW, attempt.stopping()).await.is_ok() =>
        {
            JobError::stopped()
        }
        (None, signal) => {
            let signal = signal.unwrap_or_default();
            let name = signal_name(signal);
            JobError::retry(format_args!("the child was ended by signal {signal} ({name})"))
        }
    }
}
