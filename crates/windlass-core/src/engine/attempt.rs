//! One attempt on the application's runtime.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::panics::Caught;
use crate::context::AttemptContext;
use crate::handler::Handler;
use crate::job_error::JobError;
use crate::json::Json;

/// Names one attempt within this worker.
pub(super) type Key = u64;

/// How a handler's future ended.
pub(super) enum End {
    Value(Option<Json>),
    Error(JobError),
    Panic(String),
    /// It was dropped: aborted, or the runtime went away below it.
    Dropped,
}

/// The report of an attempt.
pub(super) struct Ended {
    pub(super) key: Key,
    pub(super) ran: Duration,
    pub(super) end: End,
    /// Whether the handler finished the job inside its own transaction.
    pub(super) finished: bool,
}

/// Sends the report in any case, also when the future is dropped half-way.
struct Report {
    key: Key,
    started: Instant,
    to: UnboundedSender<Ended>,
    context: Arc<AttemptContext>,
    sent: bool,
}

impl Report {
    fn send(&mut self, end: End) {
        self.sent = true;
        let finished = self.context.was_finished();
        let ended = Ended { key: self.key, ran: self.started.elapsed(), end, finished };
        // The receiver is gone only when the engine is, and then nobody wants the report.
        let _ = self.to.send(ended);
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        if !self.sent {
            self.send(End::Dropped);
        }
    }
}

/// Starts a handler; its end is sent to `reports`.
pub(super) fn start(
    runtime: &Handle,
    key: Key,
    handler: Arc<dyn Handler>,
    context: Arc<AttemptContext>,
    reports: UnboundedSender<Ended>,
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

async fn run(mut report: Report, handler: Arc<dyn Handler>, context: Arc<AttemptContext>) {
    report.started = Instant::now();
    let end = match Caught::new(async move { handler.run(context).await }).await {
        Ok(Ok(output)) => End::Value(output),
        Ok(Err(error)) => End::Error(error),
        Err(panic) => End::Panic(panic),
    };
    report.send(end);
}
