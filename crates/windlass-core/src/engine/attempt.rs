//! One attempt on the application's runtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tracing::{Instrument as _, Span};

use super::liveness::LeaseEnd;
use crate::context::{self, AttemptContext, Signals};
use crate::handler::{Handler, attempted};
use crate::job::{JobError, Traceparent};
use crate::json::Json;
use crate::panics::Caught;

/// Names one attempt within this worker.
pub(super) type Key = u64;

/// How a handler's future ended.
pub(super) enum HandlerExit {
    Value(Option<Json>),
    Error(JobError),
    Panic(String),
    /// It did not begin: it was told to end, had expired, or the lease was over, before its turn came.
    NotStarted,
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
    began: Arc<AtomicBool>,
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
            let began = self.began.load(Ordering::Acquire);
            self.send(if began { HandlerExit::Dropped } else { HandlerExit::NotStarted });
        }
    }
}

/// An attempt that is to begin.
pub(super) struct Begin {
    pub(super) key: Key,
    pub(super) handler: Arc<dyn Handler>,
    pub(super) context: Arc<AttemptContext>,
    pub(super) lease_end: LeaseEnd,
    /// When the job expires, where it does.
    pub(super) start_by: Option<Instant>,
    /// Set when the handler begins.
    pub(super) began: Arc<AtomicBool>,
}

/// Starts a handler; its end is sent to `reports`.
pub(super) fn start(
    runtime: &Handle,
    begin: Begin,
    reports: UnboundedSender<AttemptReport>,
) -> AbortHandle {
    let report = Report {
        key: begin.key,
        started: Instant::now(),
        to: reports,
        context: Arc::clone(&begin.context),
        began: begin.began.clone(),
        sent: false,
    };
    runtime.spawn(run(report, begin)).abort_handle()
}

/// The span that a handler's own events and spans are in. It names the trace that the enqueuer was in, so that a layer of the
/// program's can link the two.
pub(super) fn span(context: &Arc<AttemptContext>) -> Span {
    let trace = context.traceparent().and_then(Traceparent::read);
    context::in_new_span(context, || {
        tracing::info_span!(
            "attempt",
            job = %context.job_id(),
            kind = context.kind(),
            queue = context.queue(),
            attempt = context.attempt(),
            trace_id = trace.map(|trace| trace.trace_id),
            parent_span_id = trace.map(|trace| trace.span_id),
        )
    })
}

async fn run(mut report: Report, begin: Begin) {
    let Begin { handler, context, lease_end, start_by, .. } = begin;
    report.started = Instant::now();
    // The process may have been stopped, or the runtime busy, since the engine decided to start this.
    let is_late = start_by.is_some_and(|at| at <= report.started);
    if is_late || !may_begin(context.signals(), &lease_end, report.started) {
        return report.send(HandlerExit::NotStarted);
    }
    report.began.store(true, Ordering::Release);
    report.send(handle(handler, context).await);
}

/// Runs the handler in its span.
pub(super) async fn handle(handler: Arc<dyn Handler>, context: Arc<AttemptContext>) -> HandlerExit {
    let span = span(&context);
    let handled = async move { attempted(&*handler, context).await };
    match Caught::new(handled.instrument(span)).await {
        Ok(Ok(output)) => HandlerExit::Value(output),
        Ok(Err(error)) => HandlerExit::Error(error),
        Err(panic) => HandlerExit::Panic(panic),
    }
}

/// Whether a handler may begin now.
fn may_begin(signals: &Signals, lease_end: &LeaseEnd, now: Instant) -> bool {
    !signals.cancelled.is_cancelled() && lease_end.holds(now)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// C2: a process that is stopped between the engine's decision and the handler's first step does not
    /// begin under a lease that ended meanwhile.
    #[test]
    fn nothing_begins_under_a_lease_that_is_over() {
        let (now, signals) = (Instant::now(), Signals::default());
        let lease_end = LeaseEnd::at(now);
        assert!(!may_begin(&signals, &lease_end, now));
        assert!(may_begin(&signals, &lease_end, now - Duration::from_millis(1)));
        signals.cancelled.cancel();
        assert!(!may_begin(&signals, &lease_end, now - Duration::from_millis(1)));
    }
}
