//! One attempt on the application's runtime.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tracing::{Instrument as _, Span};

use super::panics::Caught;
use crate::context::AttemptContext;
use crate::handler::Handler;
use crate::job::JobError;
use crate::json::Json;

/// Names one attempt within this worker.
pub(super) type Key = u64;

/// How a handler's future ended.
pub(super) enum HandlerExit {
    Value(Option<Json>),
    Error(JobError),
    Panic(String),
    /// It was dropped: aborted, or the runtime went away below it.
    Dropped,
}

/// What an attempt reports to the engine.
pub(super) struct AttemptReport {
    pub(super) key: Key,
    pub(super) ran: Duration,
    pub(super) exit: HandlerExit,
    /// Whether the handler finished the job inside its own transaction.
    pub(super) finished: bool,
}

/// Sends the report in any case, also when the future is dropped half-way.
struct Report {
    key: Key,
    started: Instant,
    to: UnboundedSender<AttemptReport>,
    context: Arc<AttemptContext>,
    sent: bool,
}

impl Report {
    fn send(&mut self, exit: HandlerExit) {
        self.sent = true;
        let finished = self.context.was_finished();
        let report = AttemptReport { key: self.key, ran: self.started.elapsed(), exit, finished };
        // The receiver is gone only when the engine is, and then nobody wants the report.
        let _ = self.to.send(report);
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        if !self.sent {
            self.send(HandlerExit::Dropped);
        }
    }
}

/// Starts a handler; its end is sent to `reports`.
pub(super) fn start(
    runtime: &Handle,
    key: Key,
    handler: Arc<dyn Handler>,
    context: Arc<AttemptContext>,
    reports: UnboundedSender<AttemptReport>,
) -> AbortHandle {
    let report = Report {
        key,
        started: Instant::now(),
        to: reports,
        context: Arc::clone(&context),
        sent: false,
    };
    runtime.spawn(run(report, handler, context)).abort_handle()
}

/// The span that a handler's own events and spans are in.
fn span(context: &AttemptContext) -> Span {
    tracing::info_span!(
        "attempt",
        job = %context.job_id(),
        kind = context.kind(),
        queue = context.queue(),
        attempt = context.attempt(),
    )
}

async fn run(mut report: Report, handler: Arc<dyn Handler>, context: Arc<AttemptContext>) {
    report.started = Instant::now();
    let span = span(&context);
    let handled = async move { handler.run(context).await };
    let exit = match Caught::new(handled.instrument(span)).await {
        Ok(Ok(output)) => HandlerExit::Value(output),
        Ok(Err(error)) => HandlerExit::Error(error),
        Err(panic) => HandlerExit::Panic(panic),
    };
    report.send(exit);
}
